import { SERVICE_CODE } from "../commitment/charge-groups.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import type { InspectLine, Rejection } from "./inspect-line.ts";

const decoder = new TextDecoder();

/** Rows of one batch. */
export const COLUMN_ROWS_MAX = 4_096;
/** Bytes of a file that one batch is read from: an unfinished row of the last one, and new ones. */
export const RAW_BYTES = 1_048_576;
/** An id is at most 98 octets. */
const ID_BYTES = COLUMN_ROWS_MAX * 98;

const DOUBLES = ["start", "sessionStart", "durationSeconds", "sourceOffset", "quantity"] as const;
const WORDS = [
  "from",
  "length",
  "idEnd",
  "aParty",
  "bParty",
  "other",
  "sourceLength",
  "imsi",
  "deviceId",
  "uplinkText",
  "downlinkText",
  "measureText",
] as const;
/** Two fingerprints a row, each an upper and a lower half. */
export const PRINT_WORDS = 4;
const SHORTS = ["utcOffsetMinutes"] as const;
const OCTETS = ["isPlain", "isBillable", "service", "direction", "isPartial"] as const;

/** What a reader could not use, or a record that columns do not hold. */
export type OtherLine = UsageRecord | { rejected: Rejection };

/** What goes from the thread that reads to the one that rates, beside the buffer. */
export interface ColumnsHeader {
  count: number;
  rawOffset: number;
  generation: number;
  /** Position of the first row in the file, from 1. */
  firstPosition: number;
  others: OtherLine[];
  hasPrints: boolean;
  hasSources: boolean;
  hasMeasures: boolean;
}

/** Where digits stand in `raw`, in one word: the place in its lower 20 bits. Never 0, since they are not empty. */
export const placeInRaw = (from: number, to: number): number => (from | ((to - from) << 20)) >>> 0;
export const placeFrom = (place: number): number => place & 0xf_ffff;
export const placeTo = (place: number): number => (place & 0xf_ffff) + (place >>> 20);

/**
 * Usage records of a stretch of a file, as columns in one buffer that can go to another thread. A row
 * is "plain" when the columns say all that dedupe, guide and rating ask; every other row has its line
 * beside the columns, made by the format's plain reader. Nothing is kept of a batch once the next one is
 * asked for: its buffer is used again.
 */
export class UsageColumns {
  readonly buffer: ArrayBufferLike;
  /** Milliseconds since 1970 UTC, whole. */
  readonly start: Float64Array;
  /** The same as `start` where the record says none. */
  readonly sessionStart: Float64Array;
  readonly durationSeconds: Float64Array;
  /** Where the row begins in `raw`. */
  readonly from: Uint32Array;
  /** Bytes of the row without the line's end. */
  readonly length: Uint32Array;
  /** Where the row's id ends in `ids`; it begins where that of the row before ends. */
  readonly idEnd: Uint32Array;
  /** Numbers of names. */
  readonly aParty: Uint32Array;
  readonly bParty: Uint32Array;
  /** Of a row that is not plain: its line among `others`. */
  readonly other: Uint32Array;
  /** Where `hasSources`: place and bytes in the file that the record first came from; 0 where it tells none. */
  readonly sourceOffset: Float64Array;
  readonly sourceLength: Uint32Array;
  /**
   * Where `hasMeasures`, of services that are not rated by their duration: octets, milliwatt-hours or units; NaN
   * where the record says none.
   */
  readonly quantity: Float64Array;
  /** Where `hasMeasures`: numbers of names, as those of the parties. */
  readonly imsi: Uint32Array;
  readonly deviceId: Uint32Array;
  /** Where the digits stand that a fingerprint is taken of (`placeInRaw`), 0 for none. */
  readonly uplinkText: Uint32Array;
  readonly downlinkText: Uint32Array;
  /** The same of totalOctets, energyWattHours or units: the one that the service is rated by. */
  readonly measureText: Uint32Array;
  readonly prints: Uint32Array;
  readonly utcOffsetMinutes: Int16Array;
  readonly isPlain: Uint8Array;
  readonly isBillable: Uint8Array;
  /** Codes of the protocol. */
  readonly service: Uint8Array;
  readonly direction: Uint8Array;
  /** Where `hasMeasures`: whether it is one of several records of a session. */
  readonly isPartial: Uint8Array;
  readonly ids: Uint8Array;
  readonly raw: Uint8Array;
  count = 0;
  rawLength = 0;
  /** Of the first byte of `raw` in the file. */
  rawOffset = 0;
  firstPosition = 1;
  others: OtherLine[] = [];
  /** Names by their numbers; whoever remembers anything by number asks whether the generation is the same. */
  names: readonly string[] = [];
  generation = 0;
  /** Whether `prints` are filled. */
  hasPrints = false;
  /** Whether rows tell where they first came from; else it is this very file, and where they stand in it. */
  hasSources = false;
  /** Whether rows have more than a duration to be rated by, and more than a number to be told by. */
  hasMeasures = false;
  /** Makes the record of a plain row again, from the row's bytes. */
  recordOf: (columns: UsageColumns, row: number) => UsageRecord = () => {
    throw new Error("these columns have no reader");
  };

