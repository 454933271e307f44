import {
  type ClosedUnit,
  type ClosingFacts,
  type ClosingKernel,
  type ClosingTask,
  openPlainClosingKernel,
} from "../engine/bill/closing-kernel.ts";
import { threadFailed } from "./bill-threads.ts";
import { TASKS_AHEAD, TaskThreads, threadsForAll } from "./task-threads.ts";

/** Fewer are closed before threads have started and compiled the tariff. */
const ACCOUNTS_WORTH_THREADS = 20_000;

/** Threads for as many processors as there are; none for few accounts. */
export function openClosingKernel(facts: ClosingFacts): ClosingKernel {
  if (facts.accounts < ACCOUNTS_WORTH_THREADS) return openPlainClosingKernel(facts);
  return new ClosingThreads(facts, threadsForAll());
}

/** Closes accounts in threads of their own; bytes are handed over, not copied. */
export class ClosingThreads implements ClosingKernel {
  readonly tasksAtOnce: number;
  readonly #threads: TaskThreads<ClosingTask, ClosedUnit>;

  constructor(facts: ClosingFacts, threads: number) {
    this.tasksAtOnce = threads + TASKS_AHEAD;
    const program = new URL("./closing-thread.ts", import.meta.url);
    this.#threads = new TaskThreads({ program, facts, threads, failure: threadFailed });
  }

  closeAccounts(task: ClosingTask): Promise<ClosedUnit> {
    const { accounts, quantities, states, fresh } = task;
    const joined = [accounts, quantities, states].map(({ bytes }) => bytes.buffer);
    return this.#threads.ask(task, [...joined, fresh.buffer]);
  }

  end(): Promise<void> {
    return this.#threads.close();
  }
}
