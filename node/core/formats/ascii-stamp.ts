const MINUS = 0x2d;
const ZERO = 0x30;
const COLON = 0x3a;
const DATE_BYTES = 10;

/** Bytes of "2014-12-03 11:37:49". */
export const STAMP_BYTES = 19;

/** Dates with a time, in ASCII, one after the other: records come nearly in order, so the last date mostly holds. */
export class StampReader {
  readonly #date = new Uint8Array(DATE_BYTES);
  #dateMs = Number.NaN;

  /**
   * @param separator the byte between date and time
   * @returns milliseconds as if it were UTC; NaN for what is no such stamp, or a day that does not exist
   */
  read(bytes: Uint8Array, from: number, separator: number): number {
    if (
      bytes[from + DATE_BYTES] !== separator ||
      bytes[from + 13] !== COLON ||
      bytes[from + 16] !== COLON
    ) {
      return Number.NaN;
    }
    const date = this.#date;
    let place = 0;
    while (place < DATE_BYTES && bytes[from + place] === date[place]) place++;
    if (place < DATE_BYTES) this.#readDate(bytes, from);
    const hour = twoDigits(bytes, from + 11);
    const minute = twoDigits(bytes, from + 14);
    const second = twoDigits(bytes, from + 17);
    if (!(hour < 24 && minute < 60 && second < 60)) return Number.NaN;
    return this.#dateMs + ((hour * 60 + minute) * 60 + second) * 1000;
  }

  #readDate(bytes: Uint8Array, from: number): void {
    this.#date.set(bytes.subarray(from, from + DATE_BYTES));
    this.#dateMs = Number.NaN;
    if (this.#date[4] !== MINUS || this.#date[7] !== MINUS) return;
    const year = 100 * twoDigits(this.#date, 0) + twoDigits(this.#date, 2);
    const month = twoDigits(this.#date, 5);
    const day = twoDigits(this.#date, 8);
    if (!(year >= 1970 && month >= 1 && month <= 12 && day >= 1)) return;
    const ms = Date.UTC(year, month - 1, day);
    // A day that does not exist is another one of the next month.
    if (new Date(ms).getUTCMonth() === month - 1) this.#dateMs = ms;
  }
}

export const isDigit = (byte: number): boolean => byte >= ZERO && byte < COLON;

/** NaN for what is none. */
export function digit(bytes: Uint8Array, at: number): number {
  const value = (bytes[at] as number) - ZERO;
  return value >= 0 && value <= 9 ? value : Number.NaN;
}

/** NaN for what is none. */
export function twoDigits(bytes: Uint8Array, at: number): number {
  return 10 * digit(bytes, at) + digit(bytes, at + 1);
}
