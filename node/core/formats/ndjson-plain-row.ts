import { DIRECTION_CODE, SERVICE_CODE } from "../commitment/charge-groups.ts";
import { RECORD_ID_OCTETS_MAX } from "../records/record-id.ts";
import { DIRECTIONS, SERVICES } from "../records/usage-record.ts";
import { digit, StampReader, twoDigits } from "./ascii-stamp.ts";
import {
  byLength,
  indexOf,
  JsonScanner,
  ObjectNames,
  skipSpace,
  startsWith,
} from "./json-scanner.ts";
import {
  DOWNLINK,
  FIELD,
  FIELDS,
  MEASURE,
  MEASURES,
  MEASURES_OF,
  OCTETS,
  REQUIRED,
  SOURCE,
  SOURCE_FIELDS,
  SOURCE_REQUIRED,
  TOTAL,
  UPLINK,
} from "./ndjson-fields.ts";
import { placeInRaw } from "./usage-columns.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const COLON = 0x3a;
const TIME = 0x54;
const OPEN = 0x7b;
const CLOSE = 0x7d;
/** With seconds, and with milliseconds. */
const INSTANT_BYTES = [20, 24];
const OFFSET_MINUTES_MAX = 900;
const SECONDS_DIGITS_MAX = 9;
/** Before the point, of energy and power. */
const MEASURE_DIGITS_MAX = 12;
const LENGTH_MAX = 0xffff_ffff;

/** Which of a session's records one may be. */
export const PARTIALS = ["first", "intermediate", "last"];

const utf8 = new TextEncoder();

const SERVICE_NAMES = byLength(SERVICES);
const SERVICE_CODES = SERVICES.map((name) => SERVICE_CODE[name]);
const DIRECTION_NAMES = byLength(DIRECTIONS);
const DIRECTION_CODES = DIRECTIONS.map((name) => DIRECTION_CODE[name]);
const PARTIAL_NAMES = byLength(PARTIALS);
const POWERS_OF_TEN = [1, 10, 100, 1_000];
const TRUE = utf8.encode("true");
const FALSE = utf8.encode("false");

/**
 * One line of usage records taken from its bytes, when it says nothing that columns do not hold and is written
 * as programs write JSON: names known and once each, texts without escapes, numbers of few digits, and no
 * quantity but its service's own. Whatever else a line is, is left to the plain parser, which alone knows what
 * is wrong with it.
 */
export class NdjsonPlainRow {
  idFrom = 0;
  idTo = 0;
  /** Empty where the record has none. */
  aFrom = 0;
  aTo = 0;
  bFrom = 0;
  bTo = 0;
  imsiFrom = 0;
  imsiTo = 0;
  deviceFrom = 0;
  deviceTo = 0;
  /** Codes of the protocol. */
  service = 0;
  direction = 0;
  startMs = 0;
  sessionStartMs = 0;
  /** NaN where it says none. */
  durationSeconds = Number.NaN;
  utcOffsetMinutes = 0;
  isBillable = false;
  isPartial = false;
  /** Octets, milliwatt-hours or units, by the service; NaN where it says none, and where it is the duration. */
  quantity = Number.NaN;
  /** Sum of all octets and units that it says, as a file's totals count them; NaN without. */
  octets = Number.NaN;
  units = Number.NaN;
  /** Where the digits stand (`placeInRaw`), 0 for none: of the last one totalOctets, energyWattHours or units. */
  uplinkText = 0;
  downlinkText = 0;
  measureText = 0;
  /** As the record's own source says; 0 without. */
  sourceOffset = 0;
  sourceLength = 0;
  /** Fields of the record, by their bits. */
  #seen = 0;
  #uplink = 0;
  #downlink = 0;
  /** Octets in all, milliwatt-hours or units. */
  #measure = 0;
  /** Of the octets that were read last (`placeInRaw`). */
  #digits = 0;
  readonly #json = new JsonScanner();
  readonly #fields = new ObjectNames(FIELDS);
  readonly #sourceFields = new ObjectNames(SOURCE_FIELDS);
  readonly #stamps = new StampReader();

  /** @returns false for what is to be read by the plain parser */
  scan(bytes: Uint8Array, from: number, end: number): boolean {
    let to = end;
    while (to > from && isBlank(bytes[to - 1] as number)) to--;
    this.aFrom = this.aTo = this.bFrom = this.bTo = 0;
    this.imsiFrom = this.imsiTo = this.deviceFrom = this.deviceTo = 0;
    this.durationSeconds = this.sessionStartMs = Number.NaN;
    this.utcOffsetMinutes = this.sourceOffset = this.sourceLength = 0;
    this.isPartial = false;
    const at = this.#object(bytes, from, this.#fields, REQUIRED);
    if (at !== to) return false;
    if (Number.isNaN(this.sessionStartMs)) this.sessionStartMs = this.startMs;
    return this.#takeMeasures(this.#seen & MEASURES);
  }

