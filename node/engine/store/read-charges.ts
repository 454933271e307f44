import { assert } from "../../core/errors.ts";
import { RowsCache } from "../evidence/rows-cache.ts";
import { below, keys } from "./key-spaces.ts";
import { RowOpener } from "./open-rows.ts";
import type { StoreReader } from "./store.ts";
import { getJson, scanJson } from "./stored-json.ts";
import {
  type BatchPlace,
  batchAt,
  findRows,
  isBlock,
  type StoredRows,
  scanLeaves,
} from "./stored-rows.ts";
import type { EpochState, OwnedPlaces, StoredBatch, StoredCharge } from "./stored-types.ts";

const DIGEST_BYTES = 32;
/** Values of rows that a reader holds at once. */
const REMEMBERED_MAX = 64;
/** Charges that are opened at once. */
const PLACES_MAX = 1024;

export interface PlacedCharge {
  domain: string;
  sequence: bigint;
  /** In the book. */
  position: number;
  leafIndex: number;
  charge: StoredCharge;
}

/** A charge, sealed or not, at its position in the book. */
export interface PositionedCharge {
  position: bigint;
  charge: StoredCharge;
}

/**
 * Lists of places by charge number: those that are full, then those that stand with the counters. The
 * counters are read first: a list that becomes full meanwhile is not read twice then.
 */
async function* listsOf(
  store: StoreReader,
  account: string,
  epoch: string,
  domain: string,
): AsyncGenerator<OwnedPlaces> {
  const state = await getJson<EpochState>(store, keys.epoch(account, epoch, domain));
  const newest = state?.places ?? [];
  const { from, to } = below(`owned/${account}/${epoch}/${domain}/`);
  const firstNewest = BigInt(state?.lastChargeNumber ?? "0") - BigInt(newest.length / 2) + 1n;
  const until = newest.length === 0 ? to : keys.owned(account, epoch, domain, firstNewest);
  let gathered: OwnedPlaces = [];
  for await (const { value } of scanJson<OwnedPlaces>(store, { from, to: until })) {
    for (const one of value) gathered.push(one);
    if (gathered.length < 2 * REMEMBERED_MAX) continue;
    yield gathered;
    gathered = [];
  }
  for (const one of newest) gathered.push(one);
  if (gathered.length > 0) yield gathered;
}

/** Reads an account's charges (or credits) of one epoch and book, by charge number. */
export async function* readOwnedRows(
  store: StoreReader,
  account: string,
  epoch: string,
  domain: string,
): AsyncGenerator<PositionedCharge> {
  const opener = new RowOpener(store, domain);
  const cache = new RowsCache(store, REMEMBERED_MAX);
  for await (const places of listsOf(store, account, epoch, domain)) {
    for (const window of windowsOf(places, REMEMBERED_MAX)) {
      yield* openPlaces(opener, cache, domain, window);
    }
  }
}

/** Places whose rows are read at once: no more values than `valuesMax`, and no more than `PLACES_MAX`. */
export function* windowsOf(places: OwnedPlaces, valuesMax: number): Generator<OwnedPlaces> {
  let from = 0;
  const firsts = new Set<number>();
  for (let at = 0; at < places.length; at += 2) {
    const first = places[at] as number;
    const isFull = firsts.size === valuesMax && !firsts.has(first);
    if (isFull || at - from === 2 * PLACES_MAX) {
      yield places.slice(from, at);
      from = at;
      firsts.clear();
    }
    firsts.add(first);
  }
  if (from < places.length) yield places.slice(from);
}

/** The charges of one window; those whose key was erased are left out. */
export async function* openPlaces(
  opener: RowOpener,
  cache: RowsCache,
  domain: string,
  places: OwnedPlaces,
): AsyncGenerator<PositionedCharge> {
  const rows = await cache.read(
    domain,
    places.filter((_, at) => at % 2 === 0),
  );
  for (let at = 0; at < places.length; at += 2) {
    const first = places[at] as number;
    const row = places[at + 1] as number;
    const charge = await chargeOfRow(opener, rows.get(first) as StoredRows, row);
    if (charge !== undefined) yield { position: BigInt(first + row), charge };
  }
}

async function chargeOfRow(
  opener: RowOpener,
  { rows }: StoredRows,
  row: number,
): Promise<StoredCharge | undefined> {
  if (isBlock(rows)) return opener.open(rows, row);
  assert("opened" in rows && row === 0, "the row is a charge");
  return rows;
}

/** An account's sealed charges (or credits) of one epoch and book, by charge number. */
export async function readOwnedCharges(
  store: StoreReader,
  account: string,
  epoch: string,
  domain: string,
): Promise<PlacedCharge[]> {
  const placed: PlacedCharge[] = [];
  let batch: (BatchPlace & { end: bigint }) | undefined;
  for await (const { position, charge } of readOwnedRows(store, account, epoch, domain)) {
    if (batch === undefined || position >= batch.end) {
      const found = await batchAt(store, domain, position);
      if (found === undefined) break;
      const { count } = await readBatch(store, domain, BigInt(found.sequence));
      batch = { ...found, end: BigInt(found.first) + BigInt(count) };
    }
    const leafIndex = Number(position - BigInt(batch.first));
    const sequence = BigInt(batch.sequence);
    placed.push({ domain, sequence, position: Number(position), leafIndex, charge });
  }
  return placed;
}

/** The charge (or credit) that stands at a place of a batch. */
export async function readCharge(
  store: StoreReader,
  domain: string,
  sequence: bigint,
  leafIndex: number,
): Promise<StoredCharge | undefined> {
  const batch = await getJson<StoredBatch>(store, keys.batch(domain, sequence));
  if (batch === undefined || leafIndex < 0 || leafIndex >= batch.count) return undefined;
  const position = BigInt(batch.first) + BigInt(leafIndex);
  const found = await findRows(store, domain, position);
  if (found === undefined) return undefined;
  return chargeOfRow(new RowOpener(store, domain), found, Number(position - found.first));
}

export async function readBatch(
  store: StoreReader,
  domain: string,
  sequence: bigint,
): Promise<StoredBatch> {
  const batch = await getJson<StoredBatch>(store, keys.batch(domain, sequence));
  assert(batch !== undefined, `batch ${sequence} is stored`);
  return batch;
}

/** The leaf digests of a stretch of a book, one after the other. */
export async function readLeafDigests(
  store: StoreReader,
  domain: string,
  first: bigint,
  count: number,
): Promise<Uint8Array> {
  const digests = new Uint8Array(DIGEST_BYTES * count);
  let at = 0;
  for await (const { columns, from, to } of scanLeaves(store, domain, first, count)) {
    digests.set(columns.digests.subarray(DIGEST_BYTES * from, DIGEST_BYTES * to), at);
    at += DIGEST_BYTES * (to - from);
  }
  return digests;
}
