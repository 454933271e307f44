import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { SAFE_MAX } from "../money/safe-integers.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import type { FileReport, ParseOptions, Problem, Rejection, Totals } from "./inspect-line.ts";
import { MemoryRepetitionIndex, type RepetitionIndex } from "./repetition-index.ts";

const EXAMPLES_MAX = 10;

/** SHA-256 of raw bytes, hexadecimal, by the platform's function when the caller gave one. */
export function digestOf(options: ParseOptions): (bytes: Uint8Array) => string {
  return options.sha256 ?? ((bytes) => bytesToHex(sha256(bytes)));
}

/** What is counted of a record that is not there as an object; each NaN where it says none. */
export interface CountedNumbers {
  durationSeconds: number;
  /** Whole, and at most 2^52: of both directions and of the total, whichever it says. */
  octets: number;
  /** Whole, and at most 2^52. */
  units: number;
}

/** What is counted of many such records; of what none of them says, undefined. */
export interface CountedSums {
  records: number;
  billable: number;
  durationMs: number | undefined;
  octets: bigint | undefined;
  units: bigint | undefined;
}

/** What a parser counts while it reads one file; becomes the file's line. */
export class FileTally {
  readonly #format: string;
  readonly #options: ParseOptions;
  readonly #ids: RepetitionIndex;
  readonly #problems = new Map<string, Problem & { count: number; positions: number[] }>();
  #records = 0;
  #billable = 0;
  #rejected = 0;
  #durationMs: bigint | undefined;
  #units: bigint | undefined;
  #octets: bigint | undefined;
  /** What is not in the three above yet: an integer of any length costs more than a record. */
  #fewMs = 0;
  #fewUnits = 0;
  #fewOctets = 0;

  constructor(format: string, options: ParseOptions) {
    this.#format = format;
    this.#options = options;
    this.#ids = (options.repetitions ?? (() => new MemoryRepetitionIndex()))();
  }

  get records(): number {
    return this.#records;
  }

  /** Counts and hands back, so that a parser can write `yield tally.accept(record)`. */
  accept(record: UsageRecord, position: number): UsageRecord {
    this.#records++;
    if (record.billable) this.#billable++;
    if (record.durationSeconds !== undefined) {
      this.#addMs(Math.round(record.durationSeconds * 1000));
    }
    if (record.units !== undefined) this.#units = (this.#units ?? 0n) + BigInt(record.units);
    for (const octets of [record.uplinkOctets, record.downlinkOctets, record.totalOctets]) {
      if (octets !== undefined) this.#octets = (this.#octets ?? 0n) + BigInt(octets);
    }
    this.#ids.add(record.id, position);
    return record;
  }

  /** Counts records of so many whole seconds in all that are not there as objects. */
  count(records: number, billable: number, durationSeconds: number): void {
    if (records === 0) return;
    this.#records += records;
    this.#billable += billable;
    this.#addMs(1000 * durationSeconds);
  }

  /** The same of a record that may have none of these, or a duration with decimals. */
  countUse(billable: boolean, { durationSeconds, octets, units }: CountedNumbers): void {
    this.#records++;
    if (billable) this.#billable++;
    if (!Number.isNaN(durationSeconds)) this.#addMs(Math.round(durationSeconds * 1000));
    if (!Number.isNaN(units)) {
      this.#units ??= 0n;
      this.#fewUnits += units;
    }
    if (!Number.isNaN(octets)) {
      this.#octets ??= 0n;
      this.#fewOctets += octets;
    }
    if (this.#fewOctets > SAFE_MAX || this.#fewUnits > SAFE_MAX) this.#addFew();
  }

  /** The same of many of them. */
  countSums({ records, billable, durationMs, octets, units }: CountedSums): void {
    this.#records += records;
    this.#billable += billable;
    if (durationMs !== undefined) this.#addMs(durationMs);
    if (units !== undefined) this.#units = (this.#units ?? 0n) + units;
    if (octets !== undefined) this.#octets = (this.#octets ?? 0n) + octets;
  }

  #addMs(durationMs: number): void {
    this.#durationMs ??= 0n;
    if (this.#fewMs + durationMs > SAFE_MAX) {
      this.#durationMs += BigInt(this.#fewMs) + BigInt(durationMs);
      this.#fewMs = 0;
    } else this.#fewMs += durationMs;
  }

  #addFew(): void {
    if (this.#fewMs > 0) this.#durationMs = (this.#durationMs ?? 0n) + BigInt(this.#fewMs);
    if (this.#fewUnits > 0) this.#units = (this.#units ?? 0n) + BigInt(this.#fewUnits);
    if (this.#fewOctets > 0) this.#octets = (this.#octets ?? 0n) + BigInt(this.#fewOctets);
    this.#fewMs = this.#fewUnits = this.#fewOctets = 0;
  }

  reject(rejected: Rejection): { rejected: Rejection } {
    this.#rejected++;
    return { rejected };
  }

  /** A finding whose occurrences were counted elsewhere. */
  problems(problem: Problem & { count: number; positions: number[] }): void {
    this.#problems.set(problem.code, problem);
  }

  /** The same code is counted, not repeated, so that a bad file of any length stays readable. */
  problem(code: string, message: string, position?: number): void {
    const known = this.#problems.get(code) ?? { code, message, count: 0, positions: [] };
    known.count++;
    if (position !== undefined && known.positions.length < EXAMPLES_MAX) {
      known.positions.push(position);
    }
    this.#problems.set(code, known);
  }

  report(
    declared: Totals = {},
    more: Partial<Pick<FileReport, "version" | "sender" | "recipient" | "sequenceNumber">> = {},
  ): { file: FileReport } {
    const problems: Problem[] = [...this.#problems.values()].map(
      ({ code, message, count, positions }) =>
        positions.length === 0 ? { code, message } : { code, message, count, positions },
    );
    const { count, first } = this.#ids.finish(EXAMPLES_MAX);
    if (count > 0) {
      const examples = first.map((one) => `${one.position} repeats ${one.firstPosition}`);
      problems.push({
        code: "file.duplicate-record",
        message: `${count} of the records repeat an earlier one of this file (record ${examples.join(", ")}${count > first.length ? ", ..." : ""}). They would be charged once.`,
        count,
        positions: first.map((one) => one.position),
      });
    }
    if (declared.records !== undefined && declared.records !== this.#records + this.#rejected) {
      problems.push({
        code: "file.count-differs",
        message: `The file declares ${declared.records} records and holds ${this.#records + this.#rejected}.`,
      });
    }
    return {
      file: {
        name: this.#options.file,
        format: this.#format,
        ...more,
        records: this.#records,
        rejected: this.#rejected,
        declared,
        computed: this.#computed(),
        problems,
      },
    };
  }

  /** For the parser's `finally`: a reader that stops early must not leave an index behind. */
  discard(): void {
    this.#ids.discard();
  }

  #computed(): Totals {
    this.#addFew();
    const octets = this.#octets;
    return {
      records: this.#records,
      billable: this.#billable,
      ...(this.#durationMs === undefined
        ? {}
        : { durationSeconds: Number(this.#durationMs) / 1000 }),
      ...(this.#units === undefined ? {} : { units: Number(this.#units) }),
      ...(octets === undefined
        ? {}
        : { octets: octets <= Number.MAX_SAFE_INTEGER ? Number(octets) : octets.toString() }),
    };
  }
}
