import { assert } from "../../errors.ts";
import type { CountedSums } from "../file-tally.ts";
import { NAME_KEY_WORDS } from "../keyed-hash.ts";
import type { UsageColumns } from "../usage-columns.ts";
import { COLUMNS_AT, ENTRIES_AT, type ReadingRoom, webAssembly } from "./reading-room.ts";
import { READING_KERNEL } from "./reading-wasm.ts";

/** What the functions do stands beside them in `assembly/`. */
interface ReadingExports {
  room(): number;
  dataStart(): number;
  told(): number;
  lists(): number;
  nameKey(): number;
  forgetNames(): void;
  beginNames(namesMax: number): number;
  nameCount(): number;
  takeAsterisk(
    from: number,
    length: number,
    first: number,
    offset: number,
    steadyFrom: number,
    steadyTo: number,
  ): number;
  takeNdjson(from: number, length: number, first: number): number;
  forgetPrints(): void;
  takePrints(first: number, count: number, hasMeasures: boolean): number;
}

/** Columns by their numbers in the kernel. */
const COLUMN_NAMES = [
  "start",
  "sessionStart",
  "durationSeconds",
  "from",
  "length",
  "idEnd",
  "aParty",
  "bParty",
  "utcOffsetMinutes",
  "isPlain",
  "isBillable",
  "service",
  "direction",
  "ids",
  "raw",
  "prints",
  "imsi",
  "deviceId",
  "uplinkText",
  "downlinkText",
  "measureText",
  "sourceOffset",
  "sourceLength",
  "quantity",
  "isPartial",
] as const satisfies (keyof UsageColumns)[];

/** Where both meet, from `room()` on. */
const TOLD_AT = 128;
const ID_PREFIX_AT = 256;
const DISPOSITIONS_AT = 512;
const SEEDS_AT = 1_024;
const BEGINNINGS_AT = 1_152;
const BEGINNING_BYTES = 32;
const LISTS_AT = {
  fields: 3_328,
  sourceFields: 4_352,
  services: 4_608,
  directions: 4_864,
  partials: 4_992,
} as const;
const MEASURES_OF_AT = 5_120;
const NAME_KEY_AT = 6_144;

/** So that those of one more batch find room. */
const NAMES_MAX = 262_144;

export interface KernelOptions {
  /** Another one only in tests. */
  module?: object | undefined;
  /** Of a file, beyond which they are forgotten before the next batch; at most as many as without it. */
  namesMax?: number;
}

let compiled: object | undefined;

/** Undefined without SIMD, and where WebAssembly is forbidden. */
function moduleOfKernel(): object | undefined {
  if (webAssembly === undefined) return undefined;
  try {
    compiled ??= new webAssembly.Module(
      Uint8Array.from(atob(READING_KERNEL), (character) => character.charCodeAt(0)),
    );
  } catch {
    // Asked again for the next file, and in vain again.
  }
  return compiled;
}

/**
 * Reads rows into columns that lie in a room, for one reader at a time: names and settings are those of the file
 * that is read. Addresses are this class's to keep inside the room.
 */
export class ReadingKernel {
  readonly #exports: ReadingExports;
  readonly #namesMax: number;
  readonly #buffer: SharedArrayBuffer;
  readonly #room: number;
  readonly #told: Float64Array;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;

