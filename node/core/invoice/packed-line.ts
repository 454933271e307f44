import {
  CHARGE_FLAG,
  DIRECTION_CODE,
  PARTY_TYPE,
  SERVICE_CODE,
} from "../commitment/charge-groups.ts";
import { TallystickError } from "../errors.ts";
import { DIRECTIONS, SERVICES } from "../records/usage-record.ts";
import type { TextBytes } from "./text-bytes.ts";

/*
 * A charge packed for its line on the invoice, in words of 32 bits, little-endian:
 *
 *   0   charge number
 *   1   entry (PACKED_ENTRY) · service · flags · type of the other side, a byte each, lowest first
 *   2   amount, start, quantity, second quantity, deciding digits, rest digits: two words each, the
 *       lower first
 *   14  length of the account's id · length of the device's, two bytes each
 *   15  length of the text; NO_TEXT where there is none
 *   16  account, device, text in UTF-8, filled up to a whole word
 *
 * The text is the name of the other side; of an entry that is no usage charge it is the line itself,
 * in canonical JSON, and the words 2 to 13 are nothing.
 */

export const PACKED_ENTRY = { usage: 0, chargeText: 1, creditText: 2 } as const;
export const PACKED_HEAD_WORDS = 16;
export const NO_TEXT = 0xffff_ffff;
export const PACKED = {
  number: 0,
  kinds: 1,
  nano: 2,
  start: 4,
  quantity: 6,
  secondQuantity: 8,
  decidingDigits: 10,
  restDigits: 12,
  names: 14,
  text: 15,
} as const;

/** Words of the line at a word of `words`. */
export function packedWords(words: Uint32Array, at: number): number {
  const names = words[at + PACKED.names] as number;
  const text = words[at + PACKED.text] as number;
  const bytes = (names & 0xffff) + (names >>> 16) + (text === NO_TEXT ? 0 : text);
  return PACKED_HEAD_WORDS + Math.ceil(bytes / 4);
}

const DAY_MILLISECONDS = 86_400_000;
const DAYS_REMEMBERED_MAX = 4_096;
const SERVICE_WORDS = wordsByCode(SERVICES.map((name) => [SERVICE_CODE[name], name]));
const DIRECTION_WORDS = wordsByCode(DIRECTIONS.map((name) => [DIRECTION_CODE[name], name]));

function wordsByCode(words: [code: number, word: string][]): string[] {
  const byCode: string[] = [];
  for (const [code, word] of words) byCode[code] = word;
  return byCode;
}

/** Writes packed charges as the invoice's lines: what `writeInvoiceLine` gives for each. */
export class PackedLineWriter {
  readonly #minorDigits: number;
  readonly #days = new Map<number, string>();

  /** @param minorDigits decimals that an amount has at least */
  constructor(minorDigits: number) {
    this.#minorDigits = minorDigits;
  }

