/* One process of the benchmark `close`: writes the books of a month, or closes it (no third argument). */
import { availableParallelism } from "node:os";
import { BillThreads } from "../../node/adapters/bill-threads.ts";
import { LevelStore } from "../../node/adapters/level-store.ts";
import type { BillPlan, BillState } from "../../node/engine/bill-state.ts";
import { keys } from "../../node/engine/key-spaces.ts";
import { runBill } from "../../node/engine/run-bill.ts";
import { sealTick } from "../../node/engine/seal-batch.ts";
import { getJson } from "../../node/engine/stored-json.ts";
import type { BookState, StoredBatch } from "../../node/engine/stored-types.ts";
import { benchContext, benchOperator } from "./in-memory-operator.ts";
import { AFTER_MONTH_SECONDS, MONTH, writeMonth } from "./month-books.ts";
import { ownMegabytes } from "./own-memory.ts";

const PROGRESS_MILLISECONDS = 5_000;

const [directory = "", subscribersText = "", chargesText = ""] = process.argv.slice(2);
const subscribers = Number(subscribersText);
const store = await LevelStore.open(directory);
if (chargesText !== "") {
  const { context } = await benchOperator(store, 0);
  await writeMonth(context, subscribers, Number(chargesText));
  await store.close();
  process.exit();
}
const context = { ...benchContext(store), time: { seconds: async () => AFTER_MONTH_SECONDS } };
const { chargeBook, invoiceBook } = context.profile.agreement;
const charges = await getJson<BookState>(store, keys.book(chargeBook));
const totalNano = BigInt(charges?.runningSumNano ?? "0");

const shares: Record<string, number> = {};
const cpu = process.cpuUsage();
const began = performance.now();
let last = began;
const lap = (name: string) => {
  const now = performance.now();
  shares[name] = (shares[name] ?? 0) + (now - last) / 1000;
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
  const processor = process.cpuUsage(cpu);
  process.stderr.write(
    `close: ${state.phase}, ${state.invoices} of ${plan.accounts} invoices after ${seconds} s, ${Math.round((processor.user + processor.system) / 1e6)} s of processor, ${Math.round(ownMegabytes())} MB\n`,
  );
}

let phase = "begin";
const threads = Number(process.env.TALLYSTICK_BENCH_THREADS ?? Math.min(8, availableParallelism()));
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
await sealTick(context);
lap("seal");
clearInterval(watch);
const seconds = (performance.now() - began) / 1000;
const { user, system } = process.cpuUsage(cpu);
if (run.invoices !== subscribers || run.totalNano !== totalNano) {
  throw new Error(`${run.invoices} invoices of ${run.totalNano}, not of ${totalNano}`);
}
const batch = await getJson<StoredBatch>(store, keys.batch(invoiceBook, 1n));
if (batch?.count !== subscribers) throw new Error(`the batch holds ${batch?.count} invoices`);
await store.close();
console.log(
  JSON.stringify({
    seconds,
    processorSeconds: (user + system) / 1e6,
    shares,
    peakMegabytes,
  }),
);
