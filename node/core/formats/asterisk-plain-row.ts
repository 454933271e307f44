import { digit, isDigit, STAMP_BYTES, StampReader } from "./ascii-stamp.ts";
import { causeInId, DISPOSITIONS } from "./asterisk-record.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const SPACE = 0x20;
const FIELDS_MAX = 21;

const utf8 = new TextEncoder();
/** By their lengths, which all differ. */
const DISPOSITION_BYTES: (Uint8Array | undefined)[] = [];
const CAUSE_BYTES: (Uint8Array | undefined)[] = [];
for (const one of DISPOSITIONS) {
  DISPOSITION_BYTES[one.length] = utf8.encode(one);
  CAUSE_BYTES[one.length] = utf8.encode(causeInId(one));
}
const ANSWERED_BYTES = "ANSWERED".length;

/**
 * One row of Asterisk's `Master.csv` taken from its bytes, when it is written as switches write nearly
 * all rows: fields that are needed in ASCII and without doubled quotes, stamps such as
 * "2014-12-03 11:37:49", a unique id that carries its epoch. Whatever else stands in a row is left to the
 * plain parser, which alone knows what is wrong with it.
 */
export class AsteriskPlainRow {
  /** Places of names and unique id in the bytes that were scanned. */
  aFrom = 0;
  aTo = 0;
  bFrom = 0;
  bTo = 0;
  uniqueIdFrom = 0;
  uniqueIdTo = 0;
  /** As if the stamps were UTC, milliseconds. */
  startedMs = 0;
  /** Where charging starts. */
  chargedMs = 0;
  /** Of the channel, by the unique id. */
  epochMs = 0;
  billableSeconds = 0;
  isBillable = false;
  readonly #fieldFrom = new Int32Array(FIELDS_MAX + 1);
  readonly #fieldTo = new Int32Array(FIELDS_MAX + 1);
  /** Bit by field: a quote is doubled in it. */
  #doubled = 0;
  #cause = CAUSE_BYTES[ANSWERED_BYTES] as Uint8Array;
  readonly #stamps = new StampReader();

