import { fromHex, toHex } from "../../core/bytes.ts";
import type { EngineContext, OperatorProfile } from "../operator.ts";
import { below, keys } from "../store/key-spaces.ts";
import type { StoreSession } from "../store/store-session.ts";
import { BYTES_HEADER, encodeInto, readBytes } from "../store/stored-bytes.ts";
import { getJson } from "../store/stored-json.ts";
import { positionIn } from "../store/stored-rows.ts";
import { type EntryFolder, foldHere } from "./entry-folder.ts";
import { Fingerprint } from "./fingerprint.ts";
import type { FoldedEntries } from "./fold-entries.ts";
import { bytesOf, ENTRY_WORDS, positionOf } from "./seen-entry.ts";
import { SeenRuns } from "./seen-runs.ts";
import { SeenTable } from "./seen-table.ts";

const KEY = keys.node("seen-key");
/** Entries in memory before they are folded into a run on disk: 34 MB, and as much for the next ones meanwhile. */
const MEMORY_ENTRIES = 1_048_576;
/** Records that wait because they end after the ledger's time may be younger than their run. */
const MARGIN_SECONDS = 31 * 86_400;

/** What an index needs of its operator. */
export type SeenIndexContext = Pick<EngineContext, "store" | "random" | "entryFolder"> & {
  profile: Pick<OperatorProfile, "seenEntriesInMemory"> & {
    agreement: Pick<OperatorProfile["agreement"], "maxRecordAgeSeconds">;
  };
};

/** Numbers of stretches, the last one excluded. */
interface Stretches {
  first: number;
  next: number;
}

/** A full table that becomes a run. */
interface Folding {
  table: SeenTable;
  stretches: Stretches;
  /** Is there once `folded` or `error` is; undefined where it was folded at once. */
  done?: Promise<void>;
  folded?: FoldedEntries;
  error?: unknown;
  /** Memory of its segments. */
  segments?: Uint8Array;
  /** Whether its run is in the unit of work that was saved last. */
  isPut: boolean;
}

/**
 * Which records came before: fingerprints of 64 bits under a key of this store (so that nobody can
 * make two texts that meet), each with the position of the charge that the record became, or 0 for
 * one that became none. A fingerprint is only a hint: for ids the reader compares the id itself.
 *
 * Durable are stretches of entries, one for each unit of work; in memory they are one table (seen-table.ts).
 * A million of them are folded into a sorted run on disk, of which memory keeps three bytes an entry, in a
 * thread of its own while the next table is filled; eight runs of a size are merged into one (seen-runs.ts). A run
 * that was folded longer ago than the agreement's maximum record age is dropped: what it speaks of would be
 * refused anyway.
 */
export class SeenIndex {
  /** What fingerprints are taken with; who takes them on another thread needs them. */
  readonly seeds: Uint32Array;
  readonly prints: Fingerprint;
  readonly #folder: EntryFolder;
  #table = new SeenTable();
  /** Of the unit of work at hand, in the table. */
  #firstAdded = 0;
  /** Of those that were added since charges moved: no charge moves twice. */
  #firstUnmoved = 0;
  /** Those of the table. */
  #stretches: Stretches = { first: 0, next: 0 };
  #folding: Folding | undefined;
  /** Whether what was saved last may not be durable yet. */
  #isAhead = false;
  /** The table that was folded last, for the next one. */
  #spare: SeenTable | undefined;
  /** Memory of the segments that were folded last, for the next ones. */
  #segments: Uint8Array | undefined;
  /** Memory of the stretch that was saved last. */
  #stretch = new Uint8Array();
  #runs!: SeenRuns;
  /** What runs, and the table that is folded, hold of the fingerprints that were recalled. */
  readonly #recalled = new SeenTable();
  #isAllNew = false;
  readonly #memoryEntries: number;

  private constructor(key: Uint8Array, memoryEntries: number, folder: EntryFolder) {
    this.#folder = folder;
    this.#memoryEntries = memoryEntries;
    this.seeds = new Uint32Array(key.slice(0, 16).buffer);
    this.prints = new Fingerprint(this.seeds);
  }

