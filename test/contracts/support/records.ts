import { fromHex, type Hex, toHex } from "../../../node/core/bytes.ts";
import {
  type CommittedBatch,
  commitBatch,
} from "../../../node/core/commitment/batch-commitment.ts";
import {
  type ChargeGroup,
  type CreditGroup,
  chargeGroupDigest,
  creditGroupDigest,
  NO_DIGITS,
  NO_NETWORK,
} from "../../../node/core/commitment/charge-groups.ts";
import { chargeLeaf } from "../../../node/core/commitment/leaf.ts";
import { finderEvidenceHash } from "../../../node/core/evidence/claim-message.ts";
import {
  calendarRowDigest,
  type IntervalRow,
  intervalRowDigest,
  type PriceRow,
  priceRowDigest,
} from "../../../node/core/tariff/rows.ts";
import { bytesOf } from "../../../scripts/attack/named-bytes.ts";
import {
  PLAIN_ROWS,
  publishedTariff,
  type TariffRows,
} from "../../../scripts/attack/plain-tariff.ts";

/*
 * Charges, credits, batches and tariffs as the core makes them, and as the contracts take them: so
 * every test here also compares the bytes of both.
 */

export function chargeOf(change: Partial<ChargeGroup> = {}): ChargeGroup {
  return {
    salt: bytesOf("salt of a charge"),
    kind: 1,
    service: 1,
    flags: 1,
    start: 0n,
    sessionMinutes: 0,
    quantity: 61_000n,
    secondQuantity: 0n,
    decidingDigits: 0x4917_1fff_ffff_ffffn,
    originDigits: NO_DIGITS,
    visitedNetwork: NO_NETWORK,
    class: 0,
    tariffVersion: 1,
    counters: [],
    ...change,
  };
}

export interface Entry {
  group: ChargeGroup | CreditGroup;
  account: Uint8Array;
  party: Uint8Array;
  amountNano: bigint;
}

export function entryOf(group: ChargeGroup | CreditGroup, amountNano: bigint, name = "a"): Entry {
  return {
    group,
    account: bytesOf(`account ${name}`),
    party: bytesOf(`party ${name}`),
    amountNano,
  };
}

export interface TestBatch {
  book: string;
  sequence: bigint;
  entries: Entry[];
  committed: CommittedBatch;
  commitment: Hex;
}

/** Batches of one book, with the running totals that they carry. */
export class TestBook {
  readonly book: string;
  #sequence = 0n;
  #running = { sumNano: 0n, count: 0n };

  constructor(book: string) {
    this.book = book;
  }

  next(entries: Entry[]): TestBatch {
    const domain = fromHex(this.book, 20);
    this.#sequence += 1n;
    const committed = commitBatch({
      domain,
      bookKey: bytesOf(`key of ${this.book}`),
      sequence: this.#sequence,
      leaves: entries.map((entry) => ({ leaf: leafOf(domain, entry), start: 0n, ...entry })),
      before: this.#running,
      suspended: 0n,
      oldestSuspended: 0n,
    });
    const { sumNano, count } = committed.runningTotals;
    this.#running = { sumNano, count };
    return {
      book: this.book,
      sequence: this.#sequence,
      entries,
      committed,
      commitment: toHex(committed.commitment),
    };
  }
}

function leafOf(domain: Uint8Array, entry: Entry): Uint8Array {
  const charge =
    "kind" in entry.group ? chargeGroupDigest(entry.group) : creditGroupDigest(entry.group);
  return chargeLeaf(
    domain,
    { account: entry.account, party: entry.party, charge },
    entry.amountNano,
  );
}

export const leavesOf = ({ book, entries }: TestBatch): Uint8Array[] =>
  entries.map((entry) => leafOf(fromHex(book, 20), entry));

/** What a claim of this finder about a leaf has to name when its charge or credit group is opened. */
export const evidenceHashOf = (batch: TestBatch, index: number, finder: string): Hex => {
  const entry = batch.entries[index] as Entry;
  return finderEvidenceHash(finder.toLowerCase() as Hex, {
    leaf: toHex(leafOf(fromHex(batch.book, 20), entry)),
    salt: toHex(entry.group.salt),
  });
};

export const restOf = (entry: Entry) => ({
  account: toHex(entry.account),
  party: toHex(entry.party),
  amountNano: entry.amountNano,
});

export const pathOf = ({ committed }: TestBatch, index: number, blockTime: bigint) => ({
  depth: committed.parts.depth,
  siblings: committed.tree.path(index).map(toHex),
  totals: toHex(committed.parts.totals),
  runningTotals: toHex(committed.parts.runningTotals),
  blockTime,
});

export const runningOf = ({ committed }: TestBatch, blockTime: bigint) => ({
  root: toHex(committed.parts.root),
  depth: committed.parts.depth,
  totals: toHex(committed.parts.totals),
  blockTime,
  salt: toHex(committed.runningTotals.salt),
  sumNano: committed.runningTotals.sumNano,
  count: committed.runningTotals.count,
});

export const NO_RUNNING = {
  root: toHex(new Uint8Array(32)),
  depth: 0,
  totals: toHex(new Uint8Array(32)),
  blockTime: 0n,
  salt: toHex(new Uint8Array(32)),
  sumNano: 0n,
  count: 0n,
};

const NO_SCOPE = { scope: "0x0000000000000000", scopeSequence: 0n, counterBefore: 0n };

export const chargeTuple = (group: ChargeGroup) => ({
  ...group,
  salt: toHex(group.salt),
  visitedNetwork: `0x${group.visitedNetwork.toString(16).padStart(6, "0")}`,
  scopes: [0, 1].map((slot) => {
    const move = group.counters[slot];
    return move === undefined ? NO_SCOPE : { ...move, scope: toHex(move.scope) };
  }),
});

export const creditTuple = (group: CreditGroup) => ({
  ...group,
  salt: toHex(group.salt),
  targetBook: toHex(group.targetDomain),
  claim: toHex(group.claim),
});

/** The tariff of the attack's tool, with a second zone of the same price beside it. */
export function rowsOf(price: Partial<PriceRow> = {}): TariffRows & { other: IntervalRow } {
  return {
    interval: PLAIN_ROWS.interval,
    other: {
      ...PLAIN_ROWS.interval,
      low: 0x4918_0000_0000_0000n,
      high: 0x4918_ffff_ffff_ffffn,
      zone: 2,
    },
    calendar: PLAIN_ROWS.calendar,
    price: { ...PLAIN_ROWS.price, ...price },
  };
}

export interface TestTariff {
  root: Hex;
  /** The evidence of the interval row at 0, or of the other one at 1. */
  evidence(interval?: 0 | 1): Record<string, unknown>;
}

export function tariffOf(rows = rowsOf(), currency = "EUR"): TestTariff {
  const { interval, other, calendar, price } = rows;
  const otherPrice = { ...price, zone: 2 };
  const tariff = publishedTariff(
    [
      intervalRowDigest(interval),
      intervalRowDigest(other),
      calendarRowDigest(calendar),
      priceRowDigest(price),
      priceRowDigest(otherPrice),
    ],
    currency,
  );
  return {
    root: tariff.root,
    evidence: (at = 0) =>
      at === 0
        ? tariff.evidence({ interval, calendar, price }, [0, 2, 3])
        : tariff.evidence({ interval: other, calendar, price: otherPrice }, [1, 2, 4]),
  };
}
