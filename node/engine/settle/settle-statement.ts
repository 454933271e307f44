import type { Hex } from "../../core/bytes.ts";
import { TallystickError } from "../../core/errors.ts";
import type { Outbox } from "../commit/outbox.ts";
import { keyNotRefused } from "../commit/retry-key.ts";
import { keys } from "../store/key-spaces.ts";
import { readBatch } from "../store/read-charges.ts";
import type { Store } from "../store/store.ts";
import { getJson } from "../store/stored-json.ts";
import type { BookState, StoredBatch } from "../store/stored-types.ts";

const opening = (batch: StoredBatch) => [
  batch.root,
  batch.depth,
  batch.totals,
  BigInt(batch.blockTime as string),
  batch.opened.runningTotals.salt,
  BigInt(batch.opened.runningTotals.sumNano),
  BigInt(batch.opened.runningTotals.count),
];

/**
 * Posts the statement of a book of charges and its book of credits up to their newest batches that
 * are final. It opens nothing but the running totals of both (docs/PROTOCOL.md, section 9).
 * @returns the outbox key that the posting is settled under
 * @throws TallystickError `statement.nothing-committed`
 */
export async function postStatement(
  store: Store,
  outbox: Outbox,
  chargeBook: Hex,
  creditBook: Hex,
): Promise<string> {
  const charges = await newestFinal(store, chargeBook);
  const credits = await newestFinal(store, creditBook);
  const key = await keyNotRefused(outbox, `statement:${chargeBook}:${charges.sequence}`);
  await outbox.enqueue({
    key,
    purpose: "post statement",
    duty: "settle",
    call: {
      contract: "statements",
      method: "post",
      args: [
        chargeBook,
        BigInt(charges.sequence),
        opening(charges),
        creditBook,
        BigInt(credits.sequence),
        opening(credits),
      ],
    },
  });
  return key;
}

async function newestFinal(store: Store, domain: Hex): Promise<StoredBatch> {
  const book = await getJson<BookState>(store, keys.book(domain));
  for (let sequence = BigInt(book?.lastSequence ?? "0"); sequence > 0n; sequence--) {
    const batch = await readBatch(store, domain, sequence);
    if (batch.blockTime !== undefined) return batch;
  }
  throw new TallystickError(
    "statement.nothing-committed",
    "No batch of the book is on the ledger yet; commit first.",
  );
}