  /**
   * Reads what earlier units of work wrote; makes the key at first need, and drops runs that are too old.
   * @param session puts both: who does not write its unit of work lets go of the index, too
   */
  static async load(
    { store, random, profile, entryFolder }: SeenIndexContext,
    session: StoreSession,
    now: number,
  ): Promise<SeenIndex> {
    let key = await getJson<`0x${string}`>(store, KEY);
    if (key === undefined) {
      key = toHex(random.bytes(32));
      session.put(KEY, key);
    }
    const entries = profile.seenEntriesInMemory ?? MEMORY_ENTRIES;
    const folder = entryFolder ?? foldHere;
    const index = new SeenIndex(fromHex(key, 32), entries, folder);
    const oldest = now - Number(profile.agreement.maxRecordAgeSeconds) - MARGIN_SECONDS;
    const merging = { oldest, mergedAtOnce: entries };
    index.#runs = await SeenRuns.load({ store, folder }, session, merging);
    const stretches: { at: string; words: Uint32Array }[] = [];
    let found = 0;
    for await (const { key: at, value } of store.scan(below("seen/"))) {
      const words = new Uint32Array(readBytes(at, value).buffer);
      stretches.push({ at, words });
      found += words.length / ENTRY_WORDS;
    }
    index.#table = SeenTable.withRoom(Math.min(found, entries));
    for (const { at, words } of stretches) {
      for (let i = 0; i < words.length; i += ENTRY_WORDS) {
        index.#table.add(words, i, positionOf(words, i));
      }
      const number = Number(positionIn(at));
      if (index.#table.count === 0 || index.#stretches.next === 0) index.#stretches.first = number;
      index.#stretches.next = number + 1;
      // Of a process that died while it folded: they are more than one table's.
      if (index.#table.count >= entries && index.#folding === undefined) index.#freeze();
    }
    index.#firstAdded = index.#table.count;
    index.#firstUnmoved = index.#firstAdded;
    return index;
  }

  /**
   * Fetches what runs on disk hold of these fingerprints (upper and lower halves in turn), and what will be
   * looked for in memory into the processor's cache. Before a fingerprint is found or added it is recalled.
   */
  async recall(fingerprints: Uint32Array): Promise<void> {
    const recalled = this.#recalled;
    recalled.clear();
    const isInTable = this.#table.hasAny(fingerprints);
    await this.#runs.lookup.recall(fingerprints, (words, word) => {
      recalled.add(words, word, positionOf(words, word));
    });
    this.#folding?.table.findAll(fingerprints, recalled);
    this.#isAllNew = !isInTable && recalled.count === 0;
  }

  /** Whether none of the fingerprints that were recalled last had been added by then. */
  get isAllNew(): boolean {
    return this.#isAllNew;
  }

  /**
   * Begins to read what will be recalled chunk by chunk, so that nobody waits for the disk then; only a gain.
   * @param chunk how many of the words are recalled at once
   */
  readAhead(fingerprints: Uint32Array, chunk: number): void {
    this.#runs.lookup.forgetAhead();
    this.#runs.lookup.readAhead(fingerprints, chunk);
  }

  /** Entries in memory, those that are folded included. */
  get inMemory(): number {
    return this.#table.count + (this.#folding?.table.count ?? 0);
  }

  /** Runs on disk that a fingerprint is looked for in. */
  get runs(): number {
    return this.#runs.lookup.count;
  }

  /**
   * The position under a fingerprint that was recalled; undefined when it was never added.
   * @param at where in `prints` its upper half stands, before the lower one
   */
  find(prints: Uint32Array, at: number): number | undefined {
    // What runs hold is older.
    let position = this.#recalled.count === 0 ? -1 : this.#recalled.find(prints, at);
    if (position < 0) position = this.#table.find(prints, at);
    return position < 0 ? undefined : position;
  }

  /** The first that is added under a fingerprint stays. */
  add(prints: Uint32Array, at: number, position: number): void {
    this.#table.add(prints, at, position);
  }

