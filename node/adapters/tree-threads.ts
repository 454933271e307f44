import type { RunTop } from "../core/commitment/join-runs.ts";
import { assert, TallystickError } from "../core/errors.ts";
import { RUN_DEPTH, type RunBuilder, RunBuilderHere } from "../engine/commit/run-builder.ts";
import type { RunLeaves } from "../engine/commit/run-leaves.ts";
import { TASKS_AHEAD, TaskThreads, threadsForAll } from "./task-threads.ts";

/** A run's leaves, in memory that both sides see. */
export interface TreeTask {
  memory: SharedArrayBuffer;
  capacity: number;
  count: number;
  depth: number;
}

/** One thread reads the leaves for so many. */
const THREADS_MAX = 2;
/**
 * Runs that are built here before threads are started: about as much work as starting them is. A node whose
 * ticks are small never starts them.
 */
const RUNS_WORTH_THREADS = 16;
/** Threads that nobody needed for so long are ended. */
const IDLE_MS = 300_000;
const PROGRAM = new URL("./tree-thread.ts", import.meta.url);

/** What a thread is asked first, so that it is known when it has started. */
const NOTHING: TreeTask = { memory: new SharedArrayBuffer(0), capacity: 0, count: 0, depth: 5 };

/**
 * Builds the runs of large batches in threads, so that a node serves and rates meanwhile. They are started once
 * some whole runs were built here, keep the process alive only while they work, and are started again after one
 * failed. Runs are built here until they have started, which takes as long as 300,000 leaves.
 */
export class TreeThreads implements RunBuilder {
  readonly runDepth: number;
  readonly briefRowsMax: number;
  readonly runsAtOnce: number;
  readonly #here: RunBuilderHere;
  readonly #program: URL;
  readonly #count: number;
  readonly #runsWorthThreads: number;
  /** Whole ones, since threads ran last. */
  #runsBuiltHere = 0;
  #threads: TaskThreads<TreeTask, RunTop> | undefined;
  #areReady = false;
  #starting: Promise<void> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  /** @param options.program the threads', how deep a run is, when they start; others only in tests */
  constructor({
    program = PROGRAM,
    threads = Math.min(THREADS_MAX, threadsForAll()),
    runDepth = RUN_DEPTH,
    runsWorthThreads = RUNS_WORTH_THREADS,
  }: { program?: URL; threads?: number; runDepth?: number; runsWorthThreads?: number } = {}) {
    this.#program = program;
    this.runDepth = runDepth;
    this.briefRowsMax = 2 ** runDepth;
    this.#here = new RunBuilderHere(runDepth);
    this.#count = threads;
    this.#runsWorthThreads = runsWorthThreads;
    this.runsAtOnce = threads + TASKS_AHEAD;
  }

  build(leaves: RunLeaves, depth: number): RunTop | Promise<RunTop> {
    const { memory, capacity, count } = leaves;
    const isWhole = count === 2 ** this.runDepth;
    if (isWhole && !this.#areReady && ++this.#runsBuiltHere >= this.#runsWorthThreads) {
      this.#start();
    }
    // What is much less than a run is built before a thread has it.
    if (!this.#areReady || 4 * count < 2 ** this.runDepth) return this.#here.build(leaves, depth);
    return this.#ask({ memory, capacity, count, depth });
  }

  /** Whether threads run, or start. */
  get hasThreads(): boolean {
    return this.#threads !== undefined;
  }

  /** What is under way is refused. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    this.#areReady = false;
    this.#runsBuiltHere = 0;
    const threads = this.#threads;
    this.#threads = undefined;
    await threads?.close();
  }

  /** Once they are started runs are built there; whoever does not wait has them built here until then. */
  async started(): Promise<void> {
    this.#start();
    await this.#starting;
  }

  #start(): void {
    if (this.#threads !== undefined) return;
    const threads = new TaskThreads<TreeTask, RunTop>({
      program: this.#program,
      facts: undefined,
      threads: this.#count,
      failure: threadFailed,
    });
    this.#threads = threads;
    const started = Array.from({ length: this.#count }, () => this.#ask(NOTHING));
    this.#starting = Promise.all(started).then(
      () => {
        this.#areReady = this.#threads === threads;
      },
      // They are started again at the next whole run.
      () => {},
    );
  }

  async #ask(task: TreeTask): Promise<RunTop> {
    clearTimeout(this.#idle);
    const threads = this.#threads;
    assert(threads !== undefined, "threads were started");
    try {
      return await threads.ask(task, []);
    } catch (error) {
      const isFailed = error instanceof TallystickError && error.code === "seal.thread-failed";
      if (isFailed && this.#threads === threads) await this.close();
      throw error;
    } finally {
      clearTimeout(this.#idle);
      this.#idle = setTimeout(() => void this.close(), IDLE_MS).unref();
    }
  }
}

const threadFailed = (cause: unknown): TallystickError =>
  new TallystickError(
    "seal.thread-failed",
    "A thread that builds a batch's trees ended. Nothing is sealed; it is tried again at the next commitment.",
    {},
    cause,
  );
