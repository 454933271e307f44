import type { Hex } from "../../core/bytes.ts";
import { CHARGE_FLAG, NO_DIGITS, NO_NETWORK } from "../../core/commitment/charge-groups.ts";
import { RECORD_ID_BYTES_MAX } from "../../core/commitment/secrets.ts";
import type { SafeNano } from "../../core/money/safe-integers.ts";
import type { Place } from "../../core/rating/compiled-rater.ts";
import type { Rated } from "../../core/rating/outcome.ts";
import type { RecordSource } from "../../core/records/usage-record.ts";
import type { AccountedPrice } from "../store/stored-types.ts";

/*
 * One row in words of 32 bits, a number of 64 bits as two, the lower first. 128 bytes, two lines of the
 * cache: rows are read in another order than they came in, and columns would be twenty lines for each.
 */
export const STAGED = {
  charged: 0,
  runningTotal: 2,
  start: 4,
  quantity: 6,
  secondQuantity: 8,
  decidingDigits: 10,
  restDigits: 12,
  originDigits: 14,
  offset: 16,
  chargeNumber: 18,
  length: 19,
  tariffVersion: 20,
  visitedNetwork: 21,
  sessionMinutes: 22,
  /** Service, flags, type of the other side and class, a byte each, the lowest first. */
  small: 23,
  idFrom: 24,
  idTo: 25,
  owner: 26,
  month: 27,
} as const;
/** Words of a row. */
export const STAGED_WORDS = 32;

const ROWS_MIN = 1_024;
const HALF = 2 ** 32;
const [NO_DIGITS_LOW, NO_DIGITS_HIGH] = [Number(NO_DIGITS % 2n ** 32n), Number(NO_DIGITS >> 32n)];

/** A rated record of a subscriber, before it has its number. */
export interface PricedUse {
  recordId: string;
  device: string;
  rated: Rated;
  amountNano: bigint;
  source: RecordSource | undefined;
  /** "0x" and 64 digits, when the record stands for events. */
  eventsRoot?: string | undefined;
  accounted?: AccountedPrice | undefined;
}

/** A row of columns with its price: one object that whoever fills it uses again. */
export interface ChargeNumbers {
  /** Where the record's id stands, in ASCII. */
  ids: Uint8Array;
  idFrom: number;
  idTo: number;
  place: PlaceWords;
  startMilliseconds: number;
  sessionMinutes: number;
  /** Whole units, at most 2^53. */
  quantity: number;
  /** Milliseconds of what is not rated by them; 0 without. */
  secondQuantity: number;
  amountNano: SafeNano;
  /** Codes of the protocol. */
  service: number;
  direction: number;
  tariffVersion: number;
  byteOffset: number;
  byteLength: number;
}

/** What a number decides of a charge, as a row holds it: made once for each number of a file. */
export interface PlaceWords {
  place: Place;
  /** Two words each. */
  deciding: readonly [number, number];
  rest: readonly [number, number];
  /** Of `small`, without service and direction. */
  small: number;
}

export function placeWords(place: Place): PlaceWords {
  const halves = (value: bigint) => [Number(value % 2n ** 32n), Number(value >> 32n)] as const;
  return {
    place,
    deciding: halves(place.decidingDigits),
    rest: halves(place.partyText === undefined ? place.restDigits : 0n),
    small: smallWord(0, place.wholeNumber ? CHARGE_FLAG.wholeNumber : 0, place.partyType, 0),
  };
}

const smallWord = (service: number, flags: number, partyType: number, ofClass: number): number =>
  (service | (flags << 8) | (partyType << 16) | (ofClass << 24)) >>> 0;

/** What has no place in a row, by row; empty for nearly all. */
export interface StagedExtras {
  text?: string;
  eventsRoot?: Hex;
  accounted?: AccountedPrice;
}

/**
 * Charges of a unit of work in the order in which they came, numbered and not yet laid into blocks. Memory
 * is kept from unit to unit; it grows to the largest of them.
 */
export class StagedCharges {
  words = new Uint32Array(ROWS_MIN * STAGED_WORDS);
  #wide = new BigUint64Array(this.words.buffer);
  ids = Buffer.alloc(ROWS_MIN * RECORD_ID_BYTES_MAX);
  count = 0;
  readonly extras = new Map<number, StagedExtras>();
  #idAt = 0;

