import { DIRECTION_CODE, SERVICE_CODE } from "../../core/commitment/charge-groups.ts";
import {
  PRINT_WORDS,
  placeFrom,
  placeTo,
  type UsageColumns,
} from "../../core/formats/usage-columns.ts";
import type { UsageRecord } from "../../core/records/usage-record.ts";

/** What a fingerprint was taken of: a record's full source key, or its content without the key. */
export const SEEN = { id: 1, content: 2 } as const;

const DAY = 86_400_000;
const INSTANT_BYTES = 24;
/** Stands where the length of a field would, when there is no field. */
const ABSENT_LENGTH = 0x7fff_ffff;
const ZERO = 0x30;
const utf8 = new TextEncoder();

/** Names of services and directions by their codes. */
const SERVICES = Object.fromEntries(
  Object.entries(SERVICE_CODE).map(([name, code]) => [code, name]),
);
const DIRECTIONS = Object.fromEntries(
  Object.entries(DIRECTION_CODE).map(([name, code]) => [code, name]),
);

/**
 * Fingerprints of 64 bits under a key, so that nobody can make two texts that meet. Fields are mixed one
 * after the other in two lanes of multiplications; a text and the same text in ASCII bytes are the same.
 */
export class Fingerprint {
  readonly #seeds: Uint32Array;
  #a = 0;
  #b = 0;
  readonly #instant = new Uint8Array(INSTANT_BYTES);
  #day = Number.NaN;
  #beginning = { service: -1, direction: -1, a: 0, b: 0 };
  /** The fingerprint that was computed last. */
  high = 0;
  low = 0;

  /** @param seeds four random words */
  constructor(seeds: Uint32Array) {
    this.#seeds = seeds;
  }

  /** Sets `high` and `low`: of a text. */
  fingerprint(kind: number, text: string): void {
    this.begin(kind);
    this.mix(text);
    this.end();
  }

  /** The same of several fields: `begin`, `mix` each, `end`. */
  begin(kind: number): void {
    this.#a = (this.#seeds[0] as number) ^ kind;
    this.#b = this.#seeds[1] as number;
  }

