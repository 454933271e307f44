import { below, keys } from "../store/key-spaces.ts";
import type { StoreReader } from "../store/store.ts";
import { batchAt, positionIn } from "../store/stored-rows.ts";
import type { StoreProblem } from "./check-store.ts";

/** What stands under a prefix, in words, where its key says of whom or what it is. */
const WORDS: Record<string, string> = {
  file: "how far the file with this SHA-256 was taken in",
  seen: "a stretch of the index of records seen",
  "seen-run": "the head of a run of the index of records seen",
  "seen-filter": "a part of the filter of a run of the index of records seen",
  "seen-segment": "a segment of the index of records seen",
  source: "what became of this record",
  suspense: "a record that waits",
  dropped: "a record that was dropped",
  account: "an account",
  book: "the head of the book",
  "book-key": "the book's key of totals",
  "month-key": "the key of source tags of a traffic month",
  epoch: "an account's keys and counters of a month",
  batch: "a batch",
  "batch-end": "where a batch's rows end",
  levels: "the levels of a batch's tree",
  owned: "where an account's charges stand",
  rating: "an account's counters and allowances",
  invoice: "an account's invoice of a month",
  tick: "batches that were sealed together",
};
const BY_POSITION = ["rows", "leaves", "batch-end"];
const BY_SEQUENCE = ["batch", "levels"];

/** A value that is not as it was written: where it stands, as far as its key tells. */
export async function damagedValue(store: StoreReader, key: string): Promise<StoreProblem> {
  const [space = "", second = "-"] = key.split("/");
  const code = "fsck.value-damaged";
  if (BY_POSITION.includes(space)) {
    const first = positionIn(key);
    const found = await batchAt(store, second, first);
    const end = await nextPosition(store, key, second, space);
    const rows = `rows ${first} to ${end === undefined ? "the last" : end - 1n}`;
    const what =
      space === "batch-end"
        ? WORDS[space]
        : `${space === "rows" ? "the" : "leaf digests of"} ${rows}`;
    const message = `The value under "${key}" is not as it was written: ${what}.`;
    return { code, book: second, sequence: found?.sequence ?? "-", message };
  }
  const isOfBook = space === "book" || BY_SEQUENCE.includes(space);
  const words = WORDS[space];
  return {
    code,
    book: isOfBook ? second : "-",
    sequence: BY_SEQUENCE.includes(space) ? positionIn(key).toString() : "-",
    message: `The value under "${key}" is not as it was written${words === undefined ? "" : `: ${words}`}.`,
  };
}

async function nextPosition(
  store: StoreReader,
  key: string,
  domain: string,
  space: string,
): Promise<bigint | undefined> {
  const from = keys.rows(domain, positionIn(key) + 1n).replace(/^rows/, space);
  const range = { from, to: below(`${space}/${domain}/`).to, limit: 1, keysOnly: true };
  for await (const { key: next } of store.scan(range)) return positionIn(next);
  return undefined;
}