  /** @returns false for what is to be read by the plain parser */
  scan(bytes: Uint8Array, from: number, to: number): boolean {
    const fields = this.#split(bytes, from, to);
    if (fields !== 18 && fields !== 21) return false;
    if ((this.#doubled & NEEDED) !== 0) return false;
    const fieldFrom = this.#fieldFrom;
    const fieldTo = this.#fieldTo;
    this.aFrom = fieldFrom[1] as number;
    this.aTo = fieldTo[1] as number;
    this.bFrom = fieldFrom[2] as number;
    this.bTo = fieldTo[2] as number;
    if (!isAscii(bytes, this.aFrom, this.aTo) || !isAscii(bytes, this.bFrom, this.bTo))
      return false;
    const started = this.#stamp(bytes, 9);
    const ended = this.#stamp(bytes, 11);
    const seconds = this.#seconds(bytes, 12);
    const billableSeconds = this.#seconds(bytes, 13);
    // A comparison with NaN, which stands for all that is unusual, is false as well.
    if (!(started >= 0 && ended >= 0 && seconds >= 0 && billableSeconds >= 0)) return false;
    const causeFrom = fieldFrom[14] as number;
    const causeBytes = (fieldTo[14] as number) - causeFrom;
    const disposition = DISPOSITION_BYTES[causeBytes];
    if (disposition === undefined) return false;
    for (let at = 0; at < causeBytes; at++) {
      if (bytes[causeFrom + at] !== disposition[at]) return false;
    }
    this.#cause = CAUSE_BYTES[causeBytes] as Uint8Array;
    const isBillable = causeBytes === ANSWERED_BYTES;
    let charged = started;
    if (fieldFrom[10] !== fieldTo[10]) {
      const answered = this.#stamp(bytes, 10);
      if (!(answered >= 0)) return false;
      if (isBillable) charged = answered;
    } else if (isBillable) return false;
    if (isBillable && 1000 * billableSeconds > ended - charged) return false;
    this.startedMs = started;
    this.chargedMs = charged;
    this.billableSeconds = billableSeconds;
    this.isBillable = isBillable;
    return this.#readUniqueId(bytes);
  }

  /** Writes the end of the record's id: unique id, digits of the start, cause. @returns its end */
  writeId(bytes: Uint8Array, to: Uint8Array, at: number): number {
    let end = at;
    for (let from = this.uniqueIdFrom; from < this.uniqueIdTo; from++) {
      to[end++] = bytes[from] as number;
    }
    to[end++] = COLON;
    const stamp = this.#fieldFrom[9] as number;
    for (let place = 0; place < STAMP_BYTES; place++) {
      const byte = bytes[stamp + place] as number;
      // Between the digits stand a minus, a space or a colon.
      if (byte >= ZERO && byte < COLON) to[end++] = byte;
    }
    to[end++] = COLON;
    const cause = this.#cause;
    for (let place = 0; place < cause.length; place++) to[end++] = cause[place] as number;
    return end;
  }

  /** @returns how many fields there are; 0 for what the plain parser has to split */
  #split(bytes: Uint8Array, from: number, to: number): number {
    const fieldFrom = this.#fieldFrom;
    const fieldTo = this.#fieldTo;
    let doubled = 0;
    let at = from;
    for (let field = 0; field < FIELDS_MAX; field++) {
      if (at < to && bytes[at] === QUOTE) {
        fieldFrom[field] = ++at;
        for (; ; at += 2) {
          while (at < to && bytes[at] !== QUOTE) at++;
          if (at >= to) return 0;
          if (at + 1 >= to || bytes[at + 1] !== QUOTE) break;
          doubled |= 1 << field;
        }
        fieldTo[field] = at++;
        if (at < to && bytes[at] !== COMMA) return 0;
      } else {
        fieldFrom[field] = at;
        for (; at < to && bytes[at] !== COMMA; at++) if (bytes[at] === QUOTE) return 0;
        fieldTo[field] = at;
      }
      if (at >= to) {
        this.#doubled = doubled;
        return field + 1;
      }
      at++;
    }
    return 0;
  }

  /** "2014-12-03 11:37:49" in milliseconds as if it were UTC; NaN for every other way to write it. */
  #stamp(bytes: Uint8Array, field: number): number {
    const from = this.#fieldFrom[field] as number;
    if ((this.#fieldTo[field] as number) - from !== STAMP_BYTES) return Number.NaN;
    return this.#stamps.read(bytes, from, SPACE);
  }

  /** One to nine digits; NaN for anything else. */
  #seconds(bytes: Uint8Array, field: number): number {
    const from = this.#fieldFrom[field] as number;
    const to = this.#fieldTo[field] as number;
    if (to === from || to - from > 9) return Number.NaN;
    let value = 0;
    for (let at = from; at < to; at++) value = 10 * value + digit(bytes, at);
    return value;
  }

  /** "1231977075.12", also "system-1231977075.12": epoch seconds of nine or ten digits, a dot, digits. */
  #readUniqueId(bytes: Uint8Array): boolean {
    const from = this.#fieldFrom[16] as number;
    const to = this.#fieldTo[16] as number;
    let at = to;
    while (at > from && isDigit(bytes[at - 1] as number)) at--;
    if (at === to || at === from || bytes[at - 1] !== DOT) return false;
    const secondsTo = at - 1;
    let secondsFrom = secondsTo;
    while (secondsFrom > from && isDigit(bytes[secondsFrom - 1] as number)) secondsFrom--;
    const digits = secondsTo - secondsFrom;
    if (digits !== 9 && digits !== 10) return false;
    if (secondsFrom > from && bytes[secondsFrom - 1] !== MINUS) return false;
    if (!isAscii(bytes, from, secondsFrom)) return false;
    let seconds = 0;
    for (let place = secondsFrom; place < secondsTo; place++) {
      seconds = 10 * seconds + (bytes[place] as number) - ZERO;
    }
    this.uniqueIdFrom = from;
    this.uniqueIdTo = to;
    this.epochMs = 1000 * seconds;
    return true;
  }
}

/** Fields in which a doubled quote would be part of what is read. */
const NEEDED = [1, 2, 9, 10, 11, 12, 13, 14, 16].reduce((bits, field) => bits | (1 << field), 0);

function isAscii(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((bytes[at] as number) >= 0x80) return false;
  return true;
}