  /**
   * The line at a word of `words`, whose bytes `bytes` are.
   * @throws TallystickError `digits.malformed`
   */
  write(out: TextBytes, words: Uint32Array, bytes: Uint8Array, at: number): void {
    const word = (of: number) => words[at + of] as number;
    const kinds = word(PACKED.kinds);
    const names = word(PACKED.names);
    const device = 4 * (at + PACKED_HEAD_WORDS) + (names & 0xffff);
    const text = device + (names >>> 16);
    const textBytes = word(PACKED.text);
    if ((kinds & 0xff) !== PACKED_ENTRY.usage) {
      out.copy(bytes.subarray(text, text + textBytes));
      return;
    }
    const service = SERVICE_WORDS[(kinds >>> 8) & 0xff];
    out.ascii('{"amount":"');
    out.nano(word(PACKED.nano), word(PACKED.nano + 1), this.#minorDigits);
    out.ascii('","device":');
    out.quoted(bytes, device, text);
    out.ascii(',"direction":"');
    out.ascii(DIRECTION_WORDS[(kinds >>> 16) & CHARGE_FLAG.directionMask] ?? "none");
    const isTimed = service === "voice" || service === "time";
    const durationAt = isTimed ? PACKED.quantity : PACKED.secondQuantity;
    if (isTimed || (service === "data" && !isZero(words, at + durationAt))) {
      out.ascii('","durationSeconds":"');
      out.seconds(word(durationAt), word(durationAt + 1));
    }
    out.ascii('","line":"');
    out.whole(word(PACKED.number));
    if (service === "data") {
      out.ascii('","octets":"');
      out.unsigned(word(PACKED.quantity), word(PACKED.quantity + 1));
    }
    out.ascii('"');
    this.#otherParty(out, words, bytes, at, text);
    out.ascii(',"service":"');
    out.ascii(service ?? "other");
    out.ascii('","start":"');
    this.#instant(out, word(PACKED.start + 1) * 2 ** 32 + word(PACKED.start));
    if (!isTimed && service !== "data" && service !== "energy") {
      out.ascii('","units":"');
      out.unsigned(word(PACKED.quantity), word(PACKED.quantity + 1));
    }
    out.ascii('"}');
  }

  #otherParty(
    out: TextBytes,
    words: Uint32Array,
    bytes: Uint8Array,
    at: number,
    text: number,
  ): void {
    const type = (words[at + PACKED.kinds] as number) >>> 24;
    const textBytes = words[at + PACKED.text] as number;
    if (type === PARTY_TYPE.none || (type === PARTY_TYPE.text && textBytes === NO_TEXT)) return;
    out.ascii(',"otherParty":');
    if (type === PARTY_TYPE.text) {
      out.quoted(bytes, text, text + textBytes);
      return;
    }
    out.ascii(type === PARTY_TYPE.international ? '"+' : '"');
    writeDigits(out, words, at + PACKED.decidingDigits);
    writeDigits(out, words, at + PACKED.restDigits);
    out.ascii('"');
  }

  #instant(out: TextBytes, milliseconds: number): void {
    const day = Math.floor(milliseconds / DAY_MILLISECONDS);
    let date = this.#days.get(day);
    if (date === undefined) {
      if (this.#days.size >= DAYS_REMEMBERED_MAX) this.#days.clear();
      const instant = new Date(day * DAY_MILLISECONDS).toISOString();
      date = instant.slice(0, instant.indexOf("T") + 1);
      this.#days.set(day, date);
    }
    const rest = milliseconds - day * DAY_MILLISECONDS;
    const seconds = (rest / 1000) | 0;
    const minutes = (seconds / 60) | 0;
    const hours = (minutes / 60) | 0;
    out.ascii(date);
    out.fixed(hours, 2);
    out.ascii(":");
    out.fixed(minutes - 60 * hours, 2);
    out.ascii(":");
    out.fixed(seconds - 60 * minutes, 2);
    out.ascii(".");
    out.fixed(rest - 1000 * seconds, 3);
    out.ascii("Z");
  }
}

const isZero = (words: Uint32Array, at: number): boolean => words[at] === 0 && words[at + 1] === 0;

const NIBBLES = "0123456789*#";
const FILLER = 0xf;

/** Packed digits (digits.ts) as text, the highest nibble first. */
function writeDigits(out: TextBytes, words: Uint32Array, at: number): void {
  let hasEnded = false;
  for (let half = 1; half >= 0; half--) {
    const word = words[at + half] as number;
    for (let shift = 28; shift >= 0; shift -= 4) {
      const nibble = (word >>> shift) & 0xf;
      const digit = NIBBLES[nibble];
      if (nibble === FILLER) hasEnded = true;
      else if (hasEnded || digit === undefined) {
        throw new TallystickError(
          "digits.malformed",
          "A line of an invoice holds no packed digits.",
        );
      } else out.ascii(digit);
    }
  }
}
