import assert from "node:assert/strict";
import { BillThreads } from "../../node/adapters/bill-threads.ts";
import type { BillFacts } from "../../node/engine/bill/bill-kernel.ts";
import { joinBytes } from "../../node/engine/bill/joined-bytes.ts";
import { runBill } from "../../node/engine/bill/run-bill.ts";
import { below } from "../../node/engine/store/key-spaces.ts";
import type { StoreEntry } from "../../node/engine/store/store.ts";
import { CHARGES, calls, EngineScene, hasCode, INVOICES } from "../engine/engine-scene.ts";
import { plainBill } from "../engine/plain-bill.ts";

const OCTOBER = "2026-10";
const ACCOUNTS = 40;

/** A month of some accounts, in units of few charges, so that many tasks are under way at once. */
async function closedMonth(): Promise<EngineScene> {
  const scene = await EngineScene.open({ billUnitCharges: 7, batchChargesMax: 32 });
  const numbers = Array.from({ length: ACCOUNTS }, (_, at) => `+4915200000${100 + at}`);
  await scene.pipeline.putAccounts(
    numbers.map((id, at) => ({ id: `a-${at}`, label: "One", devices: [{ id }] })),
  );
  const lines = numbers.flatMap((aParty, at) => calls(`${at}`, 1 + (at % 5), { aParty }));
  await scene.ingest("month", lines);
  await scene.commit();
  scene.at("2026-11-01T06:00:00Z");
  return scene;
}

const parts = (scene: EngineScene, threads: number) => ({
  context: scene.context,
  turn: <T>(task: () => Promise<T>) => task(),
  openKernel: (facts: BillFacts) => new BillThreads(facts, threads),
});

describe("a bill run in threads", () => {
  it("makes the bill that one account after the other gives, however many there are", async () => {
    for (const threads of [1, 3]) {
      const scene = await closedMonth();
      const plain = await plainBill(scene.context, OCTOBER);
      const run = await runBill(parts(scene, threads), OCTOBER);
      assert.equal(run.invoices, ACCOUNTS);
      const byNumber = (await scene.invoices()).sort((a, b) => (a.number < b.number ? -1 : 1));
      assert.deepEqual(byNumber, plain.invoices);
      assert.deepEqual(await scene.invoiceLeaves(), plain.leaves);
      await scene.commit();
      await scene.assertConsistent();
    }
  });

  it("ends at a damaged block with its code, writes no invoice, and goes on once it is restored", async () => {
    const scene = await closedMonth();
    const plain = await plainBill(scene.context, OCTOBER);
    const blocks: StoreEntry[] = [];
    for await (const entry of scene.store.scan(below(`rows/${CHARGES}/`))) blocks.push(entry);
    const [block] = blocks;
    assert.ok(block !== undefined);
    const damaged = Uint8Array.from(block.value);
    damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] as number) ^ 1;
    const write = (value: Uint8Array) =>
      scene.store.write([{ type: "put", key: block.key, value }]);
    await write(damaged);
    await assert.rejects(runBill(parts(scene, 2), OCTOBER), hasCode("store.value-damaged"));
    assert.deepEqual(await scene.invoices(), []);
    await write(block.value);
    await runBill(parts(scene, 2), OCTOBER);
    assert.deepEqual(await scene.invoiceLeaves(), plain.leaves);
  });

  it("says that a thread ended, whatever it ended of", async () => {
    const kernel = new BillThreads(
      {
        operator: { name: "Alder", member: "0x01" },
        epoch: OCTOBER,
        fromMilliseconds: 0,
        toMilliseconds: 1,
        zone: "UTC",
        issuedAtSeconds: "1",
        currency: "EUR",
        invoiceBook: INVOICES,
        buckets: [{ first: "a", ordinal: 0 }],
        rows: 1,
        partitions: 1,
      },
      1,
    );
    // No rows are stored as this, and no error of ours tells of it.
    const broken = () => ({ from: 1n, to: 2n, keys: ["rows/x/1"], values: joinBytes([]) });
    try {
      // Steps that were still being read meanwhile are asked for between its error and its end, and later.
      for (let ask = 0; ask < 3; ask++) {
        await assert.rejects(kernel.gather(broken()), hasCode("bill.thread-failed"));
      }
    } finally {
      await kernel.close();
    }
  });
});