  /** @param place where they begin in the buffer */
  constructor(buffer: ArrayBufferLike = new ArrayBuffer(BUFFER_BYTES), place = 0) {
    this.buffer = buffer;
    let at = place;
    const rows = COLUMN_ROWS_MAX;
    const take = <Column>(bytes: number, make: (offset: number) => Column): Column => {
      const column = make(at);
      at += bytes;
      return column;
    };
    const doubles = () => take(8 * rows, (offset) => new Float64Array(buffer, offset, rows));
    const words = () => take(4 * rows, (offset) => new Uint32Array(buffer, offset, rows));
    const octets = () => take(rows, (offset) => new Uint8Array(buffer, offset, rows));
    [this.start, this.sessionStart, this.durationSeconds] = [doubles(), doubles(), doubles()];
    [this.from, this.length, this.idEnd] = [words(), words(), words()];
    [this.aParty, this.bParty, this.other] = [words(), words(), words()];
    [this.sourceOffset, this.sourceLength] = [doubles(), words()];
    [this.quantity, this.imsi, this.deviceId] = [doubles(), words(), words()];
    [this.uplinkText, this.downlinkText, this.measureText] = [words(), words(), words()];
    const prints = PRINT_WORDS * rows;
    this.prints = take(4 * prints, (offset) => new Uint32Array(buffer, offset, prints));
    this.utcOffsetMinutes = take(2 * rows, (offset) => new Int16Array(buffer, offset, rows));
    [this.isPlain, this.isBillable] = [octets(), octets()];
    [this.service, this.direction, this.isPartial] = [octets(), octets(), octets()];
    this.ids = take(ID_BYTES, (offset) => new Uint8Array(buffer, offset, ID_BYTES));
    this.raw = take(RAW_BYTES, (offset) => new Uint8Array(buffer, offset, RAW_BYTES));
  }

  /** What a charge says of where its record came from. */
  byteOffset(row: number): number {
    return this.hasSources
      ? (this.sourceOffset[row] as number)
      : this.rawOffset + (this.from[row] as number);
  }

  byteLength(row: number): number {
    return (this.hasSources ? this.sourceLength[row] : this.length[row]) as number;
  }

  /** As control totals count it; NaN where it says none. */
  octets(row: number): number {
    const isData = this.service[row] === SERVICE_CODE.data;
    return isData && this.hasMeasures ? (this.quantity[row] as number) : Number.NaN;
  }

  idFrom(row: number): number {
    return row === 0 ? 0 : (this.idEnd[row - 1] as number);
  }

  id(row: number): string {
    return decoder.decode(this.ids.subarray(this.idFrom(row), this.idEnd[row]));
  }

  /** A row's line as the format's plain reader yields it. */
  lineAt(row: number): Exclude<InspectLine, { file: unknown }> {
    return this.isPlain[row] === 1
      ? this.recordOf(this, row)
      : (this.others[this.other[row] as number] as OtherLine);
  }

  /** Appends a row that is not plain. */
  putOther(line: OtherLine): void {
    const row = this.count++;
    this.isPlain[row] = 0;
    this.idEnd[row] = this.idFrom(row);
    this.other[row] = this.others.length;
    this.others.push(line);
  }

  /** What is filled of all columns but the prints, for who keeps a batch; ids and raw bytes stand beside. */
  filled(): Uint8Array[] {
    const { count, buffer } = this;
    const doubles = [this.start, this.sessionStart, this.durationSeconds];
    const words = [this.from, this.length, this.idEnd, this.aParty, this.bParty, this.other];
    const small = [this.utcOffsetMinutes];
    const octets = [this.isPlain, this.isBillable, this.service, this.direction];
    if (this.hasSources) {
      doubles.push(this.sourceOffset);
      words.push(this.sourceLength);
    }
    if (this.hasMeasures) {
      doubles.push(this.quantity);
      words.push(this.imsi, this.deviceId, this.uplinkText, this.downlinkText, this.measureText);
      octets.push(this.isPartial);
    }
    return [...doubles, ...words, ...small, ...octets].map(
      ({ byteOffset, BYTES_PER_ELEMENT }) =>
        new Uint8Array(buffer, byteOffset, BYTES_PER_ELEMENT * count),
    );
  }

  header(): ColumnsHeader {
    const { count, rawOffset, generation, firstPosition, others } = this;
    const { hasPrints, hasSources, hasMeasures } = this;
    return {
      count,
      rawOffset,
      generation,
      firstPosition,
      others,
      hasPrints,
      hasSources,
      hasMeasures,
    };
  }
}

/** Lines of a file, one by one, many at a time, or as columns. */
export type UsageLines = AsyncIterable<InspectLine | InspectLine[] | UsageColumns>;

/** Of all columns, ids and the file's own bytes. */
export const BUFFER_BYTES =
  COLUMN_ROWS_MAX *
    (8 * DOUBLES.length + 4 * (WORDS.length + PRINT_WORDS) + 2 * SHORTS.length + OCTETS.length) +
  ID_BYTES +
  RAW_BYTES;
