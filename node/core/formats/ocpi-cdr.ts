import { TallystickError } from "../errors.ts";
import { parseStrictJson } from "../json/strict-json.ts";
import { digestOf, FileTally } from "./file-tally.ts";
import type { Chunks, InspectLine, ParseOptions } from "./inspect-line.ts";
import { readOcpiSession } from "./ocpi-sessions.ts";

/**
 * Charge detail records and sessions of OCPI 2.1.1 to 2.3.0: one object, a list, what a server answers
 * (`{"data":[…]}`), or one object a line.
 */
export const NAME = "ocpi-cdr";

/** Of one JSON text; a file of one object a line is read by the line. */
const TEXT_BYTES_MAX = 64 * 1024 * 1024;

export function recognises(head: Uint8Array): boolean {
  const text = new TextDecoder().decode(head).trimStart();
  return /^[{[]/.test(text) && /"charging_periods"\s*:/.test(text);
}

export async function* parse(chunks: Chunks, options: ParseOptions): AsyncGenerator<InspectLine> {
  const parser = new OcpiParser(options);
  try {
    for await (const chunk of chunks) yield* parser.push(chunk);
    yield* parser.end();
  } finally {
    parser.discard();
  }
}

class OcpiParser {
  readonly #options: ParseOptions;
  readonly #tally: FileTally;
  readonly #sha256: (bytes: Uint8Array) => string;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #pending = "";
  /** Whether each line is an object; undefined until the first line was seen. */
  #isByLine: boolean | undefined;
  #line = 0;
  #position = 0;
  #count = 0;

  constructor(options: ParseOptions) {
    this.#options = options;
    this.#tally = new FileTally(NAME, options);
    this.#sha256 = digestOf(options);
  }

  *push(chunk: Uint8Array): Generator<InspectLine> {
    this.#pending += this.#decode(chunk);
    const end = this.#pending.indexOf("\n");
    if (this.#isByLine === undefined && end >= 0) {
      this.#isByLine = isJson(this.#pending.slice(0, end));
    }
    if (this.#isByLine === true) {
      const lines = this.#pending.split("\n");
      this.#pending = lines.pop() ?? "";
      for (const text of lines) yield* this.#text(text);
    }
    if (this.#pending.length <= TEXT_BYTES_MAX) return;
    throw new TallystickError(
      "ocpi.too-large",
      `A JSON text of more than ${TEXT_BYTES_MAX} bytes; write one object on each line.`,
      { file: this.#options.file },
    );
  }

  *end(): Generator<InspectLine> {
    this.#pending += this.#decode();
    yield* this.#text(this.#pending);
    yield this.#tally.report();
  }

  discard(): void {
    this.#tally.discard();
  }

  *#text(text: string): Generator<InspectLine> {
    this.#line += 1;
    if (text.trim() === "") return;
    let value: unknown;
    try {
      value = parseStrictJson(text);
    } catch (error) {
      if (!(error instanceof TallystickError)) throw error;
      yield this.#reject(error);
      return;
    }
    for (const session of sessionsOf(value)) yield* this.#session(session);
  }

  *#session(value: unknown): Generator<InspectLine> {
    this.#count += 1;
    try {
      const { records, energyDiffers } = readOcpiSession(
        value,
        `${this.#options.file}/${this.#count}`,
      );
      // The bytes of one among many can not be told apart: their JSON without blanks stands for them.
      const sha256 = this.#sha256(new TextEncoder().encode(JSON.stringify(value)));
      if (energyDiffers !== undefined) {
        const { declared, computed } = energyDiffers;
        this.#tally.problem(
          "ocpi.energy-differs",
          `total_energy is ${declared} kWh; the charging periods come to ${computed}.`,
          this.#position + 1,
        );
      }
      for (const record of records) {
        const position = ++this.#position;
        const source = { format: NAME, file: this.#options.file, position, sha256 };
        yield this.#tally.accept({ ...record, source }, position);
      }
    } catch (error) {
      if (!(error instanceof TallystickError)) throw error;
      yield this.#reject(error);
    }
  }

  #reject({ code, message, place }: TallystickError): InspectLine {
    const line = this.#isByLine === true ? this.#line : place.line;
    return this.#tally.reject({
      code,
      message,
      position: ++this.#position,
      ...(line === undefined ? {} : { line }),
      ...(place.field === undefined ? {} : { field: place.field }),
    });
  }

  #decode(chunk?: Uint8Array): string {
    try {
      const text =
        chunk === undefined
          ? this.#decoder.decode()
          : this.#decoder.decode(chunk, { stream: true });
      return text;
    } catch (cause) {
      const place = { file: this.#options.file };
      throw new TallystickError("file.not-utf8", "The file is no UTF-8 text.", place, cause);
    }
  }
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

function sessionsOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  const isAnswer = typeof value === "object" && value !== null && "data" in value;
  const { data } = isAnswer ? value : { data: value };
  return Array.isArray(data) ? data : [data];
}
