import { fromHex, toHex } from "../../core/bytes.ts";
import type { EngineContext } from "../operator.ts";
import { below, keys } from "../store/key-spaces.ts";
import type { StoreSession } from "../store/store-session.ts";
import { encodeBytes, readBytes } from "../store/stored-bytes.ts";
import { getJson } from "../store/stored-json.ts";
import { positionIn } from "../store/stored-rows.ts";
import { Fingerprint } from "./fingerprint.ts";
import { ENTRY_WORDS } from "./seen-run.ts";
import { SeenRuns } from "./seen-runs.ts";

const KEY = keys.node("seen-key");
const CAPACITY_MIN = 4_096;
/** Entries in memory before they are folded into a run on disk: 32 MB. A run's order needs 2^21. */
const MEMORY_ENTRIES = 1_048_576;
/** Records that wait because they end after the ledger's time may be younger than their run. */
const MARGIN_SECONDS = 31 * 86_400;
const HALF = 2 ** 32;

/**
 * Which records came before: fingerprints of 64 bits under a key of this store (so that nobody can
 * make two texts that meet), each with the position of the charge that the record became, or 0 for
 * one that became none. A fingerprint is only a hint: for ids the reader compares the id itself.
 *
 * Durable are stretches of entries, one for each unit of work; in memory they are one table of open
 * addressing, 16 bytes a slot. A million of them are folded into a sorted run on disk, of which memory
 * keeps two bytes an entry; ten runs of a size are merged into one (seen-runs.ts). A run that was folded longer ago than the agreement's maximum record age
 * is dropped: what it speaks of would be refused anyway.
 */
export class SeenIndex {
  /** What fingerprints are taken with; who takes them on another thread needs them. */
  readonly seeds: Uint32Array;
  readonly prints: Fingerprint;
  #slots!: Uint32Array;
  #mask = 0;
  #count = 0;
  #stretches = { first: 0, next: 0 };
  #runs!: SeenRuns;
  /** What runs hold of the fingerprints that were recalled. */
  readonly #recalled = new Map<string, number>();
  readonly #memoryEntries: number;
  /** Entries of the unit of work at hand. */
  #added = new Uint32Array(ENTRY_WORDS * 1_024);
  #addedLength = 0;

  private constructor(key: Uint8Array, memoryEntries: number) {
    this.#memoryEntries = memoryEntries;
    this.seeds = new Uint32Array(key.slice(0, 16).buffer);
    this.prints = new Fingerprint(this.seeds);
    this.#allocate(CAPACITY_MIN);
  }

  /** Reads what earlier units of work wrote; makes the key at first need, durable with the next unit. */
  static async load(
    { store, random, profile }: EngineContext,
    session: StoreSession,
    now: number,
  ): Promise<SeenIndex> {
    let key = await getJson<`0x${string}`>(store, KEY);
    if (key === undefined) {
      key = toHex(random.bytes(32));
      session.put(KEY, key);
    }
    const entries = profile.seenEntriesInMemory ?? MEMORY_ENTRIES;
    const index = new SeenIndex(fromHex(key, 32), entries);
    const oldest = now - Number(profile.agreement.maxRecordAgeSeconds) - MARGIN_SECONDS;
    index.#runs = await SeenRuns.load(store, session, oldest);
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
      const number = Number(positionIn(at));
      if (index.#stretches.next === 0) index.#stretches.first = number;
      index.#stretches.next = number + 1;
    }
    return index;
  }

