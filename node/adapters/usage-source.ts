import { stat } from "node:fs/promises";
import { readColumns } from "../core/formats/columns-reader.ts";
import type { ParseOptions } from "../core/formats/inspect-line.ts";
import type { UsageFormat } from "../core/formats/registry.ts";
import type { UsageLines } from "../core/formats/usage-columns.ts";
import { columnsOfFile } from "./columns-thread.ts";
import { openInput } from "./files.ts";

/** A thread costs a tenth of a second of processor before its first row; smaller files are read beside. */
const THREAD_BYTES_MIN = 16_777_216;

/**
 * A file's lines in the quickest way that its format and size allow: by columns where the format has them,
 * and then by a thread of its own where the file is large.
 * @param seeds of the fingerprints, when they are asked for
 */
export async function* usageOfFile(
  path: string,
  format: UsageFormat,
  options: ParseOptions,
  seeds?: Uint32Array,
): AsyncGenerator<UsageLines extends AsyncIterable<infer Line> ? Line : never> {
  if (format.columns === undefined) {
    yield* (format.parseBlocks ?? format.parse)((await openInput(path)).chunks, options);
  } else if ((await stat(path)).size < THREAD_BYTES_MIN) {
    yield* readColumns((await openInput(path)).chunks, format.columns, options);
  } else {
    yield* columnsOfFile(path, format.name, options, seeds === undefined ? {} : { seeds });
  }
}
