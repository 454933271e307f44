import { fromHex } from "../../core/bytes.ts";
import { BOOK_KIND } from "../../core/commitment/domain.ts";
import { Fingerprint, SEEN } from "../intake/fingerprint.ts";
import { ENTRY_WORDS } from "../intake/seen-entry.ts";
import { readSeenRuns } from "../intake/seen-runs.ts";
import { below, keys, sortable } from "../store/key-spaces.ts";
import type { StoreReader } from "../store/store.ts";
import { readBytes } from "../store/stored-bytes.ts";
import { getJson, scanJson } from "../store/stored-json.ts";
import { isBlock, scanRows } from "../store/stored-rows.ts";
import type { BookState } from "../store/stored-types.ts";
import type { StoreProblem } from "./check-store.ts";

/** Positions that are looked at together: 16 MB of entries, and one reading of the index for each. */
const WINDOW = 1_048_576;
/** An id and a content for each charge, two words each. */
const WORDS = 4;
const HALF = 2 ** 32;

/**
 * Whether the index of records seen knows every charge by its record's id, at its position: what it does
 * not know would be charged again. Contents can not be recomputed from charges and are passed over, and
 * so is all once a run of the index was dropped for its age: then nothing tells what it held.
 */
export async function checkSeen(store: StoreReader): Promise<StoreProblem[]> {
  const problems: StoreProblem[] = [];
  const key = await getJson<string>(store, keys.node("seen-key"));
  const { runs, hasDropped } = await readSeenRuns(store);
  if (key === undefined || hasDropped) return problems;
  // Not what a merge has written so far, nor what is left of runs that were merged.
  const held = ["seen/", ...runs.map(({ number }) => `seen-segment/${sortable(number)}/`)];
  const prints = new Fingerprint(new Uint32Array(fromHex(key, 32).slice(0, 16).buffer));
  for await (const { value: book } of scanJson<BookState>(store, below("book/"))) {
    if (book.kind !== BOOK_KIND.charges) continue;
    const end = Number(book.pendingNext);
    for (let from = 1; from < end; from += WINDOW) {
      const to = Math.min(end, from + WINDOW);
      const known = await entriesOf(store, held, { from, to });
      for await (const { first, count, rows } of scanRows(
        store,
        book.domain,
        BigInt(from),
        BigInt(to),
      )) {
        // What a period's end made due is of no record.
        if (!isBlock(rows) || rows.table.kinds !== undefined) continue;
        for (let row = 0; row < count; row++) {
          const position = Number(first) + row;
          if (position < from || position >= to) continue;
          prints.fingerprint(SEEN.id, rows.id(row));
          if (known.has(position, prints.high, prints.low)) continue;
          const message = `The record of the charge at position ${position} is not in the index of records seen: it could be charged again.`;
          problems.push({ code: "fsck.seen", book: book.domain, sequence: "-", message });
        }
      }
    }
  }
  return problems;
}

/** The fingerprints of a stretch of positions, two at each; more than that are kept apart. */
class SeenEntries {
  readonly #from: number;
  readonly #words: Uint32Array;
  readonly #more = new Set<string>();

  constructor(from: number, to: number) {
    this.#from = from;
    this.#words = new Uint32Array(WORDS * (to - from));
  }

  add(position: number, high: number, low: number): void {
    const at = WORDS * (position - this.#from);
    for (let word = at; word < at + WORDS; word += 2) {
      if (this.#words[word] !== 0 || this.#words[word + 1] !== 0) continue;
      this.#words[word] = high;
      this.#words[word + 1] = low;
      return;
    }
    this.#more.add(`${position}/${high}/${low}`);
  }

  has(position: number, high: number, low: number): boolean {
    const at = WORDS * (position - this.#from);
    for (let word = at; word < at + WORDS; word += 2) {
      if (this.#words[word] === high && this.#words[word + 1] === low) return true;
    }
    return this.#more.has(`${position}/${high}/${low}`);
  }
}

async function entriesOf(
  store: StoreReader,
  prefixes: readonly string[],
  { from, to }: { from: number; to: number },
): Promise<SeenEntries> {
  const entries = new SeenEntries(from, to);
  for (const prefix of prefixes) {
    for await (const { key, value } of store.scan(below(prefix))) {
      const words = new Uint32Array(readBytes(key, value).buffer);
      for (let at = 0; at < words.length; at += ENTRY_WORDS) {
        const upper = (words[at + 3] as number) - 1;
        const position = (words[at + 2] as number) + upper * HALF;
        if (position < from || position >= to) continue;
        entries.add(position, words[at] as number, words[at + 1] as number);
      }
    }
  }
  return entries;
}
