/* A process of its own that bills a month in threads, and says so after each step; it may be killed. */
import { BillThreads } from "../../node/adapters/bill-threads.ts";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { runBill } from "../../node/engine/bill/run-bill.ts";
import { benchContext } from "../../scripts/bench/in-memory-operator.ts";
import { AFTER_MONTH_SECONDS, MONTH } from "../../scripts/bench/month-books.ts";

const [directory = "", unitText = ""] = process.argv.slice(2);
const store = await LevelStore.open(directory);
const bench = benchContext(store);
const context = {
  ...bench,
  profile: { ...bench.profile, billUnitCharges: Number(unitText) },
  time: { seconds: async () => AFTER_MONTH_SECONDS },
};
await runBill(
  {
    context,
    turn: (task) => task(),
    openKernel: (facts) => new BillThreads(facts, 2),
    onStep: ({ phase, index }) => process.stdout.write(`${phase} ${index}\n`),
  },
  MONTH,
);
await store.close();
