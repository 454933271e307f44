import { fromHex, type Hex } from "../../core/bytes.ts";
import { BATCH_DEPTH_MIN, buildInclusionTree } from "../../core/commitment/inclusion-tree.ts";
import { TallystickError } from "../../core/errors.ts";
import {
  CHUNK_LEAVES,
  type DeliveredBatch,
  encodeCharge,
  encodeChunk,
  type FullLeaf,
} from "../../core/evidence/delivery-bytes.ts";
import {
  accountFromJson,
  chargeFromJson,
  creditFromJson,
  partyFromJson,
} from "../../core/evidence/group-json.ts";
import { openProofs, readPath } from "../evidence/proof-reader.ts";
import { below, keys } from "../store/key-spaces.ts";
import { readCharge, readLeafDigests, readOwnedCharges } from "../store/read-charges.ts";
import type { Store } from "../store/store.ts";
import { getJson, scanJson } from "../store/stored-json.ts";
import type { BookState, EpochState, StoredBatch, StoredCharge } from "../store/stored-types.ts";

const CHUNK_DEPTH = 5;
const DIGEST_BYTES = 32;
const BOOK_OF_CREDITS = 2;

/** What is demanded: a charge by its number, or a chunk of a batch. */
export type DemandedPlace =
  | { book: Hex; pseudonym: Hex; chargeNumber: string }
  | { book: Hex; sequence: string; chunk: number };

/** The arguments of `showEmpty` for a batch that has no such chunk. */
export interface EmptyPlace {
  depth: number;
  root: Hex;
  totals: Hex;
  runningTotals: Hex;
  blockTime: bigint;
}

/**
 * What answers a demand, from the store: the bytes to encrypt, or the batch's header when there is no
 * such chunk.
 * @throws TallystickError `demand.not-in-books` when the store does not hold it, `demand.not-final`
 *   while its batch is not final
 */
export async function buildDelivery(
  store: Store,
  place: DemandedPlace,
): Promise<Uint8Array | EmptyPlace> {
  return "chunk" in place ? chunkOf(store, place) : chargeOf(store, place);
}

async function chargeOf(
  store: Store,
  { book, pseudonym, chargeNumber }: { book: Hex; pseudonym: Hex; chargeNumber: string },
): Promise<Uint8Array> {
  const owner = await ownerOf(store, book, pseudonym);
  if (owner === undefined) throw notInBooks();
  const owned = await readOwnedCharges(store, owner.account, owner.epoch, book);
  const found = owned.find(({ charge }) => charge.opened.account.chargeNumber === chargeNumber);
  if (found === undefined) throw notInBooks();
  const { sequence, leafIndex, charge } = found;
  const batch = await batchOf(store, book, sequence);
  return encodeCharge({
    leaf: leafOf(charge),
    sequence,
    leafIndex,
    batch: sectionOf(batch),
    path: await readPath(await openProofs(store, book, batch), leafIndex),
  });
}

async function chunkOf(
  store: Store,
  { book, sequence: text, chunk }: { book: Hex; sequence: string; chunk: number },
): Promise<Uint8Array | EmptyPlace> {
  const sequence = BigInt(text);
  const batch = await batchOf(store, book, sequence);
  const section = sectionOf(batch);
  if (chunk >= 2 ** (batch.depth - CHUNK_DEPTH)) {
    const { depth, root, totals, runningTotals } = batch;
    return { depth, root, totals, runningTotals, blockTime: section.blockTime };
  }
  const kind = (await getJson<BookState>(store, keys.book(book)))?.kind;
  const first = chunk * CHUNK_LEAVES;
  const leaves: FullLeaf[] = [];
  for (let index = first; index < Math.min(first + CHUNK_LEAVES, batch.count); index++) {
    const charge = await readCharge(store, book, sequence, index);
    if (charge === undefined) throw notInBooks();
    leaves.push(leafOf(charge));
  }
  const path = (await pathOf(store, book, batch, first)).slice(CHUNK_DEPTH);
  return encodeChunk({ leaves, batch: section, path }, kind === BOOK_OF_CREDITS);
}

/** Demands are rare: no index of pseudonyms is kept for them. */
async function ownerOf(
  store: Store,
  book: Hex,
  pseudonym: Hex,
): Promise<{ account: string; epoch: string } | undefined> {
  for await (const { key, value } of scanJson<EpochState>(store, below("epoch/"))) {
    const [, account, epoch, domain] = key.split("/");
    if (account === undefined || epoch === undefined || domain !== book) continue;
    if (value.pseudonym === pseudonym) return { account, epoch };
  }
  return undefined;
}

function leafOf({ opened, amountNano }: StoredCharge): FullLeaf {
  const { account, party, charge, credit } = opened;
  const third = charge === undefined ? credit && creditFromJson(credit) : chargeFromJson(charge);
  if (third === undefined) throw notInBooks();
  return {
    account: accountFromJson(account),
    party: partyFromJson(party),
    third,
    amountNano: BigInt(amountNano),
  };
}

/** Of a place that holds no leaf there is no stored proof: its tree is built anew. */
async function pathOf(
  store: Store,
  book: Hex,
  batch: StoredBatch,
  leafIndex: number,
): Promise<Uint8Array[]> {
  if (leafIndex < batch.count) return readPath(await openProofs(store, book, batch), leafIndex);
  const digests = await readLeafDigests(store, book, BigInt(batch.first), batch.count);
  const leaves = Array.from({ length: batch.count }, (_, at) =>
    digests.slice(DIGEST_BYTES * at, DIGEST_BYTES * (at + 1)),
  );
  return buildInclusionTree(leaves, BATCH_DEPTH_MIN).path(leafIndex);
}

async function batchOf(store: Store, book: Hex, sequence: bigint): Promise<StoredBatch> {
  const batch = await getJson<StoredBatch>(store, keys.batch(book, sequence));
  if (batch === undefined) throw notInBooks();
  return batch;
}

function sectionOf({ depth, totals, runningTotals, blockTime }: StoredBatch): DeliveredBatch {
  if (blockTime === undefined) {
    throw new TallystickError("demand.not-final", "The batch is not final on the ledger yet.");
  }
  return {
    depth,
    totals: fromHex(totals, 32),
    runningTotals: fromHex(runningTotals, 32),
    blockTime: BigInt(blockTime),
  };
}

const notInBooks = (): TallystickError =>
  new TallystickError(
    "demand.not-in-books",
    "What is demanded is not in these books. Unanswered, it costs the bond: look at it now.",
  );
