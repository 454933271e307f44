import { TallystickError } from "../../core/errors.ts";
import type { LedgerReader } from "../commit/ledger.ts";
import type { OperatorProfile } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import { getJson } from "../store/stored-json.ts";
import type { BookState } from "../store/stored-types.ts";

/**
 * That the store has every batch that the ledger has. A batch is durable before it is committed, so one that
 * is not lost its end: a log that was cut, or an old copy. It fits together all the same, and would number
 * charges anew whose numbers are committed.
 * @returns false when the ledger could not be asked
 * @throws TallystickError `store.behind-ledger`
 */
export async function requireNotBehind(
  store: Store,
  { agreement }: OperatorProfile,
  ledger: LedgerReader,
): Promise<boolean> {
  try {
    const domains = [agreement.chargeBook, agreement.creditBook, agreement.invoiceBook];
    const books = await Promise.all(domains.map((domain) => ledger.bookOf(domain)));
    for (const [at, domain] of domains.entries()) {
      const newest = books[at]?.newestSequence ?? 0n;
      const stored = (await getJson<BookState>(store, keys.book(domain)))?.lastSequence ?? "0";
      if (newest <= BigInt(stored)) continue;
      throw new TallystickError(
        "store.behind-ledger",
        `The ledger has batches up to ${newest} of book ${domain}, the store up to ${stored}: the store lost its end, or is an old copy. Restore the newest backup, and send the files after it again.`,
      );
    }
  } catch (error) {
    if (error instanceof TallystickError && error.code === "ledger.unreachable") return false;
    throw error;
  }
  return true;
}
