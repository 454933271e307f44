import type { EngineContext } from "../operator.ts";
import { keys } from "./key-spaces.ts";
import { requireStoreFormat } from "./require-store-format.ts";
import { StoreSession } from "./store-session.ts";
import type { BookState } from "./stored-types.ts";

/** Opens an agreement's books that are not open yet. @throws as `requireStoreFormat` */
export async function openBooks({ store, profile }: EngineContext): Promise<void> {
  const session = new StoreSession(store);
  const { chargeBook, creditBook, invoiceBook, id, currency } = profile.agreement;
  await requireStoreFormat(session, chargeBook);
  const books = [
    { domain: chargeBook, kind: 1 },
    { domain: creditBook, kind: 2 },
    { domain: invoiceBook, kind: 3 },
  ] as const;
  for (const { domain, kind } of books) {
    if ((await session.get<BookState>(keys.book(domain))) !== undefined) continue;
    session.put(keys.book(domain), {
      domain,
      kind,
      number: "1",
      agreement: id,
      currency,
      lastSequence: "0",
      runningSumNano: "0",
      runningCount: "0",
      pendingNext: "1",
      pendingFirst: "1",
    } satisfies BookState);
  }
  await session.commit();
}