  private constructor(exports: ReadingExports, buffer: SharedArrayBuffer, namesMax: number) {
    this.#exports = exports;
    this.#namesMax = namesMax;
    this.#buffer = buffer;
    this.#room = exports.room();
    this.#told = new Float64Array(buffer, this.#room + TOLD_AT, 16);
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer, 0, Math.floor(buffer.byteLength / 4));
    const isLaidOutAlike =
      exports.dataStart() === COLUMNS_AT &&
      exports.told() === this.#room + TOLD_AT &&
      exports.lists() === this.#room + LISTS_AT.fields &&
      exports.nameKey() === this.#room + NAME_KEY_AT;
    assert(isLaidOutAlike, "the room is laid out as the kernel's");
  }

  /** Undefined where this machine can not run it, or the room is none for it. */
  static open(
    { memory, buffer }: ReadingRoom,
    { module = moduleOfKernel(), namesMax = NAMES_MAX }: KernelOptions = {},
  ): ReadingKernel | undefined {
    if (memory === undefined || webAssembly === undefined || module === undefined) return undefined;
    const abort = () => {
      throw new Error("the kernel does not abort");
    };
    const { exports } = new webAssembly.Instance(module, { env: { memory, abort } });
    return new ReadingKernel(exports as ReadingExports, buffer, namesMax);
  }

  /** Before rows are read: of a switch's ids the beginning, and dispositions with the causes in ids. */
  setAsterisk(prefix: Uint8Array, dispositions: readonly { name: string; cause: string }[]): void {
    const at = this.#room + ID_PREFIX_AT;
    this.words[at / 4] = prefix.length;
    this.bytes.set(prefix, at + 4);
    const utf8 = new TextEncoder();
    for (const { name, cause } of dispositions) {
      const place = this.#room + DISPOSITIONS_AT + 32 * name.length;
      this.bytes.fill(0, place, place + 32);
      this.bytes.set(utf8.encode(name), place);
      this.bytes.set(utf8.encode(cause), place + 16);
    }
  }

  /** Under which fingerprints are taken, four words. @param beginnings states behind a service and a direction */
  setSeeds(
    seeds: Uint32Array,
    beginnings: readonly { service: number; direction: number; a: number; b: number }[],
  ): void {
    this.words.set(seeds, (this.#room + SEEDS_AT) / 4);
    const minutes = new Float64Array(this.#buffer);
    for (const { service, direction, a, b } of beginnings) {
      const at = this.#room + BEGINNINGS_AT + BEGINNING_BYTES * (4 * service + direction);
      this.words[at / 4] = a;
      this.words[at / 4 + 1] = b;
      minutes[at / 8 + 2] = Number.NaN;
    }
    this.#exports.forgetPrints();
  }

  /** Of a new file. @param key under which its names are found, NAME_KEY_WORDS words */
  forgetNames(key: Uint32Array): void {
    assert(key.length === NAME_KEY_WORDS, "a key is as long as the longest name asks for");
    this.words.set(key, (this.#room + NAME_KEY_AT) / 4);
    this.#exports.forgetNames();
  }

  /** Before a batch. @returns whether the names were too many and count from 1 again */
  beginNames(): boolean {
    return this.#exports.beginNames(this.#namesMax) === 1;
  }

  get nameCount(): number {
    return this.#exports.nameCount();
  }

  /** Where a name's text stands, which is ASCII, and its length. */
  nameAt(number: number): { from: number; length: number } {
    const entry = ENTRIES_AT / 4 + 2 * number;
    return { from: this.words[entry] as number, length: this.words[entry + 1] as number };
  }

  /**
   * Appends plain rows of a switch to the columns. @param from place in `raw` of the first
   * @param steady what to take from its stamps for UTC, milliseconds, and of which local times
   */
  takeAsterisk(
    columns: UsageColumns,
    from: number,
    steady: { offset: number; from: number; to: number },
  ): { at: number; billable: number; seconds: number; localMs: number; epochMs: number } {
    this.#setColumns(columns);
    const { rawLength, count } = columns;
    const { offset } = steady;
    const at = this.#exports.takeAsterisk(from, rawLength, count, offset, steady.from, steady.to);
    const [rows, billable, seconds, localMs, epochMs] = this.#told;
    columns.count = rows as number;
    return { at, billable, seconds, localMs, epochMs } as ReturnType<typeof this.takeAsterisk>;
  }

  /** Before usage records are read: names of their fields and values with what they stand for, 16 bytes at most. */
  setNdjson(
    lists: Readonly<Record<keyof typeof LISTS_AT, readonly (readonly [string, number])[]>>,
    measuresOf: readonly number[],
  ): void {
    for (const list of Object.keys(LISTS_AT) as (keyof typeof LISTS_AT)[]) {
      let at = this.#room + LISTS_AT[list];
      for (const [name, code] of lists[list]) {
        this.bytes.fill(0, at, at + 32);
        this.bytes.set(new TextEncoder().encode(name), at);
        this.words[at / 4 + 4] = name.length;
        this.words[at / 4 + 5] = code;
        at += 32;
      }
    }
    for (const [service, fields] of measuresOf.entries()) {
      this.words[(this.#room + MEASURES_OF_AT) / 4 + service] = fields ?? 0;
    }
  }

  /** Appends plain lines of usage records to the columns. @param from place in `raw` of the first */
  takeNdjson(columns: UsageColumns, from: number): { at: number; counted: CountedSums } {
    this.#setColumns(columns);
    const { rawLength, count } = columns;
    const at = this.#exports.takeNdjson(from, rawLength, count);
    const told = (place: number) => this.#told[place] as number;
    columns.count = told(0);
    const sum = (low: number) => (BigInt(told(low + 1)) << 32n) + BigInt(told(low));
    return {
      at,
      counted: {
        records: told(0) - count,
        billable: told(1),
        durationMs: told(5) === 0 ? undefined : told(2),
        octets: told(6) === 0 ? undefined : sum(7),
        units: told(9) === 0 ? undefined : sum(10),
      },
    };
  }

  /** Fills the fingerprints of rows from `first` on. @returns the first of which it can not, or their count */
  takePrints(columns: UsageColumns, first: number): number {
    this.#setColumns(columns);
    return this.#exports.takePrints(first, columns.count, columns.hasMeasures);
  }

  #setColumns(columns: UsageColumns): void {
    assert(columns.buffer === this.#buffer, "the columns lie in the kernel's room");
    for (let column = 0; column < COLUMN_NAMES.length; column++) {
      const name = COLUMN_NAMES[column] as (typeof COLUMN_NAMES)[number];
      this.words[this.#room / 4 + column] = columns[name].byteOffset;
    }
  }
}
