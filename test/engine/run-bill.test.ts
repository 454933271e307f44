import assert from "node:assert/strict";
import type {
  StoredBatch,
  StoredInvoice,
  StoredInvoiceLeaf,
} from "../../node/engine/stored-types.ts";
import { calls, EngineScene, hasCode, INVOICES } from "./engine-scene.ts";

const OCTOBER = "2026-10";

/** October's charges of Anna and Bert, committed; the clock stands in November. */
async function closedOctober(): Promise<EngineScene> {
  const scene = await EngineScene.withAccounts();
  await scene.ingest("anna", calls("a", 3));
  await scene.ingest("bert", calls("b", 2, { aParty: "+4915100000002" }));
  await scene.commit();
  scene.at("2026-11-01T06:00:00Z");
  return scene;
}

describe("the bill run", () => {
  it("bills each account's charges of the month once", async () => {
    const scene = await closedOctober();
    const run = await scene.pipeline.bill(OCTOBER);
    assert.deepEqual(run, {
      epoch: OCTOBER,
      invoices: 2,
      totalNano: 500_000_000n,
      already: false,
    });
    assert.equal((await scene.pipeline.invoice("anna", OCTOBER))?.chargesNano, "300000000");
    await scene.commit();
    await scene.assertConsistent();
    const stored = await scene.values<StoredInvoice>("invoice/");
    assert.deepEqual(await scene.pipeline.bill(OCTOBER), { ...run, already: true });
    await scene.commit();
    assert.deepEqual(await scene.values<StoredInvoice>("invoice/"), stored);
    const batches = await scene.values<StoredBatch>(`batch/${INVOICES}/`);
    assert.deepEqual(
      batches.map(({ value }) => value.count),
      [0, 2, 0],
    );
  });

  it("refuses a period that is still open, to the second", async () => {
    const scene = await EngineScene.withAccounts();
    await scene.commit();
    scene.at("2026-10-31T23:59:59Z");
    await assert.rejects(scene.pipeline.bill(OCTOBER), hasCode("bill.period-open"));
    scene.at("2026-11-01T00:00:00Z");
    assert.equal((await scene.pipeline.bill(OCTOBER)).invoices, 0);
  });

  it("refuses while charges wait for their batch, or their batch for the ledger", async () => {
    const scene = await EngineScene.withAccounts();
    await scene.ingest("anna", calls("a", 3));
    scene.at("2026-11-01T06:00:00Z");
    await assert.rejects(scene.pipeline.bill(OCTOBER), hasCode("bill.charges-pending"));
    await scene.pipeline.seal();
    await scene.pipeline.seal();
    await assert.rejects(scene.pipeline.bill(OCTOBER), hasCode("bill.charges-pending"));
    await scene.settle();
    await scene.pipeline.noteFinal();
    // An empty batch on its way holds nothing up.
    await scene.pipeline.seal();
    assert.equal((await scene.pipeline.bill(OCTOBER)).invoices, 1);
  });

  it("refuses to pass over a month that has charges: it would never be billed", async () => {
    const scene = await closedOctober();
    await scene.ingest("november", calls("n", 1, { start: "2026-11-01T01:00:00.000Z" }));
    await scene.commit();
    scene.at("2026-12-01T06:00:00Z");
    const skipping = scene.pipeline.bill("2026-11");
    await assert.rejects(skipping, hasCode("bill.earlier-period-open"));
    await scene.pipeline.bill(OCTOBER);
    assert.equal((await scene.pipeline.bill("2026-11")).invoices, 1);
  });

  it("appends the invoices' leaves in strictly increasing order", async () => {
    const scene = await EngineScene.open();
    const numbers = Array.from({ length: 12 }, (_, at) => `+4915200000${100 + at}`);
    await scene.pipeline.putAccounts(
      numbers.map((id, at) => ({ id: `account-${at}`, label: "One", devices: [{ id }] })),
    );
    for (const aParty of numbers) await scene.ingest(aParty, calls(aParty, 1, { aParty }));
    await scene.commit();
    scene.at("2026-11-01T06:00:00Z");
    await scene.pipeline.bill(OCTOBER);
    const leaves = await scene.values<StoredInvoiceLeaf>(`rows/${INVOICES}/`);
    const orderKeys = leaves.map(({ value }) => value.orderKey);
    assert.equal(orderKeys.length, 12);
    assert.deepEqual(orderKeys, [...new Set(orderKeys)].sort());
  });

  it("sends a late record to the next month's bill", async () => {
    const scene = await closedOctober();
    await scene.pipeline.bill(OCTOBER);
    const late = calls("late", 1, { start: "2026-10-20T10:00:00.000Z" });
    await scene.ingest("late", late);
    await scene.commit();
    assert.equal((await scene.pipeline.invoice("anna", OCTOBER))?.chargesNano, "300000000");
    const charges = await scene.charges();
    assert.equal(charges.find(({ recordId }) => recordId === "late-0")?.epoch, "2026-11");
    scene.at("2026-12-01T06:00:00Z");
    const next = await scene.pipeline.bill("2026-11");
    assert.deepEqual([next.invoices, next.totalNano], [1, 100_000_000n]);
  });

  it("is there whole or not at all after a crash", async () => {
    for (const fault of ["failedAndLost", "failedButStored"] as const) {
      const scene = await closedOctober();
      scene.store.failNextWrites(fault);
      await assert.rejects(scene.pipeline.bill(OCTOBER), hasCode("store.write-failed"));
      scene.crash();
      await scene.reopen();
      const run = await scene.pipeline.bill(OCTOBER);
      assert.deepEqual([run.invoices, run.already], [2, fault === "failedButStored"]);
      await scene.commit();
      await scene.assertConsistent();
    }
  });
});
