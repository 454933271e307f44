import { Worker } from "node:worker_threads";
import { columnsIn, makeReadingRoom } from "../core/formats/kernel/reading-room.ts";
import type { UsageColumns } from "../core/formats/usage-columns.ts";
import type { ReadingPlace } from "./columns-worker.ts";
import { ReadingRooms } from "./reading-rooms.ts";

/** Batches that are under way between the threads: memory, and how far the reader is ahead at most. */
const BUFFERS = 4;
/** A thread that nobody needed for so long is ended. */
const IDLE_MS = 60_000;
const PROGRAM = new URL("./columns-worker.ts", import.meta.url);

/** A thread that reads files into columns, and the buffers that both sides see. */
export interface ReadingThread {
  readonly worker: Worker;
  readonly columns: UsageColumns[];
}

/**
 * Threads that read files, kept from file to file: one that has read before has its program compiled, and
 * a new one takes as long to start as 50,000 rows to read. A thread that is kept keeps no process alive.
 */
export class ReadingThreads {
  /** For files that are read without a thread. */
  readonly rooms = new ReadingRooms();
  readonly #program: URL;
  readonly #keptMax: number;
  readonly #takenMax: number;
  readonly #taken = new Set<ReadingThread>();
  readonly #idle: { thread: ReadingThread; until: NodeJS.Timeout }[] = [];

  /**
   * @param options.program the threads'; another one only in tests
   * @param options.takenMax so many are taken before others are asked to do without
   */
  constructor({
    program = PROGRAM,
    keptMax = 1,
    takenMax = Number.POSITIVE_INFINITY,
  }: { program?: URL; keptMax?: number; takenMax?: number } = {}) {
    this.#program = program;
    this.#keptMax = keptMax;
    this.#takenMax = takenMax;
  }

  /** Whether as many are taken as are meant to be: whoever can reads a file without one. */
  get areTaken(): boolean {
    return this.#taken.size >= this.#takenMax;
  }

  /** Whether one waits that has read before. */
  get hasIdle(): boolean {
    return this.#idle.length > 0;
  }

  take(): ReadingThread {
    const kept = this.#idle.pop();
    clearTimeout(kept?.until);
    const thread = kept?.thread ?? this.#start();
    thread.worker.ref();
    this.#taken.add(thread);
    return thread;
  }

  /** Of a thread that has handed a whole file over and waits for the next one. */
  async giveBack(thread: ReadingThread): Promise<void> {
    // One that died is none of those taken; whoever took it again would wait for ever.
    if (!this.#taken.delete(thread)) return;
    if (this.#idle.length >= this.#keptMax) {
      await thread.worker.terminate();
      return;
    }
    this.#keep(thread);
  }

  /** Ends those that are kept. */
  async close(): Promise<void> {
    const kept = this.#idle.splice(0);
    for (const { until } of kept) clearTimeout(until);
    await Promise.all(kept.map(({ thread }) => thread.worker.terminate()));
  }

  #keep(thread: ReadingThread): void {
    thread.worker.unref();
    const until = setTimeout(() => this.#end(thread), IDLE_MS);
    until.unref();
    this.#idle.push({ thread, until });
  }

  #end(thread: ReadingThread): void {
    const at = this.#idle.findIndex((kept) => kept.thread === thread);
    if (at < 0) return;
    const [kept] = this.#idle.splice(at, 1);
    clearTimeout(kept?.until);
    void thread.worker.terminate();
  }

  #start(): ReadingThread {
    // One more, in which the thread reads ahead of them.
    const room = makeReadingRoom(BUFFERS + 1);
    const workerData: ReadingPlace = { room, buffers: BUFFERS };
    const worker = new Worker(this.#program, { workerData });
    const thread = { worker, columns: columnsIn(room, BUFFERS) };
    // One that dies while it waits is not taken again.
    worker.on("error", () => this.#end(thread));
    worker.on("exit", () => {
      this.#taken.delete(thread);
      this.#end(thread);
    });
    return thread;
  }
}