  /** @param given which quantities it says @returns false where they are not its service's, or contradict */
  #takeMeasures(given: number): boolean {
    this.quantity = this.octets = this.units = Number.NaN;
    if ((given & ~(MEASURES_OF[this.service] as number)) !== 0) return false;
    if ((given & UPLINK) === 0) this.uplinkText = this.#uplink = 0;
    if ((given & DOWNLINK) === 0) this.downlinkText = this.#downlink = 0;
    if ((given & MEASURE) === 0) this.measureText = this.#measure = 0;
    switch (this.service) {
      case SERVICE_CODE.voice:
      case SERVICE_CODE.time:
        return true;
      case SERVICE_CODE.data:
        return given === 0 || this.#takeOctets(given);
      case SERVICE_CODE.energy:
        if (given !== 0) this.quantity = this.#measure;
        return true;
      default:
        // A message, a piece of content or an event without a count is one.
        if (given !== 0) this.units = this.#measure;
        this.quantity = given === 0 ? 1 : this.#measure;
        return true;
    }
  }

  #takeOctets(given: number): boolean {
    const sum = this.#uplink + this.#downlink;
    const total = this.#measure;
    this.octets = sum + total;
    this.quantity = (given & TOTAL) === 0 ? sum : total;
    if ((given & TOTAL) === 0) return true;
    // One direction alone is not the whole of the use.
    return given === OCTETS ? sum === total : sum <= total;
  }

  /** @returns where it ends, or -1; no name stands in it twice */
  #object(bytes: Uint8Array, from: number, of: ObjectNames, required: number): number {
    if (bytes[from] !== OPEN) return -1;
    const { after, keys } = of;
    const json = this.#json;
    const isSource = of === this.#sourceFields;
    let seen = 0;
    let before = 0;
    for (let at = from + 1; ; at++) {
      at = skipSpace(bytes, at);
      let field = after[before] as number;
      const expected = keys[field];
      if (expected !== undefined && startsWith(expected, bytes, at)) at += expected.length;
      else {
        at = json.text(bytes, at);
        field = at < 0 ? -1 : indexOf(of.names, bytes, json.textFrom, json.textTo);
        if (field < 0) return -1;
        at = skipSpace(bytes, at);
        if (bytes[at++] !== COLON) return -1;
        after[before] = field;
      }
      if ((seen & (1 << field)) !== 0) return -1;
      seen |= 1 << field;
      before = field + 1;
      at = skipSpace(bytes, at);
      at = isSource ? this.#sourceField(bytes, at, field) : this.#field(bytes, at, field);
      if (at < 0) return -1;
      at = skipSpace(bytes, at);
      if (bytes[at] === COMMA) continue;
      if (bytes[at] !== CLOSE || (seen & required) !== required) return -1;
      if (!isSource) this.#seen = seen;
      return at + 1;
    }
  }

  /** As `#object`: the value at `at`. */
  #field(bytes: Uint8Array, at: number, field: number): number {
    const json = this.#json;
    switch (field) {
      case FIELD.id: {
        const end = json.text(bytes, at, RECORD_ID_OCTETS_MAX);
        this.idFrom = json.textFrom;
        this.idTo = json.textTo;
        return end;
      }
      case FIELD.aParty: {
        const end = json.text(bytes, at);
        this.aFrom = json.textFrom;
        this.aTo = json.textTo;
        return end;
      }
      case FIELD.bParty: {
        const end = json.text(bytes, at);
        this.bFrom = json.textFrom;
        this.bTo = json.textTo;
        return end;
      }
      case FIELD.imsi: {
        const end = json.text(bytes, at);
        this.imsiFrom = json.textFrom;
        this.imsiTo = json.textTo;
        return end;
      }
      case FIELD.deviceId: {
        const end = json.text(bytes, at);
        this.deviceFrom = json.textFrom;
        this.deviceTo = json.textTo;
        return end;
      }
      case FIELD.sessionId:
      case FIELD.cause:
      case FIELD.homeNetwork:
      case FIELD.visitedNetwork:
      case FIELD.application:
      case FIELD.quality:
      case FIELD.account:
        return json.text(bytes, at);
      case FIELD.service: {
        const found = json.name(bytes, at, SERVICE_NAMES);
        this.service = SERVICE_CODES[found] ?? 0;
        return found < 0 ? -1 : json.textTo + 1;
      }
      case FIELD.direction: {
        const found = json.name(bytes, at, DIRECTION_NAMES);
        this.direction = DIRECTION_CODES[found] ?? 0;
        return found < 0 ? -1 : json.textTo + 1;
      }
      case FIELD.partial:
        this.isPartial = true;
        return json.name(bytes, at, PARTIAL_NAMES) < 0 ? -1 : json.textTo + 1;
      case FIELD.start:
        this.startMs = this.#instant(bytes, at);
        return this.startMs >= 0 ? json.textTo + 1 : -1;
      case FIELD.sessionStart:
        this.sessionStartMs = this.#instant(bytes, at);
        return this.sessionStartMs >= 0 ? json.textTo + 1 : -1;
      case FIELD.durationSeconds: {
        const end = json.decimal(bytes, at, SECONDS_DIGITS_MAX);
        // Three decimals at most divide to the very double that JSON has for them.
        this.durationSeconds = json.number / (POWERS_OF_TEN[json.decimals] as number);
        return end;
      }
      case FIELD.utcOffsetMinutes: {
        const isBehind = bytes[at] === MINUS;
        const end = json.integer(bytes, isBehind ? at + 1 : at);
        this.utcOffsetMinutes = isBehind ? -json.number : json.number;
        return json.number <= OFFSET_MINUTES_MAX ? end : -1;
      }
      case FIELD.sequence:
        return json.integer(bytes, at);
      case FIELD.billable: {
        this.isBillable = startsWith(TRUE, bytes, at);
        if (this.isBillable) return at + TRUE.length;
        return startsWith(FALSE, bytes, at) ? at + FALSE.length : -1;
      }
      case FIELD.source:
        return this.#object(bytes, at, this.#sourceFields, SOURCE_REQUIRED);
      case FIELD.uplinkOctets: {
        const end = this.#octets(bytes, at);
        this.#uplink = json.number;
        this.uplinkText = this.#digits;
        return end;
      }
      case FIELD.downlinkOctets: {
        const end = this.#octets(bytes, at);
        this.#downlink = json.number;
        this.downlinkText = this.#digits;
        return end;
      }
      case FIELD.totalOctets: {
        const end = this.#octets(bytes, at);
        this.#measure = json.number;
        this.measureText = this.#digits;
        return end;
      }
      case FIELD.energyWattHours:
        return this.#energy(bytes, at);
      case FIELD.units: {
        const end = json.integer(bytes, at);
        this.#measure = json.number;
        this.measureText = end < 0 ? 0 : placeInRaw(at, end);
        return end;
      }
      default:
        // Measures that only classes of a tariff ask for.
        return this.#decimal(bytes, at, false);
    }
  }

  #sourceField(bytes: Uint8Array, at: number, field: number): number {
    const json = this.#json;
    switch (field) {
      case SOURCE.format:
      case SOURCE.file:
        return json.anyText(bytes, at);
      case SOURCE.position: {
        const end = json.integer(bytes, at);
        return json.number > 0 ? end : -1;
      }
      case SOURCE.sha256:
        return json.digest(bytes, at);
      case SOURCE.byteOffset: {
        const end = json.integer(bytes, at);
        this.sourceOffset = json.number;
        return end;
      }
      case SOURCE.byteLength: {
        const end = json.integer(bytes, at);
        this.sourceLength = json.number;
        return json.number <= LENGTH_MAX ? end : -1;
      }
      default:
        return -1;
    }
  }

  /** Octets, as a number or as its text; their digits stand at `#digits`. */
  #octets(bytes: Uint8Array, at: number): number {
    const isQuoted = bytes[at] === QUOTE;
    const from = isQuoted ? at + 1 : at;
    const end = this.#json.integer(bytes, from);
    this.#digits = end < 0 ? 0 : placeInRaw(from, end);
    if (!isQuoted) return end;
    return end >= 0 && bytes[end] === QUOTE ? end + 1 : -1;
  }

  /** Watt-hours with three decimals at most, as a text; in milliwatt-hours. */
  #energy(bytes: Uint8Array, at: number): number {
    const end = this.#decimal(bytes, at, true);
    const { number, decimals } = this.#json;
    this.#measure = number * (POWERS_OF_TEN[3 - decimals] as number);
    this.measureText = end < 0 ? 0 : placeInRaw(at + 1, end - 1);
    return end;
  }

  /** @param isText whether it has to be one; else it may be a number, too */
  #decimal(bytes: Uint8Array, at: number, isText: boolean): number {
    const isQuoted = bytes[at] === QUOTE;
    if (isText && !isQuoted) return -1;
    const end = this.#json.decimal(bytes, isQuoted ? at + 1 : at, MEASURE_DIGITS_MAX);
    if (!isQuoted) return end;
    return end >= 0 && bytes[end] === QUOTE ? end + 1 : -1;
  }

  /** A text such as 2026-03-01T13:02:00.000Z; NaN for every other way to write it. */
  #instant(bytes: Uint8Array, at: number): number {
    const json = this.#json;
    if (json.text(bytes, at) < 0) return Number.NaN;
    const from = json.textFrom;
    const octets = json.textTo - from;
    if (!INSTANT_BYTES.includes(octets) || bytes[json.textTo - 1] !== 0x5a) return Number.NaN;
    const ms = this.#stamps.read(bytes, from, TIME);
    if (octets === 20) return ms;
    if (bytes[from + 19] !== DOT) return Number.NaN;
    return ms + 10 * twoDigits(bytes, from + 20) + digit(bytes, from + 22);
  }
}

const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d;
