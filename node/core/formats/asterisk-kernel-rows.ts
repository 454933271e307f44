import type { AsteriskParser } from "./asterisk-parser.ts";
import { causeInId, DISPOSITIONS } from "./asterisk-record.ts";
import type { CsvRowReader } from "./csv-rows.ts";
import type { KernelNames } from "./kernel/kernel-names.ts";
import type { ReadingKernel } from "./kernel/reading-kernel.ts";
import type { PlainRows } from "./plain-rows.ts";
import type { UsageColumns } from "./usage-columns.ts";

/** Takes plain rows by a kernel, thousands at a time. */
export class AsteriskKernelRows implements PlainRows {
  readonly names: KernelNames;
  readonly #parser: AsteriskParser;
  readonly #rows: CsvRowReader;
  readonly #kernel: ReadingKernel;

  /** @param prefix how ids begin, in ASCII @param names of a kernel that no other reader has until this one is done */
  constructor(parser: AsteriskParser, rows: CsvRowReader, prefix: Uint8Array, names: KernelNames) {
    this.#parser = parser;
    this.#rows = rows;
    this.names = names;
    this.#kernel = names.kernel;
    this.#kernel.setAsterisk(
      prefix,
      DISPOSITIONS.map((name) => ({ name, cause: causeInId(name) })),
    );
  }

  begin(): void {
    this.names.begin();
  }

  take(columns: UsageColumns, from: number): number {
    let at = from;
    for (;;) {
      const span = this.#rows.isFree(0) ? this.#parser.steadySpan : undefined;
      if (span === undefined) return at;
      const first = columns.count;
      const taken = this.#kernel.takeAsterisk(columns, at, span);
      this.#rows.passLines(columns.count - first);
      this.#parser.pass(columns.count - first, taken.billable, taken.seconds);
      at = taken.at;
      if (taken.localMs < 0) return at;
      // The row's day is another one: whether its offset is as steady is not the kernel's to know.
      if (Number.isNaN(this.#parser.steadyOffset(taken.localMs, taken.epochMs))) return at;
    }
  }

  end(): void {
    this.names.learn();
  }
}
