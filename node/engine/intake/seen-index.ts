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
import { positionOf, SeenTable } from "./seen-table.ts";

const KEY = keys.node("seen-key");
/** Entries in memory before they are folded into a run on disk: 32 MB. */
const MEMORY_ENTRIES = 1_048_576;
/** Records that wait because they end after the ledger's time may be younger than their run. */
const MARGIN_SECONDS = 31 * 86_400;

/**
 * Which records came before: fingerprints of 64 bits under a key of this store (so that nobody can
 * make two texts that meet), each with the position of the charge that the record became, or 0 for
 * one that became none. A fingerprint is only a hint: for ids the reader compares the id itself.
 *
 * Durable are stretches of entries, one for each unit of work; in memory they are one table (seen-table.ts).
 * A million of them are folded into a sorted run on disk, of which memory keeps two bytes an entry; ten
 * runs of a size are merged into one (seen-runs.ts). A run that was folded longer ago than the
 * agreement's maximum record age is dropped: what it speaks of would be refused anyway.
 */
export class SeenIndex {
  /** What fingerprints are taken with; who takes them on another thread needs them. */
  readonly seeds: Uint32Array;
  readonly prints: Fingerprint;
  readonly #table = new SeenTable();
  /** Of the unit of work at hand, in the table. */
  #firstAdded = 0;
  #stretches = { first: 0, next: 0 };
  #runs!: SeenRuns;
  /** What runs hold of the fingerprints that were recalled. */
  readonly #recalled = new SeenTable();
  readonly #memoryEntries: number;

  private constructor(key: Uint8Array, memoryEntries: number) {
    this.#memoryEntries = memoryEntries;
    this.seeds = new Uint32Array(key.slice(0, 16).buffer);
    this.prints = new Fingerprint(this.seeds);
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
        index.#table.add(words[i] as number, words[i + 1] as number, positionOf(words, i));
      }
      const number = Number(positionIn(at));
      if (index.#stretches.next === 0) index.#stretches.first = number;
      index.#stretches.next = number + 1;
    }
    index.#firstAdded = index.#table.count;
    return index;
  }

  /**
   * Fetches what runs on disk hold of these fingerprints (upper and lower halves in turn), and what will be
   * looked for in memory into the processor's cache. Before a fingerprint is added it is recalled.
   */
  async recall(fingerprints: Uint32Array): Promise<void> {
    this.#recalled.clear();
    this.#table.touch(fingerprints);
    if (this.#runs.isEmpty) return;
    await this.#runs.recall(fingerprints, (words, word) => {
      this.#recalled.add(words[word] as number, words[word + 1] as number, positionOf(words, word));
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

  /** The position under the fingerprint, which was recalled; undefined when it was never added. */
  find(high: number, low: number): number | undefined {
    // What runs hold is older.
    let position = this.#recalled.count === 0 ? -1 : this.#recalled.find(high, low);
    if (position < 0) position = this.#table.find(high, low);
    return position < 0 ? undefined : position;
  }

  /** The first that is added under a fingerprint stays. */
  add(high: number, low: number, position: number): void {
    this.#table.add(high, low, position);
  }

  /**
   * Tells where the charges of the unit of work at hand stand that were added under positions from `first` on.
   * @param places of each of them, counted from `first`
   */
  move(first: number, places: Uint32Array): void {
    this.#table.move(this.#firstAdded, first, places);
  }

  /**
   * Puts what was added into the session's unit of work.
   * @param now ledger time in seconds: no record that was seen can be younger
   */
  async save(session: StoreSession, now: number): Promise<void> {
    const added = this.#table.entries(this.#firstAdded);
    await this.#runs.advance(session, added.length / ENTRY_WORDS);
    if (this.#table.count >= this.#memoryEntries) this.#fold(session, now);
    else if (added.length > 0) {
      const { buffer, byteOffset, byteLength } = added;
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      session.putBytes(keys.seen(this.#stretches.next++), encodeBytes(bytes));
    }
    this.#firstAdded = this.#table.count;
  }

  /** All that is in memory becomes a run, and its stretches go, in the same unit of work. */
  #fold(session: StoreSession, now: number): void {
    this.#runs.fold(session, this.#table.entries(), now);
    const { first, next } = this.#stretches;
    for (let stretch = first; stretch < next; stretch++) session.delete(keys.seen(stretch));
    this.#stretches.first = next;
    this.#table.clear();
  }
}
