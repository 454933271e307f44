import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";

/** What the sending thread shares with the one that takes the answers; times are `monotonic()`. */
export interface SendTask {
  began: number;
  rate: number;
  count: number;
  /** All requests, one after the other, and where each of them ends. */
  requests: Uint8Array;
  ends: Int32Array;
  /** File descriptor of each connection, and the request that it carries. */
  descriptors: number[];
  carried: Int32Array;
  /** Connections in the order in which they became free, how many have, and whether to stop. */
  free: Int32Array;
  freed: Int32Array;
  stop: Int32Array;
  /**
   * By how much each request was written late by this thread's own fault: 0 where it waited for a connection, and of
   * those behind it until the schedule was caught up, since that is the server's time.
   */
  late: Float64Array;
}

/** Milliseconds of a clock that all threads and processes of a machine share. */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6;

if (workerData !== null) send(workerData as SendTask);

/**
 * Sleeps on a memory cell, to a twentieth of a millisecond; timers of the event loop know whole
 * milliseconds, and would send in bursts and late. Writes to the connections itself: an empty one
 * takes a request at once.
 */
function send(task: SendTask): void {
  const { began, rate, count, requests, ends, descriptors, carried, free, freed, stop } = task;
  let isBehind = false;
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (let index = 0; index < count; index++) {
    const due = began + (index / rate) * 1000;
    for (let left = due - monotonic(); left > 0; left = due - monotonic()) {
      isBehind = false;
      Atomics.wait(never, 0, 0, left);
    }
    while (Atomics.load(freed, 0) <= index) {
      isBehind = true;
      if (Atomics.load(stop, 0) !== 0) return;
      Atomics.wait(freed, 0, index, 100);
    }
    const connection = free[index % free.length] as number;
    carried[connection] = index;
    const from = index === 0 ? 0 : (ends[index - 1] as number);
    task.late[index] = isBehind ? 0 : monotonic() - due;
    writeSync(descriptors[connection] as number, requests, from, (ends[index] as number) - from);
  }
}
