import { statfs } from "node:fs/promises";
import { TallystickError } from "../core/errors.ts";

/** What the system says, in its own words or as a code, and what somebody has to do. */
const CAUSES: readonly [RegExp, string][] = [
  [
    /ENOSPC|No space left|EDQUOT|quota exceeded|EFBIG|File too large/i,
    "the disk is full, or the quota is used up. Free space; it goes on by itself.",
  ],
  [
    /EROFS|Read-only file system/i,
    "the disk is read-only. Mount it for writing; it goes on by itself.",
  ],
  [
    /EIO|Input\/output error/i,
    "the disk fails (input/output error). Look at the system's log; move the data to another disk.",
  ],
  [/EACCES|EPERM|Permission denied/i, "permission is denied. Let the node's user write there."],
];

/** Why the disk did not do what it was asked, for people; levels of causes are looked through. */
export function whyDisk(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { message, code = "" } = at as NodeJS.ErrnoException;
    const known = CAUSES.find(([pattern]) => pattern.test(`${code} ${message}`));
    if (known !== undefined) return known[1];
  }
  return `the disk did not do it (${error instanceof Error ? error.message : String(error)}). Check it, then start again.`;
}

export interface DiskSpace {
  freeBytes: number;
  sizeBytes: number;
}

/**
 * Of the file system that holds the folder, for whoever is not its administrator.
 * @throws TallystickError `disk.unavailable`
 */
export async function diskSpace(folder: string): Promise<DiskSpace> {
  try {
    const { bavail, bsize, blocks } = await statfs(folder);
    return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
  } catch (cause) {
    throw new TallystickError(
      "disk.unavailable",
      `The data folder does not answer: ${whyDisk(cause)}`,
      { file: folder },
      cause,
    );
  }
}

/**
 * Keeps room on the disk for what has to go on: commitments, repairs, the store's own upkeep. Intake
 * ends before the disk does.
 */
export class DiskReserve {
  readonly #folder: string;
  readonly #reserveBytes: number;

  constructor(folder: string, reserveBytes: number) {
    this.#folder = folder;
    this.#reserveBytes = reserveBytes;
  }

  async look(): Promise<DiskSpace & { hasRoom: boolean }> {
    const space = await diskSpace(this.#folder);
    return { ...space, hasRoom: space.freeBytes >= this.#reserveBytes };
  }

  /** @throws TallystickError `disk.nearly-full` */
  async requireRoom(): Promise<void> {
    const { freeBytes, hasRoom } = await this.look();
    if (hasRoom) return;
    const megabytes = (bytes: number) => Math.floor(bytes / 1_000_000);
    throw new TallystickError(
      "disk.nearly-full",
      `The disk has ${megabytes(freeBytes)} MB left, and ${megabytes(this.#reserveBytes)} MB are kept for what must go on. Nothing is taken in until there is room again; what was taken in is safe. Free space and send the file again.`,
      { file: this.#folder },
    );
  }
}
