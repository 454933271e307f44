import assert from "node:assert/strict";
import fc from "fast-check";
import { fromHex, toHex } from "../../node/core/bytes.ts";
import { CREDIT_REASON } from "../../node/core/commitment/charge-groups.ts";
import { readInvoiceDocument } from "../../node/core/invoice/invoice-document.ts";
import { InvoiceLeaves } from "../../node/engine/bill/find-invoice-leaf.ts";
import { stepBill } from "../../node/engine/bill/run-bill.ts";
import { RowsCache } from "../../node/engine/evidence/rows-cache.ts";
import { noParty } from "../../node/engine/number/no-party.ts";
import { numberCharge } from "../../node/engine/number/number-charge.ts";
import { below, keys } from "../../node/engine/store/key-spaces.ts";
import type { Store, StoreEntry } from "../../node/engine/store/store.ts";
import { StoreSession } from "../../node/engine/store/store-session.ts";
import type {
  EpochState,
  StoredBatch,
  StoredInvoice,
  StoredInvoiceLeaf,
} from "../../node/engine/store/stored-types.ts";
import { FusedStore } from "../simulation/fused-store.ts";
import { CHARGES, CREDITS, call, calls, EngineScene, hasCode, INVOICES } from "./engine-scene.ts";
import { plainBill } from "./plain-bill.ts";

const OCTOBER = "2026-10";
const NUMBERS = Array.from({ length: 7 }, (_, at) => `+491520000010${at}`);

/** Accounts whose keys sort in another way than they were made, in units of few charges. */
async function sceneOfMany(): Promise<EngineScene> {
  const scene = await EngineScene.open({ billUnitCharges: 5, batchChargesMax: 9 });
  const names = ["a", "a-b", "a.b", "B", "z_", "0", "a0"];
  await scene.pipeline.putAccounts(
    NUMBERS.map((id, at) => ({ id: names[at] as string, label: "One", devices: [{ id }] })),
  );
  return scene;
}

/** @param before rows of the invoice book that other runs appended */
async function assertBilled(
  scene: EngineScene,
  epoch: string,
  plain: { invoices: StoredInvoice[]; leaves: StoredInvoiceLeaf[] },
  before: number,
): Promise<void> {
  const invoices = await scene.invoices();
  const byKey = (a: StoredInvoice, b: StoredInvoice) => (a.number < b.number ? -1 : 1);
  assert.deepEqual(invoices.filter((one) => one.epoch === epoch).sort(byKey), plain.invoices);
  assert.deepEqual((await scene.invoiceLeaves()).slice(before), plain.leaves);
  for (const invoice of plain.invoices) {
    const at = plain.leaves.findIndex(({ account }) => account === invoice.account);
    assert.equal(await leafOf(scene.store, invoice), before + at + 1);
  }
}

async function blocksOf(scene: EngineScene): Promise<StoreEntry[]> {
  const blocks: StoreEntry[] = [];
  for await (const entry of scene.store.scan(below(`rows/${CHARGES}/`))) blocks.push(entry);
  return blocks;
}

/** A credit of three cents on Anna's first charge. */
async function creditAnna(scene: EngineScene): Promise<void> {
  const session = new StoreSession(scene.store);
  await numberCharge(session, scene.context, CREDITS, {
    recordId: "claim:1",
    revision: 0,
    account: "anna",
    epoch: OCTOBER,
    device: "+4915100000001",
    amountNano: 30_000_000n,
    startMilliseconds: Date.parse("2026-10-30T12:00:00Z"),
    party: noParty,
    third: {
      kind: "credit",
      group: {
        targetDomain: fromHex(CHARGES, 20),
        targetSequence: 1n,
        targetIndex: 0,
        reason: CREDIT_REASON.goodwill,
        claim: new Uint8Array(32),
      },
    },
  });
  await session.commit();
}

/** October's charges of Anna and Bert, committed; the clock stands in November. */
async function closedOctober(): Promise<EngineScene> {
  const scene = await EngineScene.withAccounts({ billUnitCharges: 2 });
  await scene.ingest("anna", calls("a", 3));
  await scene.ingest("bert", calls("b", 2, { aParty: "+4915100000002" }));
  await scene.commit();
  scene.at("2026-11-01T06:00:00Z");
  return scene;
}

