import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { TallystickError } from "../core/errors.ts";
import type { SnapshotTask } from "./charging-snapshot-file.ts";

/*
 * The thread that makes a snapshot, so that reading a million accounts holds up nobody who waits for
 * an answer. It ends with its process, so it never deletes or renames anything behind a new one.
 */

/** On Linux a priority is the thread's own: requests go first where cores are few. */
const PRIORITY = 10;

/** What the thread says at its end. */
export type SnapshotOutcome =
  | { bytes: number }
  | { code: string; message: string; place: TallystickError["place"] };

if (process.platform === "linux") setPriority(PRIORITY);
// Loading what it needs is work too.
const { writeSnapshotPart } = await import("./charging-snapshot-file.ts");
const outcome = await make(workerData as SnapshotTask);
parentPort?.postMessage(outcome);

async function make(task: SnapshotTask): Promise<SnapshotOutcome> {
  try {
    return { bytes: await writeSnapshotPart(task) };
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    const { code, message, place } = error;
    return { code, message, place };
  }
}
