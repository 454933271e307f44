import assert from "node:assert/strict";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import { ANNA, BERT, calls, EngineScene } from "./engine-scene.ts";

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
});
