import { TallystickError } from "../core/errors.ts";
import {
  type BillFacts,
  type BillKernel,
  type ComposedBucket,
  type ComposeTask,
  type GatheredUnit,
  type GatherTask,
  openPlainBillKernel,
} from "../engine/bill/bill-kernel.ts";
import { TASKS_AHEAD, TaskThreads, threadsForAll } from "./task-threads.ts";

export type BillTask = { kind: "gather"; of: GatherTask } | { kind: "compose"; of: ComposeTask };
export type BillResult = GatheredUnit | ComposedBucket;

/** A smaller month is billed before threads have started. */
const ROWS_WORTH_THREADS = 50_000;

/** Threads for as many processors as there are; none for a small month. */
export function openBillKernel(facts: BillFacts): BillKernel {
  if (facts.rows < ROWS_WORTH_THREADS) return openPlainBillKernel(facts);
  return new BillThreads(facts, threadsForAll());
}

/** Computes a bill run in threads of their own; bytes are handed over, not copied. */
export class BillThreads implements BillKernel {
  readonly tasksAtOnce: number;
  readonly #threads: TaskThreads<BillTask, BillResult>;

  constructor(facts: BillFacts, threads: number) {
    this.tasksAtOnce = threads + TASKS_AHEAD;
    const program = new URL("./bill-thread.ts", import.meta.url);
    this.#threads = new TaskThreads({ program, facts, threads, failure: threadFailed });
  }

  gather(of: GatherTask): Promise<GatheredUnit> {
    const moved = [of.values.bytes.buffer];
    return this.#threads.ask({ kind: "gather", of }, moved) as Promise<GatheredUnit>;
  }

  compose(of: ComposeTask): Promise<ComposedBucket> {
    const moved = [of.charges, of.credits, of.gathered].map(({ bytes }) => bytes.buffer);
    return this.#threads.ask({ kind: "compose", of }, moved) as Promise<ComposedBucket>;
  }

  close(): Promise<void> {
    return this.#threads.close();
  }
}

/** What a bill's threads say when one of them ended. */
export const threadFailed = (cause: unknown): TallystickError =>
  new TallystickError(
    "bill.thread-failed",
    "A thread of the bill run ended. What was billed is stored; ask for the bill again to go on.",
    {},
    cause,
  );
