import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import {
  type BatchTotals,
  commitBatch,
  commitmentOf,
  type RunningTotals,
  runningTotalsDigest,
  totalsDigest,
} from "../../node/core/commitment/batch-commitment.ts";
import {
  type AccountGroup,
  accountGroupDigest,
  type ChargeGroup,
  type CreditGroup,
  chargeGroupDigest,
  creditGroupDigest,
  type PartyGroup,
  partyGroupDigest,
} from "../../node/core/commitment/charge-groups.ts";
import type { InclusionTree } from "../../node/core/commitment/inclusion-tree.ts";
import {
  type InvoiceBody,
  invoiceBodyDigest,
  invoiceLeaf,
} from "../../node/core/commitment/invoice-leaf.ts";
import { chargeLeaf } from "../../node/core/commitment/leaf.ts";
import { bytesOf } from "./named-bytes.ts";

/** A charge or a credit with all that opens it. */
export interface ChargeItem {
  owner: AccountGroup;
  /** Where nobody opens it, a digest stands for it. */
  party?: PartyGroup;
  use: ChargeGroup | CreditGroup;
  amountNano: bigint;
}

export interface InvoiceItem {
  orderKey: Uint8Array;
  body: InvoiceBody;
  document: Uint8Array;
  amountNano: bigint;
}

export type Item = ChargeItem | InvoiceItem;

/** What a batch says that is not so. */
export interface Lie {
  totals?: Partial<BatchTotals>;
  running?: Partial<RunningTotals>;
}

const PARTY = bytesOf("party");
const NO_SCOPE = { scope: `0x${"00".repeat(8)}`, scopeSequence: 0n, counterBefore: 0n };

/** A batch made by the project's own core, lies included, and what opens every part of it. */
export class OpenedBatch {
  readonly book: Hex;
  readonly sequence: bigint;
  readonly items: readonly Item[];
  readonly depth: number;
  readonly root: Uint8Array;
  readonly tree: InclusionTree;
  readonly totals: BatchTotals;
  readonly running: RunningTotals;
  blockTime = 0n;

  constructor(
    book: Hex,
    sequence: bigint,
    items: readonly Item[],
    before: { sumNano: bigint; count: bigint },
    lie: Lie = {},
  ) {
    this.book = book;
    this.sequence = sequence;
    this.items = items;
    const domain = fromHex(book, 20);
    const batch = commitBatch({
      domain,
      bookKey: bytesOf(`key of ${book}`),
      sequence,
      leaves: items.map((item) => ({
        leaf: leafOf(domain, item),
        start: 0n,
        amountNano: item.amountNano,
      })),
      before,
      suspended: 0n,
      oldestSuspended: 0n,
    });
    this.depth = batch.parts.depth;
    this.root = batch.parts.root;
    this.tree = batch.tree;
    this.totals = { ...batch.totals, ...lie.totals };
    this.running = { ...batch.runningTotals, ...lie.running };
  }

  commitment(): Hex {
    return toHex(
      commitmentOf({
        domain: fromHex(this.book, 20),
        sequence: this.sequence,
        depth: this.depth,
        root: this.root,
        totals: totalsDigest(this.totals),
        runningTotals: runningTotalsDigest(this.running),
      }),
    );
  }

  leaf(index: number): Hex {
    return toHex(leafOf(fromHex(this.book, 20), this.items[index] as Item));
  }

  path(index: number) {
    return {
      depth: this.depth,
      siblings: this.tree.path(index).map(toHex),
      totals: toHex(totalsDigest(this.totals)),
      runningTotals: toHex(runningTotalsDigest(this.running)),
      blockTime: this.blockTime,
    };
  }

  /** AccountOpening: by whom, never what. */
  owner(index: number) {
    const { owner, use, amountNano } = this.#charge(index);
    return {
      account: hexed(owner),
      party: toHex(PARTY),
      third: toHex(digestOfUse(use)),
      amountNano,
      path: this.path(index),
    };
  }

