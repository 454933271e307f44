import { ReadingKernel } from "../core/formats/kernel/reading-kernel.ts";
import { columnsIn, makeReadingRoom } from "../core/formats/kernel/reading-room.ts";
import type { UsageColumns } from "../core/formats/usage-columns.ts";

/** So many files are read by kernels at once on a thread; each takes some megabytes as long as it lasts. */
const ROOMS_MAX = 4;

/** A kernel, and the columns in its room, which last until its next batch. */
export interface OpenRoom {
  readonly kernel: ReadingKernel;
  readonly columns: UsageColumns;
}

/** Rooms in which files are read on this very thread, kept from file to file. */
export class ReadingRooms {
  readonly #free: OpenRoom[] = [];
  #made = 0;

  /** Undefined where all are taken or none can be: then rows are read in JavaScript. */
  take(): OpenRoom | undefined {
    const kept = this.#free.pop();
    if (kept !== undefined || this.#made === ROOMS_MAX) return kept;
    const room = makeReadingRoom(1);
    const kernel = ReadingKernel.open(room);
    if (kernel === undefined) {
      this.#made = ROOMS_MAX;
      return undefined;
    }
    this.#made++;
    const [columns] = columnsIn(room, 1) as [UsageColumns];
    return { kernel, columns };
  }

  giveBack(room: OpenRoom): void {
    this.#free.push(room);
  }
}