  /**
   * Adds two fingerprints of which runs hold none, as of those that were all new when they were recalled.
   * @param at where the upper half of the first one stands; the other one follows
   * @returns false, and adds none, where one of them was added since
   */
  addBoth(prints: Uint32Array, at: number, position: number): boolean {
    if (!this.#table.add(prints, at, position)) return false;
    if (this.#table.add(prints, at + 2, position)) return true;
    this.#table.takeBack();
    return false;
  }

  /** As if the two that were added last by `addBoth` had not been. */
  takeBothBack(): void {
    this.#table.takeBack();
    this.#table.takeBack();
  }

  /**
   * Tells where the charges of the unit of work at hand stand that were added under positions from `first` on.
   * @param places of each of them, counted from `first`
   */
  move(first: number, places: Uint32Array): void {
    this.#table.move(this.#firstUnmoved, first, places);
    // One may be added by now that is to be moved with the next ones.
    this.#firstUnmoved = this.#table.countBelow(first + places.length);
  }

  /** How many entries the table has, to be saved up to there. */
  get gathered(): number {
    return this.#table.count;
  }

  /**
   * Puts what was added into the session's unit of work, once the unit that was saved before is durable.
   * @param now ledger time in seconds: no record that was seen can be younger
   * @param gathered up to where; what was added since is of the next unit of work
   */
  async save(session: StoreSession, now: number, gathered = this.#table.count): Promise<void> {
    this.#isAhead = true;
    this.#letGo();
    const added = this.#table.entries(this.#firstAdded, gathered);
    await this.#runs.advance(session, added.length / ENTRY_WORDS);
    if (added.length > 0) {
      const bytes = BYTES_HEADER + 4 * added.length;
      // What is in it is durable by now.
      if (this.#stretch.length < bytes) this.#stretch = new Uint8Array(bytes);
      const value = encodeInto(this.#stretch, [bytesOf(added)]);
      session.putPassing(keys.seen(this.#stretches.next++), value);
    }
    // What is of the next unit of work is not to be folded: its charges may move, and it may be taken back.
    const isFull = gathered >= this.#memoryEntries && gathered === this.#table.count;
    // A table is folded in a small part of the time in which the next one is filled.
    if (isFull) await this.#folding?.done;
    this.#putFolded(session, now);
    const isFrozen = isFull && this.#folding === undefined;
    if (isFrozen) this.#freeze();
    this.#firstAdded = isFrozen ? 0 : gathered;
    this.#firstUnmoved = Math.max(this.#firstAdded, isFrozen ? 0 : this.#firstUnmoved);
  }

  /** The unit of work that was saved last is durable. */
  noteDurable(): void {
    this.#isAhead = false;
  }

  /**
   * As if what was added since it was saved had not been, for work that is given up.
   * @returns false where the unit that was saved last may not be durable: then it has to be loaded again
   */
  takeBack(): boolean {
    if (this.#isAhead) return false;
    while (this.#table.count > this.#firstAdded) this.#table.takeBack();
    this.#firstUnmoved = this.#firstAdded;
    return true;
  }

  /**
   * Takes a new table, while the full one is folded: it is asked until its run is durable. A crash before that
   * leaves its stretches, which are loaded again.
   */
  #freeze(): void {
    const table = this.#table;
    const folding: Folding = { table, stretches: this.#stretches, isPut: false };
    const { next } = this.#stretches;
    this.#stretches = { first: next, next };
    this.#table = this.#spare ?? new SeenTable(table);
    this.#spare = undefined;
    this.#folding = folding;
    const folded = this.#folder.fold(table.entries(), this.#segments);
    this.#segments = undefined;
    if (!(folded instanceof Promise)) {
      folding.folded = folded;
      return;
    }
    folding.done = folded.then(
      (entries) => {
        folding.folded = entries;
      },
      (error: unknown) => {
        folding.error = error;
      },
    );
  }

  /** The run comes and its stretches go in one unit of work: a crash leaves the ones or the other. */
  #putFolded(session: StoreSession, now: number): void {
    const folding = this.#folding;
    if (folding?.error !== undefined) throw folding.error;
    if (folding?.folded === undefined) return;
    this.#runs.add(session, folding.folded, now);
    const { first, next } = folding.stretches;
    for (let stretch = first; stretch < next; stretch++) session.delete(keys.seen(stretch));
    folding.segments = folding.folded.segments;
    delete folding.folded;
    folding.isPut = true;
  }

  /** The unit of work that was saved last is durable: if it has the run, that answers from now on. */
  #letGo(): void {
    if (this.#folding?.isPut !== true) return;
    this.#spare = this.#folding.table;
    this.#spare.clear();
    this.#segments = this.#folding.segments;
    this.#folding = undefined;
  }
}
