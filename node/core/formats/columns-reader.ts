import type { Chunks, InspectLine, ParseOptions } from "./inspect-line.ts";
import type { ReadingKernel } from "./kernel/reading-kernel.ts";
import { UsageColumns } from "./usage-columns.ts";

export interface ColumnsOptions extends ParseOptions {
  /**
   * NAME_KEY_WORDS words that who writes the file does not know, by which its names are found: with a known key a file
   * can be made whose reading takes the square of its length. There is no other one: who opens a reader makes it.
   */
  nameKey: Uint32Array;
}

/** Reads one format's file into columns, in the file's order. */
export interface ColumnsReader {
  /**
   * Takes rows from `columns.raw` until it has no whole row left or the columns are full.
   * @param last whether the file ends with these bytes
   * @returns how many of the bytes were taken; the others are to stand first in the next columns
   */
  read(columns: UsageColumns, last: boolean): number;
  /** What `parse` yields last. */
  report(): InspectLine;
  discard(): void;
}

/**
 * Fills columns from wherever a file's bytes come: keeps what one batch left over for the next one.
 * Readers give up on rows of a sixteenth of the room, so there is always room, and progress.
 */
export class ColumnsFiller {
  readonly #reader: ColumnsReader;
  #rest: Uint8Array = new Uint8Array(0);
  #offset = 0;

  constructor(reader: ColumnsReader) {
    this.#reader = reader;
  }

  /** Whether bytes are left that no batch has taken. */
  get hasRest(): boolean {
    return this.#rest.length > 0;
  }

  /** Puts what is left in front. @returns the room behind it, for the file's next bytes */
  begin(columns: UsageColumns): Uint8Array {
    columns.raw.set(this.#rest);
    columns.rawLength = this.#rest.length;
    columns.rawOffset = this.#offset;
    return columns.raw.subarray(this.#rest.length);
  }

  /** @param added bytes that were put into the room */
  end(columns: UsageColumns, added: number, last: boolean): void {
    columns.rawLength += added;
    columns.hasPrints = false;
    columns.hasSources = columns.hasMeasures = false;
    const taken = this.#reader.read(columns, last);
    this.#rest = columns.raw.slice(taken, columns.rawLength);
    this.#offset += taken;
  }
}

/** A format's way into columns. */
export interface ColumnsFormat {
  /** @param kernel in whose room all columns lie, if one is to read them */
  open: (options: ColumnsOptions, kernel?: ReadingKernel) => ColumnsReader;
  /** Makes the record of a plain row again, on whichever thread. */
  recordOf: (options: ParseOptions) => UsageColumns["recordOf"];
}

/**
 * Batches of columns of a file, read on this very thread, and its report; a batch lasts until the next is asked for.
 * @param room in which a kernel reads; without it rows are read in JavaScript
 */
export async function* readColumns(
  chunks: Chunks,
  format: ColumnsFormat,
  options: ColumnsOptions,
  room?: { kernel: ReadingKernel; columns: UsageColumns },
): AsyncGenerator<UsageColumns | InspectLine> {
  const reader = format.open(options, room?.kernel);
  const filler = new ColumnsFiller(reader);
  const columns = room?.columns ?? new UsageColumns();
  columns.recordOf = format.recordOf(options);
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; ) {
        const room = filler.begin(columns);
        const part = chunk.subarray(at, at + room.length);
        room.set(part);
        at += part.length;
        filler.end(columns, part.length, false);
        if (columns.count > 0) yield columns;
      }
    }
    do {
      filler.begin(columns);
      filler.end(columns, 0, true);
      if (columns.count > 0) yield columns;
    } while (filler.hasRest);
    yield reader.report();
  } finally {
    reader.discard();
  }
}
