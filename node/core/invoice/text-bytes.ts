import { formatNano, NANO_DIGITS } from "../money/decimal.ts";
import { canonicalJson } from "../tariff/canonical-json.ts";

const utf8 = new TextEncoder();
const decoder = new TextDecoder();
const BILLION = 1_000_000_000;
/**
 * Below this upper half a word of 64 bits is less than 2^52, so it and its quotients are exact as
 * `number`; beyond, `bigint` is used. (A quotient below an integer k is off k by at least 10^-9, which
 * is more than the double near k is off, since k × 10^9 ≤ 2^52.)
 */
const SAFE_HIGH = 2 ** 20;
const WORD = 2 ** 32;
const ZERO = 0x30;
const QUOTE = 0x22;
const HEX_DIGITS = utf8.encode("0123456789abcdef");

/**
 * Canonical JSON written straight into bytes, since a month's invoices have millions of lines and text
 * of 16 bits a character would be made and thrown away for each. Words of 64 bits come in halves, the
 * lower first. What is written stays until `clear`; memory grows to the longest text and is used again.
 */
export class TextBytes {
  bytes = new Uint8Array(65_536);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  /** Makes room, so that as many bytes can be written to `bytes` at `length`. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const bytes = new Uint8Array(2 * (this.length + count));
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
  }

  /** Text of ASCII characters as it is. */
  ascii(text: string): void {
    this.reserve(text.length);
    const { bytes } = this;
    for (let i = 0; i < text.length; i++) bytes[this.length++] = text.charCodeAt(i);
  }

  /** Any well-formed text as it is, in UTF-8. */
  text(text: string): void {
    this.reserve(3 * text.length);
    this.length += utf8.encodeInto(text, this.bytes.subarray(this.length)).written;
  }

  raw(from: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    const { bytes } = this;
    let at = this.length;
    for (let i = start; i < end; i++) bytes[at++] = from[i] as number;
    this.length = at;
  }

  /** Long stretches: a copy of memory. */
  copy(from: Uint8Array): void {
    this.reserve(from.length);
    this.bytes.set(from, this.length);
    this.length += from.length;
  }

  /** UTF-8 in quotes, escaped as RFC 8785 asks. */
  quoted(from: Uint8Array, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      const byte = from[i] as number;
      if (byte >= 0x20 && byte < 0x7f && byte !== QUOTE && byte !== 0x5c) continue;
      this.text(canonicalJson(decoder.decode(from.subarray(start, end))));
      return;
    }
    this.reserve(end - start + 2);
    this.bytes[this.length++] = QUOTE;
    this.raw(from, start, end);
    this.bytes[this.length++] = QUOTE;
  }

  /** Bytes in hexadecimal digits behind "0x", in quotes. */
  hex(from: Uint8Array, start: number, end: number): void {
    this.reserve(2 * (end - start) + 4);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = QUOTE;
    bytes[at++] = ZERO;
    bytes[at++] = 0x78;
    for (let i = start; i < end; i++) {
      const byte = from[i] as number;
      bytes[at++] = HEX_DIGITS[byte >> 4] as number;
      bytes[at++] = HEX_DIGITS[byte & 15] as number;
    }
    bytes[at++] = QUOTE;
    this.length = at;
  }

  /** Digits of a safe integer. */
  whole(value: number): void {
    if (value < BILLION) {
      this.#small(value);
      return;
    }
    const upper = Math.floor(value / BILLION);
    this.whole(upper);
    this.fixed(value - upper * BILLION, NANO_DIGITS);
  }

  unsigned(low: number, high: number): void {
    if (high < SAFE_HIGH) this.whole(high * WORD + low);
    else this.ascii(((BigInt(high) << 32n) | BigInt(low)).toString());
  }

  /** Nano-units as a decimal with at least `decimalsMin` decimals; what `formatNano` gives. */
  nano(low: number, high: number, decimalsMin: number): void {
    if (high >= SAFE_HIGH) {
      this.ascii(formatNano((BigInt(high) << 32n) | BigInt(low), decimalsMin));
      return;
    }
    const value = high * WORD + low;
    const units = Math.floor(value / BILLION);
    this.whole(units);
    this.#decimals(value - units * BILLION, NANO_DIGITS, decimalsMin);
  }

  /** Milliseconds as seconds, exact, without trailing zeros. */
  seconds(low: number, high: number): void {
    if (high >= SAFE_HIGH) {
      this.ascii(formatNano(1_000_000n * ((BigInt(high) << 32n) | BigInt(low))));
      return;
    }
    const milliseconds = high * WORD + low;
    const seconds = Math.floor(milliseconds / 1000);
    this.whole(seconds);
    this.#decimals(milliseconds - seconds * 1000, 3, 0);
  }

  /** A number below 10^digits with leading zeros. */
  fixed(value: number, digits: number): void {
    this.reserve(digits);
    const { bytes } = this;
    let rest = value | 0;
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      const next = (rest / 10) | 0;
      bytes[at] = ZERO + rest - 10 * next;
      rest = next;
    }
    this.length += digits;
  }

  #small(value: number): void {
    let digits = 1;
    for (let limit = 10; value >= limit; limit *= 10) digits++;
    this.fixed(value, digits);
  }

  #decimals(value: number, digits: number, decimalsMin: number): void {
    if (value === 0 && decimalsMin === 0) return;
    this.ascii(".");
    const first = this.length;
    this.fixed(value, digits);
    while (this.length > first + decimalsMin && this.bytes[this.length - 1] === ZERO) this.length--;
  }
}
