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
import { buildInclusionTree } from "../../../node/core/commitment/inclusion-tree.ts";
import { chargeLeaf } from "../../../node/core/commitment/leaf.ts";
import { finderEvidenceHash } from "../../../node/core/evidence/claim-message.ts";
import { hashDocument } from "../../../node/core/hash.ts";
import { ROUNDING_MODES } from "../../../node/core/money/rounding.ts";
import {
  type CalendarRow,
  calendarRowDigest,
  type IntervalRow,
  intervalRowDigest,
  LINEAR_PRICE_KIND,
  NO_MAXIMUM_NANO,
  type PriceRow,
  priceRowDigest,
  TIER_END,
} from "../../../node/core/tariff/rows.ts";
import { type TariffHeader, tariffRoot } from "../../../node/core/tariff/tariff-tree.ts";

/*
 * Charges, credits, batches and tariffs as the core makes them, and as the contracts take them: so
 * every test here also compares the bytes of both.
 */

/** 32 bytes that differ by name. */
export function bytesOf(name: string, length = 32): Uint8Array {
  return hashDocument(new TextEncoder().encode(name)).slice(0, length);
}

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

export const priceTuple = (row: PriceRow) => ({
  ...row,
  provable: row.provable ? 1 : 0,
  price: row.priceNano,
  setUp: row.setUpNano,
  minimum: row.minimumNano,
  maximum: row.maximumNano,
  mode: ROUNDING_MODES.indexOf(row.mode),
});

/** 0.10 a started minute to +4917…, at any time. */
export function rowsOf(price: Partial<PriceRow> = {}): {
  interval: IntervalRow;
  other: IntervalRow;
  calendar: CalendarRow;
  price: PriceRow;
} {
  return {
    interval: {
      service: 1,
      direction: 1,
      low: 0x4917_0000_0000_0000n,
      high: 0x4917_ffff_ffff_ffffn,
      zone: 1,
    },
    other: {
      service: 1,
      direction: 1,
      low: 0x4918_0000_0000_0000n,
      high: 0x4918_ffff_ffff_ffffn,
      zone: 2,
    },
    calendar: { from: 0, to: 2 ** 48, band: 1 },
    price: {
      zone: 1,
      area: 0,
      origin: 0,
      band: 1,
      class: 0,
      kind: LINEAR_PRICE_KIND,
      provable: true,
      priceNano: 100_000_000n,
      per: 60_000n,
      setUpNano: 0n,
      first: 60_000n,
      step: 60_000n,
      minimumNano: 0n,
      maximumNano: NO_MAXIMUM_NANO,
      tierFrom: 0n,
      tierTo: TIER_END,
      mode: ROUNDING_MODES[0] as PriceRow["mode"],
      scale: 2,
      split: 1,
      ...price,
    },
  };
}

export interface TestTariff {
  root: Hex;
  /** The evidence of the interval row at 0, or of the other one at 1. */
  evidence(interval?: 0 | 1): Record<string, unknown>;
}

export function tariffOf(rows = rowsOf(), currency = "EUR"): TestTariff {
  const leaves = [
    intervalRowDigest(rows.interval),
    intervalRowDigest(rows.other),
    calendarRowDigest(rows.calendar),
    priceRowDigest(rows.price),
    priceRowDigest({ ...rows.price, zone: 2 }),
  ];
  const tree = buildInclusionTree(leaves, 0);
  const header: TariffHeader = {
    currency,
    depth: tree.depth,
    count: leaves.length,
    rowsRoot: tree.root,
    documentHash: bytesOf("document"),
  };
  const place = (index: number) => ({ index, siblings: tree.path(index).map(toHex) });
  return {
    root: toHex(tariffRoot(header)),
    evidence: (interval = 0) => ({
      header: {
        currency: toHex(new TextEncoder().encode(currency)),
        depth: header.depth,
        count: header.count,
        rowsRoot: toHex(header.rowsRoot),
        documentHash: toHex(header.documentHash),
      },
      interval: interval === 0 ? rows.interval : rows.other,
      intervalPath: place(interval),
      calendar: rows.calendar,
      calendarPath: place(2),
      price: priceTuple({ ...rows.price, zone: interval === 0 ? rows.price.zone : 2 }),
      pricePath: place(interval === 0 ? 3 : 4),
      further: [],
    }),
  };
}