  rest(index: number) {
    const { owner, amountNano } = this.#charge(index);
    return { account: toHex(accountGroupDigest(owner)), party: toHex(PARTY), amountNano };
  }

  /** UsageOpening: what, never by whom. */
  usage(index: number) {
    const use = this.#charge(index).use as ChargeGroup;
    const { counters, ...group } = use;
    const scopes = [0, 1].map((slot) => {
      const move = counters[slot];
      return move === undefined ? NO_SCOPE : { ...move, scope: toHex(move.scope) };
    });
    const visitedNetwork = `0x${use.visitedNetwork.toString(16).padStart(6, "0")}`;
    return {
      charge: { ...group, salt: toHex(use.salt), visitedNetwork, scopes },
      rest: this.rest(index),
      path: this.path(index),
    };
  }

  /** AssignmentOpening: both sides, since an assignment says nothing of use. */
  assignment(index: number) {
    return {
      sequence: this.sequence,
      leafIndex: index,
      account: hexed(this.#charge(index).owner),
      charge: this.usage(index).charge,
      party: toHex(PARTY),
      amountNano: this.#charge(index).amountNano,
      path: this.path(index),
    };
  }

  /** CreditOpening */
  credit(index: number) {
    const use = this.#charge(index).use as CreditGroup;
    const { salt, targetDomain, claim, ...rest } = use;
    return {
      sequence: this.sequence,
      leafIndex: index,
      credit: {
        ...rest,
        salt: toHex(salt),
        targetBook: toHex(targetDomain),
        claim: toHex(claim),
      },
      rest: this.rest(index),
      path: this.path(index),
    };
  }

  /** InvoiceOpening */
  invoice(index: number) {
    const { orderKey, body, document, amountNano } = this.items[index] as InvoiceItem;
    return {
      orderKey: toHex(orderKey),
      body: hexed(body),
      document: toHex(document),
      chargesNano: amountNano,
      path: this.path(index),
    };
  }

  /** RunningOpening */
  opening() {
    return {
      root: toHex(this.root),
      depth: this.depth,
      totals: toHex(totalsDigest(this.totals)),
      blockTime: this.blockTime,
      ...hexed(this.running),
    };
  }

  openedOwner = (index: number) => ({
    leaf: this.leaf(index),
    salt: toHex(this.#charge(index).owner.salt),
  });

  openedUse = (index: number) => ({
    leaf: this.leaf(index),
    salt: toHex(this.#charge(index).use.salt),
  });

  openedBody = (index: number) => ({
    leaf: this.leaf(index),
    salt: toHex((this.items[index] as InvoiceItem).body.salt),
  });

  openedTotals = () => ({
    leaf: toHex(totalsDigest(this.totals)),
    salt: toHex(this.totals.salt),
  });

  #charge(index: number): ChargeItem {
    return this.items[index] as ChargeItem;
  }
}

function digestOfUse(use: ChargeGroup | CreditGroup): Uint8Array {
  return "service" in use ? chargeGroupDigest(use) : creditGroupDigest(use);
}

function leafOf(domain: Uint8Array, item: Item): Uint8Array {
  if ("owner" in item) {
    const account = accountGroupDigest(item.owner);
    const party = item.party === undefined ? PARTY : partyGroupDigest(item.party);
    const groups = { account, party, charge: digestOfUse(item.use) };
    return chargeLeaf(domain, groups, item.amountNano);
  }
  const { orderKey, document } = item;
  const body = invoiceBodyDigest(item.body);
  return invoiceLeaf(domain, { orderKey, body, document, chargesNano: item.amountNano });
}

/** Bytes become "0x…", everything else stays. */
export const hexed = <T extends object>(fields: T): Record<keyof T, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? toHex(value) : value,
    ]),
  ) as Record<keyof T, unknown>;
