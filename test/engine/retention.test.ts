import assert from "node:assert/strict";
import { mock } from "node:test";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { checkStore } from "../../node/engine/check/check-store.ts";
import { EvidenceBuilder } from "../../node/engine/evidence/build-evidence.ts";
import { SubscriberCounters } from "../../node/engine/number/subscriber-counters.ts";
import { readRetention } from "../../node/engine/retention/retention-state.ts";
import { encodeBytes, readBytes } from "../../node/engine/store/stored-bytes.ts";
import { encodeJson } from "../../node/engine/store/stored-json.ts";
import { FusedStore } from "../simulation/fused-store.ts";
import { CHARGES, type EngineScene, hasCode, INVOICES } from "./engine-scene.ts";
import {
  callsOn,
  contentsOf,
  eraseAll,
  keysUnder,
  longAfter,
  RETAINED,
  twoMonths,
} from "./retention-scene.ts";

/** The same store again, as a node finds it that was stopped. */
async function again(scene: EngineScene, stored: ReadonlyMap<string, Uint8Array>): Promise<void> {
  scene.store = new MemoryStore(stored);
  await scene.reopen();
}

describe("retention", () => {
  /** Long after both bills: October may go. */
  let shared: EngineScene;
  let stored: Map<string, Uint8Array>;
  before(async () => {
    shared = await twoMonths();
    await longAfter(shared);
    stored = await contentsOf(shared);
  });

  it("erases a month once its bill can not be challenged any more, and not before", async () => {
    const scene = await twoMonths();
    const before = await contentsOf(scene);
    const early = await scene.pipeline.retention.plan();
    assert.deepEqual(
      early.months.map(({ epoch, state }) => `${epoch} ${state}`),
      ["2026-10 kept", "2026-11 kept"],
    );
    assert.equal((early.months[0]?.overAt ?? 0n) - (early.months[0]?.finalAt ?? 0n), RETAINED);
    assert.deepEqual(await eraseAll(scene), { done: true, entriesDropped: 0 });
    // The clock alone is not enough: the ledger's windows count its own time.
    scene.at("2027-01-05T00:00:00Z");
    assert.equal((await scene.pipeline.retention.plan()).months[0]?.because, "windows-open");
    assert.deepEqual(await contentsOf(scene), before);
    await longAfter(scene);
    const late = await contentsOf(scene);
    const plan = await scene.pipeline.retention.plan();
    assert.deepEqual([plan.mayGo, plan.months[1]?.state], ["2026-10", "kept"]);
    assert.deepEqual(await contentsOf(scene), late, "a plan changes nothing");
    const forgetting = mock.method(SubscriberCounters.prototype, "forgetEpochs");
    const { over, entriesDropped } = await eraseAll(scene);
    // Whoever takes files in keeps none of the keys either.
    const [isOver] = forgetting.mock.calls.at(-1)?.arguments ?? [];
    forgetting.mock.restore();
    assert.deepEqual(
      ["2026-10", "2026-11"].map((epoch) => isOver?.(epoch)),
      [true, false],
    );
    // All of October but two charges that share a batch with November's.
    assert.deepEqual([over, entriesDropped], ["2026-10", 80]);
    await scene.assertConsistent();
    assert.deepEqual(await keysUnder(scene, `epoch/anna/2026-10/${CHARGES}`), []);
    assert.deepEqual(await keysUnder(scene, "owned/anna/2026-10/"), []);
    assert.equal((await scene.values<object>("kept/anna/2026-10/")).length, 1);
    assert.ok(!JSON.stringify(await scene.values("kept/")).includes("epochKey"));
    await assert.rejects(
      scene.pipeline.evidence("anna", "2026-10"),
      hasCode("evidence.retention-over"),
    );
    assert.ok((await scene.pipeline.invoice("anna", "2026-10")) !== undefined, "invoices stay");
    assert.equal((await scene.pipeline.status()).totalsBalance, true);
  });

  it("leaves November's evidence as it was, and takes it in its turn", async () => {
    const scene = await twoMonths();
    const whole = await scene.pipeline.evidence("bert", "2026-11");
    await longAfter(scene);
    await eraseAll(scene);
    const after = await scene.pipeline.evidence("bert", "2026-11");
    assert.deepEqual({ ...after, createdAt: "" }, { ...whole, createdAt: "" });
    await longAfter(scene, "2027-03-01T00:00:00Z");
    const { over, entriesDropped } = await eraseAll(scene);
    assert.deepEqual([over, entriesDropped], ["2026-11", 90]);
    assert.deepEqual(await keysUnder(scene, `rows/${CHARGES}/`), []);
    // A record of November could have come until the middle of January.
    assert.equal((await keysUnder(scene, "month-key/")).length, 2);
    assert.ok((await keysUnder(scene, `rows/${INVOICES}/`)).length > 0);
    const { retired, problems } = await checkStore(scene.store, scene.ledger);
    assert.deepEqual([retired, problems], [90, []]);
    // Books, numbers and totals go on.
    await scene.ingest("new", callsOn("2027-02-25", "new", 3));
    await scene.commit();
    await scene.assertConsistent();
    assert.equal((await scene.pipeline.evidence("anna", "2027-02")).charges.length, 3);
    scene.at("2027-03-02T00:00:00Z");
    for (const epoch of ["2026-12", "2027-01", "2027-02"]) await scene.pipeline.bill(epoch);
    await scene.commit();
    await scene.pipeline.retention.step();
    await longAfter(scene, "2027-06-01T00:00:00Z");
    assert.equal((await eraseAll(scene)).over, "2027-02");
    const [key, more] = await keysUnder(scene, "month-key/");
    assert.deepEqual([key?.endsWith("/2027-02"), more], [true, undefined]);
    await scene.assertConsistent();
  });

  it("ends what it began wherever it dies, and says meanwhile that the month is over", async () => {
    const scene = shared;
    await again(scene, stored);
    await eraseAll(scene);
    const wanted = await contentsOf(scene);
    for (const [at, calls] of [2, 6, 10, 14, 18, 24, 30].entries()) {
      await again(scene, stored);
      const fuse = new FusedStore(scene.store);
      await scene.reopen(fuse);
      fuse.dieAfter(calls, at % 2 === 0);
      await eraseAll(scene).catch(() => {});
      scene.crash();
      await scene.reopen();
      await scene.assertConsistent();
      const { over } = await readRetention(scene.store);
      const shown = scene.pipeline.evidence("anna", "2026-10");
      if (over === undefined) assert.equal((await shown).charges.length, 73);
      else await assert.rejects(shown, hasCode("evidence.retention-over"));
      await eraseAll(scene);
      assert.deepEqual(await contentsOf(scene), wanted, `died at ${calls}`);
    }
  });

  it("gives no evidence of a month that is erased while it is put together, and all of a later one", async () => {
    const scene = shared;
    const isOver = hasCode("evidence.retention-over");
    await again(scene, stored);
    const builder = () => new EvidenceBuilder(scene.context, scene.tariffs, {} as never);
    const begun = await builder().open("anna", "2026-10");
    const october = await builder().open("anna", "2026-10");
    const november = await builder().open("bert", "2026-11");
    const { retention } = scene.pipeline;
    // Keys go before rows do: a line without its key would be left out.
    assert.equal((await retention.step()).over, "2026-10");
    await retention.step();
    assert.deepEqual(await keysUnder(scene, `epoch/anna/2026-10/${CHARGES}`), []);
    await assert.rejects(begun.charges().next(), isOver);
    await eraseAll(scene);
    await assert.rejects(october.charges().next(), isOver);
    assert.equal((await november.charges().next()).value?.length, 3);
    await again(scene, stored);
    const { store } = scene.context;
    const getMany = store.getMany.bind(store);
    const reading = mock.method(store, "getMany", async (keys: string[]) => {
      reading.mock.restore();
      await eraseAll(scene);
      return getMany(keys);
    });
    await assert.rejects(builder().build("anna", "2026-10"), isOver);
    assert.equal(reading.mock.callCount(), 1);
    await assert.rejects(builder().build("nobody", "2026-11"), hasCode("evidence.nothing"));
  });

  it("dates the receipts of a billed month with its invoice, so that they do not keep it open", async () => {
    const scene = shared;
    await again(scene, stored);
    const { months } = await scene.pipeline.retention.plan();
    const builder = new EvidenceBuilder(scene.context, scene.tariffs, {} as never, async () => ({
      signer: "0x",
      signature: "0x",
    }));
    const { receipt } = await builder.build("anna", "2026-11");
    assert.equal(receipt?.issuedAt, months[1]?.finalAt?.toString());
  });

  it("keeps a month while a claim about one of its charges is open, and those after it", async () => {
    const scene = shared;
    await again(scene, stored);
    scene.at("2027-03-01T00:00:00Z");
    const claim = { domain: CHARGES, sequence: "1", leafIndex: 0 };
    await scene.store.write([
      { type: "put", key: "claim/0x01", value: encodeJson(claim) },
      { type: "put", key: "claim-open/0x01", value: encodeJson("0x01") },
    ]);
    const { months, mayGo } = await scene.pipeline.retention.plan();
    assert.deepEqual(
      [months[0]?.because, months[1]?.because, mayGo],
      ["claim-open", "earlier-month-kept", undefined],
    );
  });

  it("has a check that still finds damage in what is left of a month", async () => {
    const scene = shared;
    await again(scene, stored);
    await eraseAll(scene);
    const contents = await contentsOf(scene);
    const levels = [...contents.keys()].find((key) => key.startsWith(`levels/${CHARGES}/`)) ?? "";
    const bytes = Uint8Array.from(readBytes(levels, contents.get(levels) as Uint8Array));
    assert.ok(bytes.length > 0);
    bytes[5] = (bytes[5] as number) ^ 1;
    const changed = new Map(contents).set(levels, encodeBytes(bytes));
    const { problems } = await checkStore(new MemoryStore(changed), scene.ledger);
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["fsck.levels"],
    );
    const without = new Map(contents);
    without.delete([...contents.keys()].find((key) => key.startsWith(`batch/${CHARGES}/`)) ?? "");
    const codes = (await checkStore(new MemoryStore(without))).problems.map(({ code }) => code);
    assert.ok(codes.includes("fsck.batch-missing"));
  });
});