  /** Fetches what runs on disk hold of these fingerprints (upper and lower halves in turn). */
  async recall(fingerprints: ArrayLike<number>): Promise<void> {
    this.#recalled.clear();
    if (this.#runs.isEmpty) return;
    await this.#runs.recall(fingerprints, (high, low, words, word) => {
      this.#recalled.set(`${high}/${low}`, positionOf(words, word));
    });
  }

  /** Whether runs are in the unit of work that was saved last, which nothing may be looked for in before it is written. */
  get hasNewRuns(): boolean {
    return this.#runs.hasChanged;
  }

  /** Runs on disk that a fingerprint is looked for in. */
  get runs(): number {
    return this.#runs.count;
  }

  /** The position under the fingerprint; undefined when it was never added. */
  find(high: number, low: number): number | undefined {
    const slots = this.#slots;
    for (let at = low & this.#mask; ; at = (at + 1) & this.#mask) {
      const word = ENTRY_WORDS * at;
      const isFree = slots[word + 3] === 0;
      if (isFree) break;
      if (slots[word] === high && slots[word + 1] === low) return positionOf(slots, word);
    }
    return this.#recalled.size === 0 ? undefined : this.#recalled.get(`${high}/${low}`);
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

  /**
   * Tells where the charges of the unit of work at hand stand that were added under positions from `first` on.
   * @param places of each of them, counted from `first`
   */
  move(first: number, places: Uint32Array): void {
    const added = this.#added;
    for (let word = 0; word < this.#addedLength; word += ENTRY_WORDS) {
      const row = positionOf(added, word) - first;
      // Of an earlier unit's charge, or of none.
      if (row < 0 || row >= places.length) continue;
      const position = first + (places[row] as number);
      const slot = this.#slotOf(added[word] as number, added[word + 1] as number);
      putPosition(added, word, position);
      putPosition(this.#slots, slot, position);
    }
  }

  /** The first word of a fingerprint's slot, which is in memory. */
  #slotOf(high: number, low: number): number {
    const slots = this.#slots;
    for (let at = low & this.#mask; ; at = (at + 1) & this.#mask) {
      const word = ENTRY_WORDS * at;
      if (slots[word] === high && slots[word + 1] === low) return word;
    }
  }

  /**
   * Puts what was added into the session's unit of work.
   * @param now ledger time in seconds: no record that was seen can be younger
   */
  async save(session: StoreSession, now: number): Promise<void> {
    await this.#runs.advance(session, this.#addedLength / ENTRY_WORDS);
    if (this.#count >= this.#memoryEntries) this.#fold(session, now);
    else if (this.#addedLength > 0) {
      const { buffer, byteOffset } = this.#added;
      const bytes = new Uint8Array(buffer, byteOffset, 4 * this.#addedLength);
      session.putBytes(keys.seen(this.#stretches.next++), encodeBytes(bytes));
    }
    this.#addedLength = 0;
  }

  /** All that is in memory becomes a run, and its stretches go, in the same unit of work. */
  #fold(session: StoreSession, now: number): void {
    const entries = new Uint32Array(ENTRY_WORDS * this.#count);
    let at = 0;
    const slots = this.#slots;
    for (let word = 0; word < slots.length; word += ENTRY_WORDS) {
      if (slots[word + 3] === 0) continue;
      // Word by word: a view for each entry would cost more than all the rest.
      entries[at++] = slots[word] as number;
      entries[at++] = slots[word + 1] as number;
      entries[at++] = slots[word + 2] as number;
      entries[at++] = slots[word + 3] as number;
    }
    this.#runs.fold(session, entries, now);
    const { first, next } = this.#stretches;
    for (let stretch = first; stretch < next; stretch++) session.delete(keys.seen(stretch));
    this.#stretches.first = next;
    // As large as it was: it will be again, and to grow there costs as much as to fill it.
    this.#slots.fill(0);
    this.#count = 0;
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

/** The entry's upper half is one more than the position's, so that no entry looks like a free slot. */
const positionOf = (words: Uint32Array, word: number): number =>
  (words[word + 2] as number) + ((words[word + 3] as number) - 1) * HALF;

function putPosition(words: Uint32Array, word: number, position: number): void {
  words[word + 2] = position;
  words[word + 3] = Math.floor(position / HALF) + 1;
}
