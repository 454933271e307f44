import type { Hex } from "../../core/bytes.ts";
import { TallystickError } from "../../core/errors.ts";
import type { BillState } from "../bill/bill-state.ts";
import type { EngineContext } from "../operator.ts";
import { below, keys } from "../store/key-spaces.ts";
import { readBatch } from "../store/read-charges.ts";
import type { StoreReader } from "../store/store.ts";
import { getJson, scanJson } from "../store/stored-json.ts";
import type { BookState } from "../store/stored-types.ts";

/** What a subscriber's files of a month hold, noted before the newest of them is written. */
export interface PublishedEvidence {
  /** Of the newest file; each earlier one is there too. */
  edition: number;
  /** Credits that reduce the month's charges in it. */
  credits: number;
}

/** How far the publishing of a month is; it goes on from there after a crash. */
export interface PublishState {
  /** Which folder: another one is begun anew. */
  folder: string;
  /** Others that files of the month were written to before. */
  otherFolders?: string[];
  /** The last account that was looked at. */
  after: string;
  done: boolean;
  subscribers: number;
  files: number;
  bytes: number;
  written: number;
  /** Its retention is over, and the files are gone from all its folders. */
  erased?: true;
}

export interface PublishProgress {
  done: boolean;
  /** Subscribers whose month was billed. */
  all: number;
  /** Accounts looked at whose month was billed; files there are of them, and their bytes. */
  subscribers: number;
  files: number;
  bytes: number;
  /** Of the files, those that this run wrote. */
  written: number;
}

export const readPublishing = (
  store: StoreReader,
  epoch: string,
): Promise<PublishState | undefined> => getJson<PublishState>(store, keys.publishing(epoch));

/** Where a month's files are, or may be. */
export const foldersOf = ({ folder, otherFolders = [] }: PublishState): string[] => [
  folder,
  ...otherFolders,
];

/** From its first account on. @param known what was published of the month before, anywhere */
export function beginIn(folder: string, known: PublishState | undefined): PublishState {
  const before = known === undefined ? [] : foldersOf(known);
  const otherFolders = before.filter((other) => other !== folder);
  return {
    folder,
    ...(otherFolders.length === 0 ? {} : { otherFolders }),
    after: "",
    done: false,
    subscribers: 0,
    files: 0,
    bytes: 0,
    written: 0,
  };
}

/** Months whose publishing was begun, in their order. */
export async function begunMonths(
  store: StoreReader,
): Promise<{ epoch: string; state: PublishState }[]> {
  const begun: { epoch: string; state: PublishState }[] = [];
  for await (const { key, value } of scanJson<PublishState>(store, below("publishing/"))) {
    begun.push({ epoch: key.slice("publishing/".length), state: value });
  }
  return begun;
}

export async function progressOf(
  store: StoreReader,
  epoch: string,
  state: PublishState,
): Promise<PublishProgress> {
  const { done, subscribers, files, bytes, written } = state;
  const bill = await getJson<BillState>(store, keys.bill(epoch));
  return { done, all: bill?.invoices ?? 0, subscribers, files, bytes, written };
}

/** Every invoice stands on the ledger for good. */
export async function areInvoicesFinal(store: StoreReader, invoiceBook: Hex): Promise<boolean> {
  const book = (await getJson<BookState>(store, keys.book(invoiceBook))) as BookState;
  let waits = book.pendingFirst !== book.pendingNext;
  for (let sequence = BigInt(book.lastSequence); !waits && sequence > 0n; sequence--) {
    const batch = await readBatch(store, invoiceBook, sequence);
    if (batch.blockTime !== undefined) break;
    waits = batch.count > 0;
  }
  return !waits;
}

/**
 * The month is billed, and its invoices stand on the ledger for good.
 * @throws TallystickError `publish.not-billed`, `publish.not-final`
 */
export async function requireFinal(
  { store, profile }: EngineContext,
  epoch: string,
): Promise<void> {
  const closed = await getJson<string>(store, keys.node("closed-epoch"));
  if (closed === undefined || closed < epoch) {
    throw new TallystickError(
      "publish.not-billed",
      `${epoch} is not billed; its evidence is published after its bill.`,
    );
  }
  if (await areInvoicesFinal(store, profile.agreement.invoiceBook)) return;
  throw new TallystickError(
    "publish.not-final",
    "Some invoices are not on the ledger for good yet; commit, then publish.",
  );
}
