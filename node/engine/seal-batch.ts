import { fromHex, toHex } from "../core/bytes.ts";
import { type BatchLeaf, commitBatch } from "../core/commitment/batch-commitment.ts";
import { BOOK_KIND } from "../core/commitment/domain.ts";
import { invoiceLeaf } from "../core/commitment/invoice-leaf.ts";
import { assert } from "../core/errors.ts";
import { below, keys } from "./key-spaces.ts";
import { leafOfStoredCharge } from "./number-charge.ts";
import type { EngineContext } from "./operator.ts";
import { StoreSession } from "./store-session.ts";
import { scanJson } from "./stored-json.ts";
import type {
  BookState,
  StoredBatch,
  StoredCharge,
  StoredInvoice,
  StoredInvoiceLeaf,
  StoredTick,
  SuspendedRecord,
} from "./stored-types.ts";
import { openKey } from "./subscriber-epoch.ts";

/**
 * Closes what waits in every book into batches: at least one for each book, empty or not, so that
 * timing tells nothing. Batches, places of their charges and the tick that will commit them become
 * durable in one write; a crash before it leaves all charges pending.
 * @returns the tick, to be committed by one transaction
 */
export async function sealTick(context: EngineContext): Promise<StoredTick> {
  const session = new StoreSession(context.store);
  const number = BigInt((await session.get<string>(keys.node("last-tick"))) ?? "0") + 1n;
  const tick: StoredTick = { number: number.toString(), batches: [] };
  const suspense = await suspenseOf(context);
  for await (const { value } of scanJson<BookState>(context.store, below("book/"))) {
    let book = value;
    do {
      const batch = await sealOne(session, context, book, suspense);
      tick.batches.push({
        domain: book.domain,
        sequence: batch.sequence,
        commitment: batch.commitment,
      });
      book = (await session.get<BookState>(keys.book(book.domain))) as BookState;
    } while (book.pendingFirst !== book.pendingNext);
  }
  session.put(keys.tick(number), tick);
  session.put(keys.node("last-tick"), number.toString());
  await session.commit();
  return tick;
}

async function sealOne(
  session: StoreSession,
  context: EngineContext,
  book: BookState,
  suspense: { count: bigint; oldest: bigint },
): Promise<StoredBatch> {
  const first = BigInt(book.pendingFirst);
  const waiting = BigInt(book.pendingNext) - first;
  const limit = BigInt(context.profile.batchChargesMax);
  const count = waiting < limit ? waiting : limit;
  const sequence = BigInt(book.lastSequence) + 1n;
  const entries: (StoredCharge | StoredInvoiceLeaf)[] = [];
  await session.prefetch(
    Array.from({ length: Number(count) }, (_, at) => keys.pending(book.domain, first + BigInt(at))),
  );
  for (let at = first; at < first + count; at++) {
    const entry = await session.get<StoredCharge | StoredInvoiceLeaf>(
      keys.pending(book.domain, at),
    );
    assert(entry !== undefined, `pending entry ${at} is there`);
    entries.push(entry);
    session.delete(keys.pending(book.domain, at));
  }
  const domain = fromHex(book.domain, 20);
  const leaves = entries.map((entry) => batchLeaf(domain, entry));
  const isChargeBook = book.kind === BOOK_KIND.charges;
  const sealed = commitBatch({
    domain,
    bookKey: await openKey(session, context.random, keys.bookKey(book.domain)),
    sequence,
    leaves,
    before: { sumNano: BigInt(book.runningSumNano), count: BigInt(book.runningCount) },
    suspended: isChargeBook ? suspense.count : 0n,
    oldestSuspended: isChargeBook ? suspense.oldest : 0n,
  });
  const { totals, runningTotals } = sealed;
  const batch: StoredBatch = {
    sequence: sequence.toString(),
    depth: sealed.parts.depth,
    root: toHex(sealed.parts.root),
    totals: toHex(sealed.parts.totals),
    runningTotals: toHex(sealed.parts.runningTotals),
    commitment: toHex(sealed.commitment),
    count: entries.length,
    opened: {
      totals: {
        salt: toHex(totals.salt),
        sumRoot: toHex(totals.sumRoot),
        sumNano: totals.sumNano.toString(),
        count: totals.count.toString(),
        from: totals.from.toString(),
        to: totals.to.toString(),
        suspended: totals.suspended.toString(),
        oldestSuspended: totals.oldestSuspended.toString(),
      },
      runningTotals: {
        salt: toHex(runningTotals.salt),
        sumNano: runningTotals.sumNano.toString(),
        count: runningTotals.count.toString(),
      },
    },
    leaves: leaves.map((entry) => toHex(entry.leaf)),
  };
  session.put(keys.batch(book.domain, sequence), batch);
  for (const [index, entry] of entries.entries())
    await placeEntry(session, book, sequence, index, entry);
  session.put(keys.book(book.domain), {
    ...book,
    lastSequence: sequence.toString(),
    runningSumNano: runningTotals.sumNano.toString(),
    runningCount: runningTotals.count.toString(),
    pendingFirst: (first + count).toString(),
  });
  return batch;
}

function batchLeaf(domain: Uint8Array, entry: StoredCharge | StoredInvoiceLeaf): BatchLeaf {
  if ("orderKey" in entry) {
    const chargesNano = BigInt(entry.chargesNano);
    const leaf = invoiceLeaf(domain, {
      orderKey: fromHex(entry.orderKey, 32),
      body: fromHex(entry.body, 32),
      document: fromHex(entry.document, 32),
      chargesNano,
    });
    return { leaf, amountNano: chargesNano, start: 0n };
  }
  return {
    leaf: leafOfStoredCharge(domain, entry),
    amountNano: BigInt(entry.amountNano),
    start: BigInt(entry.opened.charge?.start ?? 0),
  };
}

async function placeEntry(
  session: StoreSession,
  book: BookState,
  sequence: bigint,
  index: number,
  entry: StoredCharge | StoredInvoiceLeaf,
): Promise<void> {
  const place = { sequence: sequence.toString(), leafIndex: index };
  if ("orderKey" in entry) {
    const key = keys.invoice(entry.account, entry.epoch);
    const invoice = await session.get<StoredInvoice>(key);
    assert(invoice !== undefined, "an invoice's leaf has its invoice");
    session.put(key, { ...invoice, place });
    return;
  }
  session.put(keys.charge(book.domain, sequence, index), entry);
  const number = BigInt(entry.opened.account.chargeNumber);
  session.put(keys.owned(entry.account, entry.epoch, book.domain, number), place);
}

/** How many records wait in suspense, and the start of the oldest in milliseconds. */
async function suspenseOf(context: EngineContext): Promise<{ count: bigint; oldest: bigint }> {
  let count = 0n;
  let oldest = 0n;
  for await (const { value } of scanJson<SuspendedRecord>(context.store, below("suspense/"))) {
    const start = BigInt(Date.parse(value.record.start));
    if (count === 0n || start < oldest) oldest = start;
    count++;
  }
  return { count, oldest };
}