  /** Room for one more row, which counts once `count` says so. @returns its first word */
  begin(): number {
    const at = this.count * STAGED_WORDS;
    if (at === this.words.length) this.#growRows();
    if (this.#idAt + RECORD_ID_BYTES_MAX > this.ids.length) this.#growIds();
    return at;
  }

  id(row: number): string {
    const at = row * STAGED_WORDS;
    return this.ids.toString("utf8", this.words[at + STAGED.idFrom], this.words[at + STAGED.idTo]);
  }

  clear(): void {
    this.count = 0;
    this.#idAt = 0;
    this.extras.clear();
  }

  /** Puts an amount below 2^64 into a row. */
  putAmount(at: number, amountNano: bigint): void {
    this.#wide[at >>> 1] = amountNano;
  }

  /** The same of one whose halves are exact. */
  putSafeAmount(at: number, amountNano: SafeNano): void {
    this.words[at + STAGED.charged] = amountNano;
    this.words[at + STAGED.charged + 1] = amountNano / HALF;
  }

  /** The fields of a rated record but its amount. */
  putUse(at: number, { recordId, rated, source, eventsRoot, accounted }: PricedUse): void {
    const { words } = this;
    const wide = this.#wide;
    const half = at >>> 1;
    words[at + STAGED.idFrom] = this.#idAt;
    this.#idAt += this.ids.write(recordId, this.#idAt, "utf8");
    words[at + STAGED.idTo] = this.#idAt;
    wide[half + STAGED.start / 2] = BigInt(rated.startMilliseconds);
    wide[half + STAGED.quantity / 2] = rated.quantity;
    wide[half + STAGED.secondQuantity / 2] = rated.secondQuantity;
    wide[half + STAGED.decidingDigits / 2] = rated.decidingDigits;
    wide[half + STAGED.restDigits / 2] = rated.partyText === undefined ? rated.restDigits : 0n;
    wide[half + STAGED.originDigits / 2] = rated.originDigits ?? NO_DIGITS;
    wide[half + STAGED.offset / 2] = BigInt(source?.byteOffset ?? 0);
    words[at + STAGED.length] = source?.byteLength ?? 0;
    words[at + STAGED.tariffVersion] = rated.tariffVersion;
    words[at + STAGED.visitedNetwork] = rated.visitedNetwork ?? NO_NETWORK;
    words[at + STAGED.sessionMinutes] = rated.sessionMinutes;
    const flags = rated.direction | (rated.wholeNumber ? CHARGE_FLAG.wholeNumber : 0);
    words[at + STAGED.small] = smallWord(rated.service, flags, rated.partyType, rated.class ?? 0);
    const { partyText: text } = rated;
    if (text === undefined && eventsRoot === undefined && accounted === undefined) return;
    this.extras.set(this.count, {
      ...(text === undefined ? {} : { text }),
      ...(eventsRoot === undefined ? {} : { eventsRoot: eventsRoot as Hex }),
      ...(accounted === undefined ? {} : { accounted }),
    });
  }

  /** The same from numbers. */
  putNumbers(at: number, numbers: ChargeNumbers): void {
    const { words, ids } = this;
    const { place, startMilliseconds, quantity, secondQuantity, byteOffset } = numbers;
    words[at + STAGED.idFrom] = this.#idAt;
    for (let from = numbers.idFrom; from < numbers.idTo; from++) {
      ids[this.#idAt++] = numbers.ids[from] as number;
    }
    words[at + STAGED.idTo] = this.#idAt;
    words[at + STAGED.start] = startMilliseconds;
    words[at + STAGED.start + 1] = startMilliseconds / HALF;
    words[at + STAGED.quantity] = quantity;
    words[at + STAGED.quantity + 1] = quantity / HALF;
    words[at + STAGED.secondQuantity] = secondQuantity;
    words[at + STAGED.secondQuantity + 1] = secondQuantity / HALF;
    words[at + STAGED.decidingDigits] = place.deciding[0];
    words[at + STAGED.decidingDigits + 1] = place.deciding[1];
    words[at + STAGED.restDigits] = place.rest[0];
    words[at + STAGED.restDigits + 1] = place.rest[1];
    words[at + STAGED.originDigits] = NO_DIGITS_LOW;
    words[at + STAGED.originDigits + 1] = NO_DIGITS_HIGH;
    words[at + STAGED.offset] = byteOffset;
    words[at + STAGED.offset + 1] = byteOffset / HALF;
    words[at + STAGED.length] = numbers.byteLength;
    words[at + STAGED.tariffVersion] = numbers.tariffVersion;
    words[at + STAGED.visitedNetwork] = NO_NETWORK;
    words[at + STAGED.sessionMinutes] = numbers.sessionMinutes;
    words[at + STAGED.small] = place.small | numbers.service | (numbers.direction << 8);
    const { partyText: text } = place.place;
    if (text !== undefined) this.extras.set(this.count, { text });
  }

  #growRows(): void {
    const before = this.words;
    this.words = new Uint32Array(2 * before.length);
    this.words.set(before);
    this.#wide = new BigUint64Array(this.words.buffer);
  }

  #growIds(): void {
    const before = this.ids;
    this.ids = Buffer.alloc(2 * before.length);
    this.ids.set(before);
  }
}
