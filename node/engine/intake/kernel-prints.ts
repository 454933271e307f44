import type { ReadingKernel } from "../../core/formats/kernel/reading-kernel.ts";
import {
  NAMES_MAX,
  PRINT_ENTRIES_AT,
  PRINT_TEXTS_AT,
  TEXTS_BYTES,
} from "../../core/formats/kernel/reading-room.ts";
import type { UsageColumns } from "../../core/formats/usage-columns.ts";
import { Fingerprint } from "./fingerprint.ts";

/**
 * What Fingerprint makes of columns, by a kernel. Batches may come long after they were read, so names are put down
 * here once more, as each generation of them grows; where they are too many or too long, JavaScript does the same.
 */
export class KernelPrints {
  readonly #kernel: ReadingKernel;
  readonly #plain: Fingerprint;
  readonly #utf8 = new TextEncoder();
  #generation = -1;
  /** Names that are put down: those below this number. */
  #count = 1;
  #end = PRINT_TEXTS_AT;

  /** @param seeds as of Fingerprint */
  constructor(seeds: Uint32Array, kernel: ReadingKernel) {
    this.#kernel = kernel;
    this.#plain = new Fingerprint(seeds);
    kernel.setSeeds(seeds, this.#plain.beginnings());
  }

  /** As `Fingerprint.ofColumns`. @param columns of one file, in its order */
  ofColumns(columns: UsageColumns): void {
    if (!this.#putNames(columns)) {
      this.#plain.ofColumns(columns);
      return;
    }
    for (let row = 0; row < columns.count; row++) {
      row = this.#kernel.takePrints(columns, row);
      // A row that the kernel leaves out.
      if (row < columns.count) this.#plain.ofRow(columns, row);
    }
    columns.hasPrints = true;
  }

  /** @returns whether there was room */
  #putNames({ names, generation }: UsageColumns): boolean {
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.#count = 1;
      this.#end = PRINT_TEXTS_AT;
    }
    if (names.length === this.#count) return true;
    const text = names.slice(this.#count).join("");
    // They are ASCII, so that characters are bytes.
    if (names.length > NAMES_MAX || this.#end + text.length > PRINT_TEXTS_AT + TEXTS_BYTES) {
      return false;
    }
    const { words, bytes } = this.#kernel;
    bytes.set(this.#utf8.encode(text), this.#end);
    for (; this.#count < names.length; this.#count++) {
      const entry = PRINT_ENTRIES_AT / 4 + 2 * this.#count;
      const { length } = names[this.#count] as string;
      words[entry] = this.#end;
      words[entry + 1] = length;
      this.#end += length;
    }
    return true;
  }
}
