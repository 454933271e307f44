import { TallystickError } from "../errors.ts";
import type { BillLine } from "../verdicts/bill-line.ts";
import { type BillColumns, findColumns, separatorOf } from "./bill-columns.ts";
import { readBillRow } from "./bill-row.ts";
import { type CsvFault, type CsvRow, CsvRowReader, isFault } from "./csv-rows.ts";
import type { Chunks, Rejection } from "./inspect-line.ts";

/** Itemised lines of a bill as CSV with a header line; the input of `check-bill`. */
export const NAME = "bill-csv";

const HEADER_BYTES_MAX = 65_536;

export type BillInputLine = { line: BillLine } | { rejected: Rejection };

export function recognises(head: Uint8Array): boolean {
  const text = new TextDecoder().decode(head.subarray(0, HEADER_BYTES_MAX));
  const [header = ""] = text.split("\n", 1);
  for (const row of readAll(header, separatorOf(header))) {
    if (!isFault(row)) return "columns" in findColumns(row.fields);
  }
  return false;
}

function* readAll(text: string, separator: string): Generator<CsvRow | CsvFault> {
  const reader = new CsvRowReader({ separator });
  yield* reader.push(new TextEncoder().encode(text));
  yield* reader.end();
}

export interface BillCsvOptions {
  file: string;
  /** Where the bill names no currency. */
  currency?: string;
}

/** @throws TallystickError `bill.bad-header` when the columns that a check needs are not there */
export async function* parse(
  chunks: Chunks,
  options: BillCsvOptions,
): AsyncGenerator<BillInputLine> {
  const parser = new BillParser(options);
  for await (const chunk of chunks) yield* parser.push(chunk);
  yield* parser.end();
}

class BillParser {
  readonly #options: BillCsvOptions;
  readonly #decoder = new TextDecoder();
  /** What came before the header's line end. */
  #head = "";
  #reader: CsvRowReader | undefined;
  #columns: BillColumns | undefined;
  #position = 0;

  constructor(options: BillCsvOptions) {
    this.#options = options;
  }

  *push(chunk: Uint8Array): Generator<BillInputLine> {
    if (this.#reader === undefined) {
      this.#head += this.#decoder.decode(chunk, { stream: true });
      if (!this.#head.includes("\n") && this.#head.length < HEADER_BYTES_MAX) return;
      yield* this.#begin();
      return;
    }
    for (const row of this.#reader.push(chunk)) yield* this.#row(row);
  }

  *end(): Generator<BillInputLine> {
    if (this.#reader === undefined) yield* this.#begin();
    for (const row of this.#reader?.end() ?? []) yield* this.#row(row);
    if (this.#columns === undefined) throw this.#badHeader("The file is empty.", 1);
  }

  *#begin(): Generator<BillInputLine> {
    const [header = ""] = this.#head.split("\n", 1);
    const reader = new CsvRowReader({ separator: separatorOf(header) });
    this.#reader = reader;
    const head = new TextEncoder().encode(this.#head);
    this.#head = "";
    for (const row of reader.push(head)) yield* this.#row(row);
  }

  *#row(row: CsvRow | CsvFault): Generator<BillInputLine> {
    if (this.#columns === undefined) {
      if (isFault(row)) throw this.#badHeader(row.message, row.line);
      const found = findColumns(row.fields);
      if ("missing" in found) {
        throw this.#badHeader(`The header line names no column for ${found.missing}.`, row.line);
      }
      this.#columns = found.columns;
      return;
    }
    const position = ++this.#position;
    const place = { position, line: row.line, byte: row.byteOffset };
    if (isFault(row)) {
      yield { rejected: { code: row.code, message: row.message, ...place } };
      return;
    }
    try {
      yield { line: readBillRow(row.fields, this.#columns, position, this.#options.currency) };
    } catch (error) {
      if (!(error instanceof TallystickError)) throw error;
      const { code, message, field } = error.toJSON();
      yield { rejected: { code, message, ...place, ...(field === undefined ? {} : { field }) } };
    }
  }

  #badHeader(message: string, line: number): TallystickError {
    return new TallystickError(
      "bill.bad-header",
      `${message} A bill needs at least: line, other_party, start_local, amount_usd (or amount and currency).`,
      { file: this.#options.file, line },
    );
  }
}