  /** A field that is absent differs from every text. */
  mix(field: string | number | undefined): void {
    const text = typeof field === "string" ? field : field === undefined ? "" : String(field);
    let a = this.#a;
    // The length keeps neighbouring fields apart.
    let b = this.#b ^ (field === undefined ? ABSENT_LENGTH : text.length);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 0x9e3779b1);
      a = (a << 15) | (a >>> 17);
      b = Math.imul(b ^ code, 0x85ebca77);
      b = (b << 13) | (b >>> 19);
    }
    this.#a = a;
    this.#b = Math.imul(b, 0x85ebca77);
  }

  /** As `mix` of the text that stands in ASCII bytes. */
  mixBytes(bytes: Uint8Array, from: number, to: number): void {
    let a = this.#a;
    let b = this.#b ^ (to - from);
    for (let at = from; at < to; at++) {
      const code = bytes[at] as number;
      a = Math.imul(a ^ code, 0x9e3779b1);
      a = (a << 15) | (a >>> 17);
      b = Math.imul(b ^ code, 0x85ebca77);
      b = (b << 13) | (b >>> 19);
    }
    this.#a = a;
    this.#b = Math.imul(b, 0x85ebca77);
  }

  /** Mixes the lanes, as MurmurHash3 ends. */
  end(): void {
    let a = this.#a;
    let b = this.#b;
    a = Math.imul(a ^ (a >>> 16) ^ (this.#seeds[2] as number), 0xc2b2ae3d);
    b = Math.imul(b ^ (b >>> 15) ^ (this.#seeds[3] as number), 0x27d4eb2f);
    a ^= b >>> 13;
    b ^= Math.imul(a, 0x165667b1);
    this.high = (a ^ (b >>> 16)) >>> 0;
    this.low = (b ^ (a << 7)) >>> 0;
  }

  /**
   * The same content under another id: two identical messages in one second can be genuine. Who was
   * served is part of it, since a thousand meters report the same at the same second.
   */
  ofContent(record: UsageRecord): void {
    this.begin(SEEN.content);
    this.mix(record.service);
    this.mix(record.direction);
    this.mix(record.start);
    this.mix(record.durationSeconds);
    this.mix(record.aParty);
    this.mix(record.bParty);
    this.mix(record.imsi);
    this.mix(record.deviceId);
    this.mix(record.uplinkOctets);
    this.mix(record.downlinkOctets);
    this.mix(record.totalOctets);
    this.mix(record.energyWattHours);
    this.mix(record.units);
    this.end();
  }

  /** Fills `prints` of plain rows with what `fingerprint` and `ofContent` make of their records. */
  ofColumns(columns: UsageColumns): void {
    for (let row = 0; row < columns.count; row++) this.ofRow(columns, row);
    columns.hasPrints = true;
  }

  /** The same of one row. */
  ofRow(columns: UsageColumns, row: number): void {
    const { prints, ids, idEnd, names } = columns;
    const print = PRINT_WORDS * row;
    if (columns.isPlain[row] !== 1) {
      // Of whatever used the buffer before.
      prints.fill(0, print, print + PRINT_WORDS);
      return;
    }
    this.begin(SEEN.id);
    this.mixBytes(ids, columns.idFrom(row), idEnd[row] as number);
    this.end();
    prints[print] = this.high;
    prints[print + 1] = this.low;
    this.#content(columns, names, row);
    prints[print + 2] = this.high;
    prints[print + 3] = this.low;
  }

  /** How contents begin, for who goes on elsewhere: the state behind each service and direction, by their codes. */
  beginnings(): { service: number; direction: number; a: number; b: number }[] {
    return Object.values(SERVICE_CODE).flatMap((service) =>
      Object.values(DIRECTION_CODE).map((direction) => {
        this.#beginContent(service, direction);
        return { service, direction, a: this.#a, b: this.#b };
      }),
    );
  }

  #content(columns: UsageColumns, names: readonly string[], row: number): void {
    const duration = columns.durationSeconds[row] as number;
    const aParty = columns.aParty[row] as number;
    const bParty = columns.bParty[row] as number;
    this.#beginContent(columns.service[row] as number, columns.direction[row] as number);
    this.#mixInstant(columns.start[row] as number);
    this.mix(Number.isNaN(duration) ? undefined : duration);
    this.mix(aParty === 0 ? undefined : names[aParty]);
    this.mix(bParty === 0 ? undefined : names[bParty]);
    if (columns.hasMeasures) {
      const imsi = columns.imsi[row] as number;
      const deviceId = columns.deviceId[row] as number;
      this.mix(imsi === 0 ? undefined : names[imsi]);
      this.mix(deviceId === 0 ? undefined : names[deviceId]);
      this.#mixMeasures(columns, row);
    } else this.#mixAbsent(ABSENT_FIELDS);
    this.end();
  }

  /** Octets up, down and in all, watt-hours, units: of the last three a service has one. */
  #mixMeasures(columns: UsageColumns, row: number): void {
    const place = columns.measureText[row] as number;
    switch (columns.service[row]) {
      case SERVICE_CODE.data:
        this.#mixText(columns.raw, columns.uplinkText[row] as number);
        this.#mixText(columns.raw, columns.downlinkText[row] as number);
        this.#mixText(columns.raw, place);
        this.#mixAbsent(2);
        break;
      case SERVICE_CODE.energy:
        this.#mixAbsent(3);
        this.#mixText(columns.raw, place);
        this.#mixAbsent(1);
        break;
      default:
        this.#mixAbsent(4);
        this.#mixText(columns.raw, place);
    }
  }

  /** @param place 0 for a field that is absent */
  #mixText(raw: Uint8Array, place: number): void {
    if (place === 0) this.#mixAbsent(1);
    else this.mixBytes(raw, placeFrom(place), placeTo(place));
  }

  #mixAbsent(fields: number): void {
    let b = this.#b;
    for (let field = 0; field < fields; field++) b = Math.imul(b ^ ABSENT_LENGTH, 0x85ebca77);
    this.#b = b;
  }

  /** Most rows of a file begin with the same service and direction. */
  #beginContent(service: number, direction: number): void {
    const known = this.#beginning;
    if (known.service !== service || known.direction !== direction) {
      this.begin(SEEN.content);
      this.mix(SERVICES[service]);
      this.mix(DIRECTIONS[direction]);
      this.#beginning = { service, direction, a: this.#a, b: this.#b };
      return;
    }
    this.#a = known.a;
    this.#b = known.b;
  }

  /** As `mix` of its text, such as 2026-03-01T13:02:00.000Z. */
  #mixInstant(milliseconds: number): void {
    const bytes = this.#instant;
    const day = Math.floor(milliseconds / DAY);
    if (day !== this.#day) {
      utf8.encodeInto(new Date(milliseconds).toISOString(), bytes);
      this.#day = day;
    }
    const rest = milliseconds - day * DAY;
    const seconds = Math.floor(rest / 1000);
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(minutes / 60);
    const decimals = rest - 1000 * seconds;
    putTwo(bytes, 11, hours);
    putTwo(bytes, 14, minutes - 60 * hours);
    putTwo(bytes, 17, seconds - 60 * minutes);
    const tens = Math.floor(decimals / 10);
    putTwo(bytes, 20, tens);
    bytes[22] = ZERO + decimals - 10 * tens;
    this.mixBytes(bytes, 0, INSTANT_BYTES);
  }
}

/** Of a record's content, those that no row of columns has: from `imsi` on. */
const ABSENT_FIELDS = 7;

function putTwo(bytes: Uint8Array, at: number, value: number): void {
  const tens = Math.floor(value / 10);
  bytes[at] = ZERO + tens;
  bytes[at + 1] = ZERO + value - 10 * tens;
}
