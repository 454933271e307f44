import { stat } from "node:fs/promises";
import { join } from "node:path";
import { TallystickError } from "../core/errors.ts";

/** LevelDB makes it with a store and never again. */
const MARK = "LOCK";

/**
 * The folder that a store was opened in. Files of a folder that was removed or put elsewhere go on taking what is
 * written to those who hold them open: a write is not acknowledged before the folder was seen where it was.
 */
export class StoreFolder {
  readonly #path: string;
  readonly #mark: string;

  private constructor(path: string, mark: string) {
    this.#path = path;
    this.#mark = mark;
  }

  static async of(path: string): Promise<StoreFolder> {
    return new StoreFolder(path, await markOf(path));
  }

  /** @throws TallystickError `store.removed` */
  async requireThere(): Promise<void> {
    let found: string;
    try {
      found = await markOf(this.#path);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== "ENOENT" && code !== "ENOTDIR") throw cause;
      throw removed(this.#path, cause);
    }
    if (found !== this.#mark) throw removed(this.#path);
  }
}

export const removed = (file: string, cause?: unknown): TallystickError =>
  new TallystickError(
    "store.removed",
    "A folder or a file of the store is no longer where it was when the store was opened: it was removed, moved or replaced. Nothing more is written. Put back what was there and start the node again, or restore the last backup and send the files after it again.",
    { file },
    cause,
  );

async function markOf(path: string): Promise<string> {
  const { dev, ino } = await stat(join(path, MARK), { bigint: true });
  return `${dev} ${ino}`;
}
