/* One process of the benchmark `close`: writes the books of a month, or closes it (no third argument). */
import { availableParallelism } from "node:os";
import { BillThreads } from "../../node/adapters/bill-threads.ts";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { keys } from "../../node/engine/key-spaces.ts";
import { runBill } from "../../node/engine/run-bill.ts";
import { sealTick } from "../../node/engine/seal-batch.ts";
import { getJson } from "../../node/engine/stored-json.ts";
import type { BookState, StoredBatch } from "../../node/engine/stored-types.ts";
import { benchContext, benchOperator } from "./in-memory-operator.ts";
import { AFTER_MONTH_SECONDS, MONTH, writeMonth } from "./month-books.ts";

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
let phase = "begin";
const threads = Number(process.env.TALLYSTICK_BILL_THREADS ?? Math.min(2, availableParallelism()));
const run = await runBill(
  {
    context,
    turn: (task) => task(),
    ...(threads === 0 ? {} : { openKernel: (facts) => new BillThreads(facts, threads) }),
    onStep: (state) => {
      lap(phase);
      phase = state.phase;
    },
  },
  MONTH,
);
lap("append");
await sealTick(context);
lap("seal");
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
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
  }),
);
