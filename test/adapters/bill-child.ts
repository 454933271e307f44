/*
 * A process of its own that bills a month in threads, and says so after each step; it may be killed. With
 * "plans" as the last argument it closes the accounts, which comes before.
 */
import { BillThreads } from "../../node/adapters/bill-threads.ts";
import { ClosingThreads } from "../../node/adapters/closing-threads.ts";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { closeAccounts } from "../../node/engine/bill/close-accounts.ts";
import { runBill } from "../../node/engine/bill/run-bill.ts";
import { loadRating } from "../../node/engine/rate/load-rating.ts";
import { benchContext } from "../../scripts/bench/in-memory-operator.ts";
import { AFTER_MONTH_SECONDS, MONTH } from "../../scripts/bench/month-books.ts";
import { planTariffs } from "../../scripts/bench/month-plans.ts";

const [directory = "", unitText = "", what = ""] = process.argv.slice(2);
const store = await LevelStore.open(directory);
const bench = benchContext(store);
const context = {
  ...bench,
  profile: {
    ...bench.profile,
    billUnitCharges: Number(unitText),
    billUnitAccounts: Number(unitText),
  },
  time: { seconds: async () => AFTER_MONTH_SECONDS },
};
const turn = <T>(task: () => Promise<T>) => task();
if (what === "plans") await close();
else await bill();
await store.close();

async function close(): Promise<void> {
  const tariffs = planTariffs();
  const rating = await loadRating(context, tariffs);
  const closing = closeAccounts(
    {
      context,
      tariffs,
      rating: () => rating,
      turn,
      openClosingKernel: (facts) => new ClosingThreads(facts, 2),
      onClosing: ({ phase, closed }) => process.stdout.write(`${phase} ${closed}\n`),
    },
    MONTH,
  );
  await closing.catch((error) => {
    // What was made due is to be committed before the bill names it.
    if (error.code !== "bill.charges-pending") throw error;
  });
}

async function bill(): Promise<void> {
  await runBill(
    {
      context,
      turn,
      openKernel: (facts) => new BillThreads(facts, 2),
      onStep: ({ phase, index }) => process.stdout.write(`${phase} ${index}\n`),
    },
    MONTH,
  );
}