const leafOf = (store: Store, invoice: StoredInvoice) =>
  new InvoiceLeaves(store, new RowsCache(store, 8)).find(invoice);

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
    const stored = await scene.invoices();
    assert.deepEqual(await scene.pipeline.bill(OCTOBER), { ...run, already: true });
    await scene.commit();
    assert.deepEqual(await scene.invoices(), stored);
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
    // Four leaves a step, so that the order goes over steps.
    const scene = await EngineScene.open({ billUnitCharges: 1 });
    const numbers = Array.from({ length: 12 }, (_, at) => `+4915200000${100 + at}`);
    await scene.pipeline.putAccounts(
      numbers.map((id, at) => ({ id: `account-${at}`, label: "One", devices: [{ id }] })),
    );
    for (const aParty of numbers) await scene.ingest(aParty, calls(aParty, 1, { aParty }));
    await scene.commit();
    scene.at("2026-11-01T06:00:00Z");
    await scene.pipeline.bill(OCTOBER);
    const orderKeys = (await scene.invoiceLeaves()).map(({ orderKey }) => orderKey);
    assert.equal(orderKeys.length, 12);
    assert.deepEqual(orderKeys, [...new Set(orderKeys)].sort());
    const invoice = (await scene.invoices())[0] as StoredInvoice;
    const lost = { ...invoice, body: { ...invoice.body, pseudonym: toHex(new Uint8Array(32)) } };
    assert.equal(await leafOf(scene.store, lost), undefined);
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

  it("is the bill that one account after the other gives, for any books", async () => {
    const record = fc.record({
      aParty: fc.constantFrom(...NUMBERS),
      bParty: fc.constantFrom("+4930123456", "+498001234567", '030 / 123-"456'),
      durationSeconds: fc.integer({ min: 0, max: 4_000_000 }).map((ms) => ms / 1000),
      start: fc
        .integer({ min: Date.parse("2026-09-28"), max: Date.parse("2026-10-06") })
        .map((ms) => new Date(ms).toISOString()),
    });
    const data = fc.record({
      service: fc.constant("data" as const),
      direction: fc.constant("none" as const),
      // Beyond 64 bits a charge stands alone, outside a block.
      totalOctets: fc.bigInt({ min: 0n, max: 2n ** 70n }).map(String),
      aParty: fc.constantFrom(...NUMBERS),
      bParty: fc.constantFrom("internet", "ims.example"),
    });
    const files = fc.array(fc.array(fc.oneof(record, data), { maxLength: 12 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(files, async (given) => {
        const scene = await sceneOfMany();
        for (const [file, lines] of given.entries()) {
          const named = lines.map((line, at) => call(`${file}-${at}`, line));
          await scene.ingest(`file-${file}`, named);
        }
        await scene.commit();
        scene.at("2026-11-01T06:00:00Z");
        for (const epoch of ["2026-09", OCTOBER]) {
          const before = (await scene.invoiceLeaves()).length;
          const plain = await plainBill(scene.context, epoch);
          const { invoices } = await scene.pipeline.bill(epoch);
          assert.equal(invoices, plain.invoices.length);
          await assertBilled(scene, epoch, plain, before);
        }
        await scene.commit();
        await scene.assertConsistent();
      }),
      { numRuns: 30 },
    );
  });

  it("lists the credits of the month and counts them off", async () => {
    const scene = await closedOctober();
    await creditAnna(scene);
    await scene.commit();
    const plain = await plainBill(scene.context, OCTOBER);
    await scene.pipeline.bill(OCTOBER);
    await assertBilled(scene, OCTOBER, plain, 0);
    const invoice = await scene.pipeline.invoice("anna", OCTOBER);
    const document = readInvoiceDocument(invoice?.documentText ?? "");
    assert.deepEqual([document.credits.length, document.total], [1, "0.27"]);
  });

  it("goes on where it was, whatever call to the store the process dies in", async () => {
    for (const isLastWriteStored of [false, true]) {
      let crashes = 0;
      for (let isWhole = false; !isWhole; ) {
        const scene = await closedOctober();
        const plain = await plainBill(scene.context, OCTOBER);
        const fuse = new FusedStore(scene.store);
        await scene.reopen(fuse);
        fuse.dieAfter(crashes + 1, isLastWriteStored);
        await scene.pipeline.bill(OCTOBER).catch(() => {});
        isWhole = !fuse.isDead;
        scene.crash();
        await scene.reopen();
        const nodes = await scene.values("node/");
        const hasBegun = nodes.some(({ key }) => key === "node/open-bill");
        if (!isWhole) {
          crashes++;
          // A restarted node seals, and a late call is for the next month once the run has begun.
          if (hasBegun) await scene.ingest("late", calls("late", 1));
          await scene.commit();
        }
        const run = await scene.pipeline.bill(OCTOBER);
        assert.deepEqual([run.invoices, run.totalNano], [2, 500_000_000n]);
        await assertBilled(scene, OCTOBER, plain, 0);
        await scene.commit();
        await scene.assertConsistent();
        for (const left of ["bill-lines/", "bill-leaves/", "bill-plan/"]) {
          assert.deepEqual(await scene.values(left), []);
        }
      }
      assert.ok(crashes > 35, `${crashes} crashes`);
    }
  });

  it("lets nothing into a period whose run has begun, and no other run before its end", async () => {
    const scene = await closedOctober();
    scene.at("2026-12-01T06:00:00Z");
    assert.equal(await stepBill(scene.context, OCTOBER), undefined);
    await scene.ingest("late", calls("late", 1, { start: "2026-10-30T10:00:00.000Z" }));
    const late = (await scene.charges()).find(({ recordId }) => recordId === "late-0");
    assert.equal(late?.epoch, "2026-11");
    await assert.rejects(stepBill(scene.context, "2026-11"), hasCode("bill.other-run-open"));
    await scene.pipeline.bill(OCTOBER);
    await scene.commit();
    assert.equal((await scene.pipeline.bill("2026-11")).invoices, 1);
  });

  it("says that the disk takes no write, at any step, and goes on once it does", async () => {
    const scene = await closedOctober();
    const plain = await plainBill(scene.context, OCTOBER);
    for (let done = false; !done; ) {
      scene.store.failNextWrites("failedAndLost");
      await assert.rejects(stepBill(scene.context, OCTOBER), hasCode("store.write-failed"));
      done = (await stepBill(scene.context, OCTOBER)) !== undefined;
    }
    await assertBilled(scene, OCTOBER, plain, 0);
  });

  it("stops at a block that is damaged on disk, and bills it once it is restored", async () => {
    const scene = await closedOctober();
    const plain = await plainBill(scene.context, OCTOBER);
    const [block] = await blocksOf(scene);
    assert.ok(block !== undefined);
    const damaged = Uint8Array.from(block.value);
    damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] as number) ^ 1;
    const write = (value: Uint8Array) =>
      scene.store.write([{ type: "put", key: block.key, value }]);
    await write(damaged);
    await assert.rejects(scene.pipeline.bill(OCTOBER), hasCode("store.value-damaged"));
    assert.deepEqual(await scene.invoices(), []);
    await write(block.value);
    assert.equal((await scene.pipeline.bill(OCTOBER)).already, false);
    await assertBilled(scene, OCTOBER, plain, 0);
  });

  it("bills nothing of an account whose stored charges are not those that were numbered", async () => {
    const scene = await closedOctober();
    const session = new StoreSession(scene.store);
    const key = keys.epoch("anna", OCTOBER, CHARGES);
    const state = await session.get<EpochState>(key);
    session.put(key, { ...state, lastChargeNumber: "4" });
    await session.commit();
    await assert.rejects(scene.pipeline.bill(OCTOBER), hasCode("bill.lines-missing"));
    assert.equal(await scene.pipeline.invoice("anna", OCTOBER), undefined);
  });
});
