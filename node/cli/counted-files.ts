import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { TallystickError } from "../core/errors.ts";
import type { RatingState } from "../core/rating/rating-state.ts";

/**
 * Keeps a file from being counted twice in a state. Files are known by the digest of their bytes:
 * ids of records would take 16 bytes for each record ever counted, read and written at every run.
 */
export class CountedFiles {
  readonly #state: RatingState;
  readonly #path: string;
  readonly #mayRepeat: boolean;
  readonly #digest = createHash("sha256");

  constructor(state: RatingState, path: string, mayRepeat: boolean) {
    this.#state = state;
    this.#path = path;
    this.#mayRepeat = mayRepeat;
  }

  /**
   * Before the first charge is printed. Of a stream, which can be read only once, `keep` finds it
   * out; a file that can not be read is told of by the run that reads its records.
   * @throws TallystickError `state.file-counted`
   */
  async refuseKnown(): Promise<void> {
    if (this.#mayRepeat || this.#path === "-") return;
    const found = await stat(this.#path).catch(() => undefined);
    if (found?.isFile() !== true) return;
    const digest = createHash("sha256");
    const isRead = await pipeline(createReadStream(this.#path), digest).then(
      () => true,
      () => false,
    );
    if (isRead) this.#refuse(digest.digest("hex"));
  }

  /** The bytes that are rated, in order. */
  readonly seen = (bytes: Uint8Array): void => {
    this.#digest.update(bytes);
  };

  /**
   * At the end of the run, before the state is written; a file of which nothing was rated counts
   * for nothing and may come again.
   * @throws TallystickError `state.file-counted`
   */
  keep(rated: number): void {
    const sha256 = this.#digest.digest("hex");
    this.#refuse(sha256);
    if (rated === 0) return;
    const name = this.#path === "-" ? "standard input" : this.#path;
    this.#state.countFile({ sha256, name, rated, at: new Date().toISOString() });
  }

  #refuse(sha256: string): void {
    const known = this.#state.countedFile(sha256);
    if (known === undefined || this.#mayRepeat) return;
    throw new TallystickError(
      "state.file-counted",
      `The state holds the ${known.rated} records of this file already, as ${known.name}, since ` +
        `${known.at}; nothing of this run is kept. Rate it with a state of its own, or with ` +
        "--count-again if it is to count once more.",
      { file: this.#path === "-" ? "standard input" : this.#path },
    );
  }
}
