import { fromHex, toHex } from "../core/bytes.ts";
import { below, keys } from "./key-spaces.ts";
import type { RandomSource } from "./operator.ts";
import type { Store } from "./store.ts";
import type { StoreSession } from "./store-session.ts";
import { encodeBytes, readBytes } from "./stored-bytes.ts";
import { getJson } from "./stored-json.ts";

const KEY = keys.node("seen-key");
const CAPACITY_MIN = 4_096;
/** Two halves of a fingerprint, and a position in two halves. */
const ENTRY_WORDS = 4;
const HALF = 2 ** 32;

/** What a fingerprint was taken of: a record's full source key, or its content without the key. */
export const SEEN = { id: 1, content: 2 } as const;

/**
 * Which records came before: fingerprints of 64 bits under a key of this store (so that nobody can
 * make two texts that meet), each with the position of the charge that the record became, or 0 for
 * one that became none. A fingerprint is only a hint: for ids the reader compares the id itself.
 *
 * Durable are stretches of entries, one for each unit of work; in memory they are one table of open
 * addressing, 16 bytes a slot.
 */
export class SeenIndex {
  readonly #seeds: Uint32Array;
  #slots!: Uint32Array;
  #mask = 0;
  #count = 0;
  #stretches = 0;
  /** Entries of the unit of work at hand. */
  #added = new Uint32Array(ENTRY_WORDS * 1_024);
  #addedLength = 0;
  #a = 0;
  #b = 0;
  /** The fingerprint that was computed last. */
  high = 0;
  low = 0;

  private constructor(key: Uint8Array) {
    this.#seeds = new Uint32Array(key.slice(0, 16).buffer);
    this.#allocate(CAPACITY_MIN);
  }

  /** Reads what earlier units of work wrote; makes the key at first need, durable with the next unit. */
  static async load(store: Store, session: StoreSession, random: RandomSource): Promise<SeenIndex> {
    let key = await getJson<`0x${string}`>(store, KEY);
    if (key === undefined) {
      key = toHex(random.bytes(32));
      session.put(KEY, key);
    }
    const index = new SeenIndex(fromHex(key, 32));
    for await (const { key: at, value } of store.scan(below("seen/"))) {
      const words = new Uint32Array(readBytes(at, value).buffer);
      for (let i = 0; i < words.length; i += ENTRY_WORDS) {
        index.#insert(
          words[i] as number,
          words[i + 1] as number,
          words[i + 2] as number,
          words[i + 3] as number,
        );
      }
      index.#stretches++;
    }
    return index;
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

  /** Two lanes of multiplications. A field that is absent differs from every text. */
  mix(field: string | number | undefined): void {
    const text = typeof field === "string" ? field : field === undefined ? "" : String(field);
    let a = this.#a;
    // The length keeps neighbouring fields apart.
    let b = this.#b ^ (field === undefined ? 0x7fff_ffff : text.length);
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

  /** The position under the fingerprint; undefined when it was never added. */
  find(high: number, low: number): number | undefined {
    const slots = this.#slots;
    for (let at = low & this.#mask; ; at = (at + 1) & this.#mask) {
      const word = ENTRY_WORDS * at;
      const isFree = slots[word + 3] === 0;
      if (isFree) return undefined;
      if (slots[word] === high && slots[word + 1] === low) {
        return (slots[word + 2] as number) + ((slots[word + 3] as number) - 1) * HALF;
      }
    }
  }

  /** The first that is added under a fingerprint stays. */
  add(high: number, low: number, position: number): void {
    const positionLow = position >>> 0;
    // One more than its upper half, so that no entry looks like a free slot.
    const positionHigh = Math.floor(position / HALF) + 1;
    if (!this.#insert(high, low, positionLow, positionHigh)) return;
    if (this.#addedLength === this.#added.length) {
      const longer = new Uint32Array(2 * this.#added.length);
      longer.set(this.#added);
      this.#added = longer;
    }
    this.#added[this.#addedLength++] = high;
    this.#added[this.#addedLength++] = low;
    this.#added[this.#addedLength++] = positionLow;
    this.#added[this.#addedLength++] = positionHigh;
  }

  /** Puts what was added into the session's unit of work. */
  save(session: StoreSession): void {
    if (this.#addedLength === 0) return;
    const { buffer, byteOffset } = this.#added;
    const bytes = new Uint8Array(buffer, byteOffset, 4 * this.#addedLength);
    session.putBytes(keys.seen(this.#stretches++), encodeBytes(bytes));
    this.#addedLength = 0;
  }

  #insert(high: number, low: number, positionLow: number, positionHigh: number): boolean {
    const slots = this.#slots;
    let at = low & this.#mask;
    for (; slots[ENTRY_WORDS * at + 3] !== 0; at = (at + 1) & this.#mask) {
      if (slots[ENTRY_WORDS * at] === high && slots[ENTRY_WORDS * at + 1] === low) return false;
    }
    const word = ENTRY_WORDS * at;
    slots[word] = high;
    slots[word + 1] = low;
    slots[word + 2] = positionLow;
    slots[word + 3] = positionHigh;
    if (++this.#count * 8 > (this.#mask + 1) * 5) this.#grow();
    return true;
  }

  #allocate(capacity: number): void {
    this.#slots = new Uint32Array(ENTRY_WORDS * capacity);
    this.#mask = capacity - 1;
    this.#count = 0;
  }

  #grow(): void {
    const before = this.#slots;
    this.#allocate(2 * (this.#mask + 1));
    for (let word = 0; word < before.length; word += ENTRY_WORDS) {
      if (before[word + 3] === 0) continue;
      this.#insert(
        before[word] as number,
        before[word + 1] as number,
        before[word + 2] as number,
        before[word + 3] as number,
      );
    }
  }
}
