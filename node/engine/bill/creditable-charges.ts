import type { Hex } from "../../core/bytes.ts";
import { assert } from "../../core/errors.ts";
import { readAccountPlaces } from "../evidence/account-facts.ts";
import { BatchPlaces } from "../evidence/batch-places.ts";
import { RowsCache } from "../evidence/rows-cache.ts";
import type { EngineContext } from "../operator.ts";
import { below } from "../store/key-spaces.ts";
import type { StoreReader } from "../store/store.ts";
import { isBlock, type StoredRows } from "../store/stored-rows.ts";

/** Stored values that are held at once: some 5 MB. */
const VALUES_MAX = 64;

/** A charge on the ledger, and what no credit has taken off it yet. */
export interface Creditable {
  sequence: bigint;
  leafIndex: number;
  leftNano: bigint;
}

interface Place {
  account: string;
  first: number;
  row: number;
}

/**
 * Committed charges of many accounts by account and charge number. Blocks of charges are read in the
 * order in which they lie, each once for all the accounts; a charge never changes, so others may write
 * meanwhile.
 */
export async function readCharges(
  context: EngineContext,
  accounts: readonly string[],
  epoch: string,
): Promise<Map<string, Creditable[]>> {
  const { store, profile } = context;
  const { chargeBook } = profile.agreement;
  const batches = new BatchPlaces(store);
  const charges = new Map<string, Creditable[]>();
  const at = new Map<Place, Creditable>();
  for (const { account, places } of await placesOf(context, accounts, epoch, chargeBook)) {
    const own: Creditable[] = [];
    for (const place of places) {
      const position = place.first + place.row;
      const batch = await batches.at(chargeBook, position);
      if (batch === undefined) break;
      const leafIndex = position - batch.first;
      const charge = { sequence: batch.sequence, leafIndex, leftNano: 0n };
      own.push(charge);
      at.set(place, charge);
    }
    charges.set(account, own);
  }
  await eachRow(store, chargeBook, [...at.keys()], (place, { rows }) => {
    const charge = at.get(place) as Creditable;
    if (isBlock(rows)) charge.leftNano = rows.wide.amountNano[place.row] as bigint;
    else {
      assert("opened" in rows, "the row is a charge");
      charge.leftNano = BigInt(rows.amountNano);
    }
  });
  return charges;
}

/** What credits of any epoch took off charges of each account, by the charge's sequence and leaf index. */
export async function readCredited(
  context: EngineContext,
  accounts: readonly string[],
): Promise<Map<string, Map<string, bigint>>> {
  const { store, profile } = context;
  const { creditBook } = profile.agreement;
  const places: Place[] = [];
  for (const [epoch, credited] of await creditedEpochs(store, creditBook, accounts)) {
    for (const one of await placesOf(context, credited, epoch, creditBook))
      places.push(...one.places);
  }
  const taken = new Map<string, Map<string, bigint>>();
  await eachRow(store, creditBook, places, ({ account }, { rows }) => {
    assert(!isBlock(rows) && "opened" in rows, "the row is a credit");
    const { credit } = rows.opened;
    if (credit === undefined) return;
    const own = taken.get(account) ?? new Map<string, bigint>();
    taken.set(account, own);
    const target = targetName(BigInt(credit.targetSequence), Number(credit.targetIndex));
    own.set(target, (own.get(target) ?? 0n) + BigInt(rows.amountNano));
  });
  return taken;
}

export const targetName = (sequence: bigint, leafIndex: number): string =>
  `${sequence}/${leafIndex}`;

async function placesOf(
  context: EngineContext,
  accounts: readonly string[],
  epoch: string,
  domain: Hex,
): Promise<{ account: string; places: Place[] }[]> {
  const placed = await readAccountPlaces(context, accounts, epoch, domain);
  return placed.map(({ account, places }) => ({
    account,
    places: Array.from({ length: places.length / 2 }, (_, at) => ({
      account,
      first: places[2 * at] as number,
      row: places[2 * at + 1] as number,
    })),
  }));
}

/** Hands out the stored value of each place, in the order in which they lie. */
async function eachRow(
  store: StoreReader,
  domain: Hex,
  places: Place[],
  take: (place: Place, value: StoredRows) => void,
): Promise<void> {
  const rows = new RowsCache(store, VALUES_MAX);
  places.sort((a, b) => a.first - b.first || a.row - b.row);
  for (let from = 0; from < places.length; ) {
    const firsts = new Set<number>();
    let to = from;
    for (; to < places.length; to++) {
      const { first } = places[to] as Place;
      if (firsts.size === VALUES_MAX && !firsts.has(first)) break;
      firsts.add(first);
    }
    const values = await rows.read(domain, firsts);
    for (const place of places.slice(from, to)) take(place, values.get(place.first) as StoredRows);
    from = to;
  }
}

/** Which of the accounts, which follow each other in the order of ids, got credits in each epoch. */
async function creditedEpochs(
  store: StoreReader,
  creditBook: Hex,
  accounts: readonly string[],
): Promise<Map<string, string[]>> {
  const epochs = new Map<string, string[]>();
  const wanted = new Set(accounts);
  const ranges = accounts.map((account) => below(`epoch/${account}/`));
  if (ranges.length === 0) return epochs;
  const from = ranges.map((range) => range.from).reduce((a, b) => (a < b ? a : b));
  const to = ranges.map((range) => range.to).reduce((a, b) => (a > b ? a : b));
  for await (const { key } of store.scan({ from, to, keysOnly: true })) {
    const [, account = "", epoch = "", domain] = key.split("/");
    if (domain !== creditBook || !wanted.has(account)) continue;
    const known = epochs.get(epoch) ?? [];
    epochs.set(epoch, known);
    known.push(account);
  }
  return epochs;
}
