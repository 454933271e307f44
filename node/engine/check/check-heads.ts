import { readRetention } from "../retention/retention-state.ts";
import { below, keys } from "../store/key-spaces.ts";
import type { StoreReader } from "../store/store.ts";
import { getJson } from "../store/stored-json.ts";
import { type BatchPlace, decodeRows, positionIn } from "../store/stored-rows.ts";
import type { BookState, StoredBatch } from "../store/stored-types.ts";
import type { StoreProblem } from "./check-store.ts";

/**
 * Whether a book's head stands where its batches and rows end: each batch starts where the one before it
 * ended and is found by its last row, what waits starts behind the last batch, and nothing lies beyond.
 */
export async function checkHead(store: StoreReader, book: BookState): Promise<StoreProblem[]> {
  const { domain } = book;
  const dropped = (await readRetention(store)).books[domain];
  const problems: StoreProblem[] = [];
  const tell = (code: string, sequence: string, message: string) =>
    problems.push({ code, book: domain, sequence, message });
  let next = 1n;
  for (let sequence = 1n; sequence <= BigInt(book.lastSequence); sequence++) {
    const batch = await getJson<StoredBatch>(store, keys.batch(domain, sequence));
    if (batch === undefined) continue;
    const number = sequence.toString();
    if (BigInt(batch.first) !== next) {
      tell("fsck.batch-place", number, `It starts at ${batch.first}; ${next} follows.`);
    }
    next = BigInt(batch.first) + BigInt(batch.count);
    if (batch.count === 0) continue;
    const place = await getJson<BatchPlace>(store, keys.batchEnd(domain, next - 1n));
    if (place?.sequence === number && place.first === batch.first) continue;
    tell("fsck.batch-place", number, "Its rows are not found by the position of the last one.");
  }
  const head = (message: string) => tell("fsck.book-head", book.lastSequence, message);
  if (BigInt(book.pendingFirst) !== next) {
    head(`What waits starts at ${book.pendingFirst}; the last batch ends before ${next}.`);
  }
  const beyond = keys.batch(domain, BigInt(book.lastSequence) + 1n);
  for await (const { key } of store.scan({
    from: beyond,
    to: below(`batch/${domain}/`).to,
    limit: 1,
  })) {
    head(`There is a batch ${positionIn(key)} behind the last one that the book knows.`);
  }
  for (const space of ["rows", "leaves"]) {
    const range = { ...below(`${space}/${domain}/`), reverse: true, limit: 1 };
    let end = BigInt(dropped?.[space === "rows" ? "rowsFrom" : "leavesFrom"] ?? "1");
    for await (const { key, value } of store.scan(range)) {
      end = positionIn(key) + (space === "rows" ? BigInt(decodeRows(key, value).count) : 0n);
    }
    const isEnd =
      space === "rows" ? end === BigInt(book.pendingNext) : end <= BigInt(book.pendingNext);
    if (!isEnd)
      head(`Its ${space} end before ${end}, and the next position is ${book.pendingNext}.`);
  }
  return problems;
}
