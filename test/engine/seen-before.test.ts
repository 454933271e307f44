import assert from "node:assert/strict";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import { Fingerprint } from "../../node/engine/intake/fingerprint.ts";
import { ANNA, BERT, call, calls, EngineScene, STRANGER } from "./engine-scene.ts";

/** Enough to be dealt over blocks, so that neighbours in the file lie in different ones. */
const RECORDS = 5_000;
/** Neighbours of the second file lie as far apart in the first one. */
const STRIDE = 1_237;

describe("records that came before in another file", () => {
  it("are told by blocks that are read once each, not by one for each record", async () => {
    const scene = await EngineScene.withAccounts();
    const records = calls("again", RECORDS).map((record, at) => ({
      ...record,
      aParty: at % 2 === 0 ? ANNA : BERT,
    }));
    await scene.ingest("first", records);
    const apart = records.map((_, at) => records[(at * STRIDE) % RECORDS] as UsageRecord);
    let scans = 0;
    const { store } = scene;
    const scan = store.scan.bind(store);
    store.scan = (range) => {
      scans++;
      return scan(range);
    };
    const { classes } = await scene.ingest("the same in another file", apart);
    assert.equal(classes.duplicate.records, RECORDS);
    assert.ok(scans < 100, `${scans} scans`);
    await scene.assertConsistent();
  });

  it("are told by their ids where all have one fingerprint, and no other record is taken for one", async () => {
    const { fingerprint } = Fingerprint.prototype;
    Fingerprint.prototype.fingerprint = function (): void {
      this.high = 7;
      this.low = 7;
    };
    try {
      const scene = await EngineScene.withAccounts();
      const waits = call("waits", { aParty: STRANGER });
      const first = await scene.ingest("first", [...calls("a", 3), waits, ...calls("a", 1)]);
      const charged = (file: typeof first) => [
        file.classes.charged.records,
        file.classes.suspended.records,
        file.classes.duplicate.records,
      ];
      assert.deepEqual(charged(first), [3, 1, 1]);
      const late = call("late", { start: "2026-10-05T07:00:00.000Z" });
      const second = await scene.ingest("second", [late, waits, ...calls("a", 3)]);
      assert.deepEqual(charged(second), [1, 0, 4]);
      assert.deepEqual(
        second.duplicates?.map(({ record, first: { file } }) => [record, file]),
        ["waits", "a-0", "a-1", "a-2"].map((record) => [record, "first"]),
      );
    } finally {
      Fingerprint.prototype.fingerprint = fingerprint;
    }
  });
});
