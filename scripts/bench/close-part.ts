/*
 * One process of the benchmark `close`: writes the books of a month (third argument: charges each), or
 * closes it. With "plans" as the last argument every account has a plan with a fee, and a tax.
 */
import { availableParallelism } from "node:os";
import { BillThreads } from "../../node/adapters/bill-threads.ts";
import { ClosingThreads } from "../../node/adapters/closing-threads.ts";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { TallystickError } from "../../node/core/errors.ts";
import { hash, hashDocument } from "../../node/core/hash.ts";
import type { BillPlan, BillState } from "../../node/engine/bill/bill-state.ts";
import { closeAccounts } from "../../node/engine/bill/close-accounts.ts";
import type { ClosingFacts } from "../../node/engine/bill/closing-kernel.ts";
import { runBill } from "../../node/engine/bill/run-bill.ts";
import { readInvoice } from "../../node/engine/bill/stored-invoice.ts";
import { TickSealer } from "../../node/engine/commit/seal-batch.ts";
import { loadRating } from "../../node/engine/rate/load-rating.ts";
import { below, keys } from "../../node/engine/store/key-spaces.ts";
import { StoreSession } from "../../node/engine/store/store-session.ts";
import { getJson } from "../../node/engine/store/stored-json.ts";
import type { BookState, StoredBatch } from "../../node/engine/store/stored-types.ts";
import type { ClosePart } from "./close.ts";
import { benchContext, benchOperator } from "./in-memory-operator.ts";
import { AFTER_MONTH_SECONDS, MONTH, writeMonth } from "./month-books.ts";

import { planTariffs, writePlans } from "./month-plans.ts";
import { ownMegabytes } from "./own-memory.ts";

const PROGRESS_MILLISECONDS = 5_000;
/** Two salts in one, order key, body, document, leaf, and a node of the tree. */
const MESSAGES_AN_INVOICE = 6;

const hasPlans = process.argv.at(-1) === "plans";
const [directory = "", subscribersText = "", chargesText = ""] = process.argv
  .slice(2)
  .filter((argument) => argument !== "plans");
const subscribers = Number(subscribersText);
const store = await LevelStore.open(directory);
if (chargesText !== "") {
  const { context } = await benchOperator(store, 0);
  await writeMonth(context, subscribers, Number(chargesText));
  if (hasPlans) await writePlans(context);
  await store.close();
  process.exit();
}
const context = { ...benchContext(store), time: { seconds: async () => AFTER_MONTH_SECONDS } };
const { chargeBook, invoiceBook } = context.profile.agreement;
const charges = await getJson<BookState>(store, keys.book(chargeBook));
const totalNano = BigInt(charges?.runningSumNano ?? "0");

/** By processor time: what the clock says of a part depends on who else uses the machine. */
const shares: Record<string, number> = {};
const cpu = process.cpuUsage();
const processorSeconds = (): number => {
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 1e6;
};
const began = performance.now();
let last = 0;
const lap = (name: string) => {
  const now = processorSeconds();
  shares[name] = (shares[name] ?? 0) + now - last;
  last = now;
};

let peakMegabytes = 0;
const watch = setInterval(() => {
  peakMegabytes = Math.max(peakMegabytes, ownMegabytes());
}, 250).unref();

let told = 0;
function tell(state: BillState, plan: BillPlan): void {
  if (performance.now() < told) return;
  told = performance.now() + PROGRESS_MILLISECONDS;
  const seconds = Math.round((performance.now() - began) / 1000);
  process.stderr.write(
    `close: ${state.phase}, ${state.invoices} of ${plan.accounts} invoices after ${seconds} s, ${Math.round(processorSeconds())} s of processor, ${Math.round(ownMegabytes())} MB\n`,
  );
}

/** What a ledger would do: the newest batches stand there. */
async function commitAll(): Promise<void> {
  const tick = await new TickSealer(context).seal();
  const session = new StoreSession(store);
  for (const { domain, sequence } of tick.batches) {
    const key = keys.batch(domain, BigInt(sequence));
    const batch = (await session.get<StoredBatch>(key)) as StoredBatch;
    session.put(key, { ...batch, blockTime: AFTER_MONTH_SECONDS.toString() });
  }
  await session.commit();
}

const threads = Number(process.env.TALLYSTICK_BENCH_THREADS ?? Math.min(8, availableParallelism()));
const closing = {
  context,
  turn: <T>(task: () => Promise<T>) => task(),
  ...(threads === 0
    ? {}
    : { openClosingKernel: (facts: ClosingFacts) => new ClosingThreads(facts, threads) }),
};
if (hasPlans) {
  const tariffs = planTariffs();
  const rating = await loadRating(context, tariffs);
  lap("load accounts");
  const onClosing = () => lap("close accounts");
  for (let goesOn = true; goesOn; ) {
    try {
      await closeAccounts({ ...closing, tariffs, rating: () => rating, onClosing }, MONTH);
      goesOn = false;
    } catch (error) {
      if (!(error instanceof TallystickError) || error.code !== "bill.charges-pending") throw error;
      await commitAll();
      lap("seal their charges");
    }
  }
}

let phase = "begin";
const run = await runBill(
  {
    context,
    turn: (task) => task(),
    ...(threads === 0 ? {} : { openKernel: (facts) => new BillThreads(facts, threads) }),
    onStep: (state, plan) => {
      lap(phase);
      phase = state.phase;
      tell(state, plan);
    },
  },
  MONTH,
);
lap("threads end");
await new TickSealer(context).seal();
lap("seal");
clearInterval(watch);
const seconds = (performance.now() - began) / 1000;
const processor = processorSeconds();
if (run.invoices !== subscribers || (!hasPlans && run.totalNano !== totalNano)) {
  throw new Error(`${run.invoices} invoices of ${run.totalNano}, not of ${totalNano}`);
}
const invoices = await getJson<BookState>(store, keys.book(invoiceBook));
const newest = BigInt(invoices?.lastSequence ?? "0");
const batch = await getJson<StoredBatch>(store, keys.batch(invoiceBook, newest));
if (batch?.count !== subscribers) throw new Error(`the batch holds ${batch?.count} invoices`);
const limits = await limitsOf(store, chargeBook, subscribers);
await store.close();
console.log(
  JSON.stringify({
    seconds,
    processorSeconds: processor,
    shares,
    peakMegabytes,
    limits,
  } satisfies ClosePart),
);

/** What the close can not do without: reading its rows, and hashing its documents and leaves. */
async function limitsOf(from: LevelStore, domain: string, count: number) {
  let at = performance.now();
  let bytes = 0;
  for await (const { value } of from.scan(below(`rows/${domain}/`))) bytes += value.length;
  const readSeconds = (performance.now() - at) / 1000;
  let documents = 0;
  let seen = 0;
  for await (const { key, value } of from.scan({ ...below("invoice/"), limit: 1_000 })) {
    documents += Buffer.byteLength(readInvoice(key, value).documentText);
    seen++;
  }
  const document = new Uint8Array(Math.round(documents / Math.max(1, seen)));
  const message = new Uint8Array(100);
  at = performance.now();
  for (let invoice = 0; invoice < count; invoice++) {
    hashDocument(document);
    for (let leaf = 0; leaf < MESSAGES_AN_INVOICE; leaf++) hash(message);
  }
  return { readSeconds, readMegabytes: bytes / 1e6, hashSeconds: (performance.now() - at) / 1000 };
}
