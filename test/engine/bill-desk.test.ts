import assert from "node:assert/strict";
import { readInvoiceDocument } from "../../node/core/invoice/invoice-document.ts";
import { BillDesk, type BillProgress } from "../../node/engine/bill/bill-desk.ts";
import { openPlainBillKernel } from "../../node/engine/bill/bill-kernel.ts";
import { runBill } from "../../node/engine/bill/run-bill.ts";
import { AccountRating } from "../../node/engine/rate/rate-accounts.ts";
import { CHARGES, calls, EngineScene, hasCode, TARIFFS } from "./engine-scene.ts";
import { plainBill } from "./plain-bill.ts";

const OCTOBER = "2026-10";
const BERT = "+4915100000002";

/** October's charges of Anna and Bert, committed; the clock stands in November. */
async function closedOctober(): Promise<EngineScene> {
  const scene = await EngineScene.withAccounts({ billUnitCharges: 2 });
  await scene.ingest("anna", calls("a", 3));
  await scene.ingest("bert", calls("b", 2, { aParty: BERT }));
  await scene.commit();
  scene.at("2026-11-01T06:00:00Z");
  return scene;
}

/** A desk whose every step waits until it is let go. */
class HeldDesk {
  readonly desk: BillDesk;
  #release: (() => void) | undefined;
  #arrive: (() => void) | undefined;

  constructor(scene: EngineScene) {
    this.desk = new BillDesk({
      context: scene.context,
      turn: async (task) => {
        await new Promise<void>((resolve) => {
          this.#release = resolve;
          this.#arrive?.();
        });
        return task();
      },
      openKernel: openPlainBillKernel,
      tariffs: TARIFFS,
      rating: () => new AccountRating(TARIFFS, [], scene.random),
    });
  }

  /** Lets the step at hand be written, and waits until the next one waits. */
  async step(run: Promise<unknown>): Promise<void> {
    const next = new Promise<void>((resolve) => {
      this.#arrive = resolve;
    });
    this.#release?.();
    await Promise.race([next, run]);
  }

  async letGo(run: Promise<unknown>): Promise<void> {
    let isOver = false;
    const over = run.then(
      () => {
        isOver = true;
      },
      () => {
        isOver = true;
      },
    );
    while (!isOver) await Promise.race([this.step(over), over]);
  }
}

describe("the desk of bills", () => {
  it("tells how far a bill is, from its first step to its end", async () => {
    const scene = await closedOctober();
    const held = new HeldDesk(scene);
    assert.equal(await held.desk.progress(), undefined);
    const run = held.desk.run(OCTOBER);
    const seen: BillProgress[] = [];
    let isOver = false;
    void run.then(() => {
      isOver = true;
    });
    while (!isOver) {
      await held.step(run);
      const progress = await held.desk.progress();
      if (progress !== undefined) seen.push(progress);
    }
    const phases = [...new Set(seen.map(({ phase }) => phase))];
    assert.deepEqual(
      phases,
      ["close", "plan", "gather", "compose", "append"].filter((one) =>
        phases.includes(one as never),
      ),
    );
    assert.ok(phases.includes("gather") && phases.includes("compose"));
    const shares = seen.map(({ share }) => share);
    assert.deepEqual(
      shares,
      [...shares].sort((a, b) => a - b),
    );
    assert.ok(shares.every((share) => share >= 0 && share <= 1));
    assert.deepEqual(seen.at(-1)?.accounts, { done: 2, all: 2 });
    assert.ok(seen.every(({ running, period }) => running && period === OCTOBER));
    assert.equal(await held.desk.progress(), undefined);
    assert.deepEqual(await held.desk.outcome(OCTOBER), { ...(await run), already: true });
  });

  it("refuses a second bill while one runs, whatever period it is of", async () => {
    const scene = await closedOctober();
    const held = new HeldDesk(scene);
    const run = held.desk.run(OCTOBER);
    await assert.rejects(held.desk.run(OCTOBER), hasCode("bill.running"));
    await assert.rejects(held.desk.run("2026-11"), hasCode("bill.running"));
    await held.letGo(run);
    assert.equal((await run).invoices, 2);
    const again = held.desk.run(OCTOBER);
    await held.letGo(again);
    assert.deepEqual(await again, { ...(await run), already: true });
  });

  it("shows a bill that was interrupted, and goes on where it was", async () => {
    const scene = await closedOctober();
    const plain = await plainBill(scene.context, OCTOBER);
    const held = new HeldDesk(scene);
    const run = held.desk.run(OCTOBER);
    run.catch(() => {});
    for (let steps = 0; steps < 5; steps++) await held.step(run);
    const stopping = held.desk.stop();
    await held.letGo(run);
    await stopping;
    await assert.rejects(run, hasCode("bill.interrupted"));
    await assert.rejects(held.desk.outcome(OCTOBER), hasCode("bill.interrupted"));
    const left = await scene.pipeline.billProgress();
    assert.deepEqual([left?.period, left?.running], [OCTOBER, false]);
    assert.deepEqual((await scene.pipeline.status()).bill, left);
    assert.deepEqual(await scene.pipeline.billOutcome(OCTOBER), left);
    assert.equal((await scene.pipeline.bill(OCTOBER)).already, false);
    assert.deepEqual(await scene.invoiceLeaves(), plain.leaves);
    assert.equal((await scene.pipeline.status()).bill, undefined);
  });

  it("keeps what ended a bill for whoever asks later, until the bill is asked for again", async () => {
    const scene = await EngineScene.withAccounts();
    scene.at("2026-10-20T00:00:00Z");
    await assert.rejects(scene.pipeline.bill(OCTOBER), hasCode("bill.period-open"));
    await assert.rejects(scene.pipeline.billOutcome(OCTOBER), hasCode("bill.period-open"));
    assert.equal(await scene.pipeline.billOutcome("2026-09"), undefined);
    scene.at("2026-11-01T06:00:00Z");
    await scene.pipeline.bill(OCTOBER);
    assert.deepEqual(await scene.pipeline.billOutcome(OCTOBER), {
      epoch: OCTOBER,
      invoices: 0,
      totalNano: 0n,
      already: true,
    });
  });

  it("puts a charge that comes between any two steps into exactly one invoice", async () => {
    const scene = await closedOctober();
    let late = 0;
    await runBill(
      {
        context: scene.context,
        turn: async (task) => {
          const result = await task();
          const start = new Date(Date.parse("2026-10-20T10:00:00Z") + 1_000 * late).toISOString();
          const aParty = late % 2 === 0 ? "+4915100000001" : BERT;
          await scene.ingest(`late-${late}`, calls(`late-${late++}`, 1, { start, aParty }));
          await scene.commit();
          return result;
        },
      },
      OCTOBER,
    );
    assert.ok(late >= 6, `${late} steps`);
    await scene.commit();
    scene.at("2026-12-01T06:00:00Z");
    const next = await scene.pipeline.bill("2026-11");
    assert.equal(next.totalNano, BigInt(late) * 100_000_000n);
    const lines = (await scene.invoices()).flatMap(({ account, epoch, documentText }) =>
      readInvoiceDocument(documentText).lines.map((line) => `${account} ${line.start} ${epoch}`),
    );
    const charges = (await scene.charges(CHARGES)).map(
      ({ account, epoch, opened }) =>
        `${account} ${new Date(Number(opened.charge?.start)).toISOString()} ${epoch}`,
    );
    assert.deepEqual(lines.sort(), charges.sort());
    assert.equal(lines.length, 5 + late);
    await scene.commit();
    await scene.assertConsistent();
  });
});
