import type { JsonRpcSigner } from "ethers";
import { encodeBreachEvidence } from "../../../node/adapters/breach-evidence.ts";
import { fromHex, type Hex, toHex } from "../../../node/core/bytes.ts";
import {
  type BatchTotals,
  commitBatch,
  commitmentOf,
  type RunningTotals,
  runningTotalsDigest,
  totalsDigest,
} from "../../../node/core/commitment/batch-commitment.ts";
import {
  type AccountGroup,
  accountGroupDigest,
  type ChargeGroup,
  type CreditGroup,
  chargeGroupDigest,
  creditGroupDigest,
  type PartyGroup,
  partyGroupDigest,
} from "../../../node/core/commitment/charge-groups.ts";
import type { InclusionTree } from "../../../node/core/commitment/inclusion-tree.ts";
import {
  type InvoiceBody,
  invoiceBodyDigest,
  invoiceLeaf,
} from "../../../node/core/commitment/invoice-leaf.ts";
import { chargeLeaf } from "../../../node/core/commitment/leaf.ts";
import { BREACH_KIND } from "../../../node/core/evidence/claim-kind.ts";
import { finderEvidenceHash } from "../../../node/core/evidence/claim-message.ts";
import { TestLedger } from "./chain.ts";
import { admit, agree, BOOK, DAY, openBook, type Party, ROLE, retailTerms } from "./parties.ts";
import { bytesOf, chargeOf, chargeTuple, creditTuple, tariffOf } from "./records.ts";

export type BreachKind = keyof typeof BREACH_KIND;

/** A leaf with both sides known, so that a test can open either. */
export interface Leaf {
  owner: AccountGroup;
  /** Where nobody opens it, a digest stands for it. */
  party?: PartyGroup;
  use: ChargeGroup | CreditGroup;
  amountNano: bigint;
}

export interface Invoice {
  orderKey: Uint8Array;
  body: InvoiceBody;
  document: Uint8Array;
  amountNano: bigint;
}

const PARTY = bytesOf("party");
/** 0.10 a started minute, in nano-units. */
export const MINUTE = 100_000_000n;

export const ownerOf = (change: Partial<AccountGroup> = {}): AccountGroup => ({
  salt: bytesOf("salt of an owner"),
  pseudonym: bytesOf("Ann"),
  chargeNumber: 1n,
  runningTotalNano: 2n * MINUTE,
  sourceTag: bytesOf("source", 24),
  deviceTag: bytesOf("device", 16),
  ...change,
});

/** What stands in a batch, and what opens every part of it. */
export class SceneBatch {
  readonly book: Hex;
  readonly sequence: bigint;
  readonly items: (Leaf | Invoice)[];
  readonly depth: number;
  readonly root: Uint8Array;
  readonly tree: InclusionTree;
  readonly totals: BatchTotals;
  readonly running: RunningTotals;
  blockTime = 0n;

  constructor(
    book: Hex,
    sequence: bigint,
    items: (Leaf | Invoice)[],
    before: { sumNano: bigint; count: bigint },
    lie: { totals?: Partial<BatchTotals>; running?: Partial<RunningTotals> } = {},
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
        leaf: leafDigest(domain, item),
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

  path(index: number) {
    return {
      depth: this.depth,
      siblings: this.tree.path(index).map(toHex),
      totals: toHex(totalsDigest(this.totals)),
      runningTotals: toHex(runningTotalsDigest(this.running)),
      blockTime: this.blockTime,
    };
  }

  leaf(index: number): Hex {
    return toHex(leafDigest(fromHex(this.book, 20), this.items[index] as Leaf));
  }

  /** By its account group. */
  owner(index: number) {
    const { owner, use, amountNano } = this.items[index] as Leaf;
    return {
      account: hexed(owner),
      party: toHex(PARTY),
      third: toHex(digestOfUse(use)),
      amountNano,
      path: this.path(index),
    };
  }

  rest(index: number) {
    const { owner, amountNano } = this.items[index] as Leaf;
    return { account: toHex(accountGroupDigest(owner)), party: toHex(PARTY), amountNano };
  }

  /** By its charge group. */
  usage(index: number) {
    const { use } = this.items[index] as Leaf;
    return {
      charge: chargeTuple(use as ChargeGroup),
      rest: this.rest(index),
      path: this.path(index),
    };
  }

  /** An assignment of a plan, by both its sides. */
  assignment(index: number) {
    const { owner, use, amountNano } = this.items[index] as Leaf;
    return {
      sequence: this.sequence,
      leafIndex: index,
      account: hexed(owner),
      charge: chargeTuple(use as ChargeGroup),
      party: toHex(PARTY),
      amountNano,
      path: this.path(index),
    };
  }

  /** By its credit group. */
  credit(index: number) {
    const { use } = this.items[index] as Leaf;
    return {
      sequence: this.sequence,
      leafIndex: index,
      credit: creditTuple(use as CreditGroup),
      rest: this.rest(index),
      path: this.path(index),
    };
  }

  invoice(index: number) {
    const { orderKey, body, document, amountNano } = this.items[index] as Invoice;
    return {
      orderKey: toHex(orderKey),
      body: hexed(body),
      document: toHex(document),
      chargesNano: amountNano,
      path: this.path(index),
    };
  }

  opening() {
    return {
      root: toHex(this.root),
      depth: this.depth,
      totals: toHex(totalsDigest(this.totals)),
      blockTime: this.blockTime,
      ...hexed(this.running),
    };
  }
}

function digestOfUse(use: Leaf["use"]): Uint8Array {
  return "service" in use ? chargeGroupDigest(use) : creditGroupDigest(use);
}

function leafDigest(domain: Uint8Array, item: Leaf | Invoice): Uint8Array {
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

export const hexed = <T extends object>(fields: T): Record<keyof T, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? toHex(value) : value,
    ]),
  ) as Record<keyof T, unknown>;

/** One operator that can do wrong in every way, a bond to lose, and somebody who finds out. */
export class BreachScene {
  ledger!: TestLedger;
  operator!: Party;
  arbiter!: Party;
  finder!: JsonRpcSigner;
  agreement!: string;
  readonly tariff: { root: string };
  books!: Record<"charges" | "credits" | "invoices", Hex>;
  readonly #before = new Map<string, { sequence: bigint; sumNano: bigint; count: bigint }>();

  private constructor(tariff: { root: string }) {
    this.tariff = tariff;
  }

  /** @param tariff what the operator publishes; 0.10 a started minute unless said */
  static async start(tariff: { root: string } = tariffOf()): Promise<BreachScene> {
    const scene = new BreachScene(tariff);
    const ledger = await TestLedger.start();
    scene.ledger = ledger;
    scene.operator = await admit(ledger, "Alder Mobile", ROLE.operator, 1);
    scene.arbiter = await admit(ledger, "Arbiter", ROLE.arbiter, 4);
    scene.finder = ledger.account(12);
    const { operator } = scene;
    scene.agreement = await agree(ledger, retailTerms(ledger, operator, scene.arbiter), [operator]);
    await ledger.send(operator.settle, "token", "mint", operator.settle.address, 10n ** 12n);
    const { bonds } = ledger.addresses;
    await ledger.send(operator.settle, "token", "approve", bonds, 10n ** 12n);
    await ledger.send(
      operator.settle,
      "bonds",
      "deposit",
      scene.agreement,
      operator.id,
      900_000_000n,
    );
    const now = await scene.now();
    await ledger.send(
      operator.govern,
      "tariffs",
      "publish",
      scene.agreement,
      1,
      scene.tariff.root,
      now + 60n,
    );
    const open = (kind: number) => openBook(ledger, operator, scene.agreement, kind);
    scene.books = {
      charges: (await open(BOOK.charges)) as Hex,
      credits: (await open(BOOK.credits)) as Hex,
      invoices: (await open(BOOK.invoices)) as Hex,
    };
    await ledger.pass(DAY);
    return scene;
  }

  async now(): Promise<bigint> {
    return BigInt((await this.ledger.provider.getBlock("latest"))?.timestamp ?? 0);
  }

  /** A call of 61 seconds that ended a while ago, charged right. */
  async call(owner: Partial<AccountGroup> = {}, use: Partial<ChargeGroup> = {}): Promise<Leaf> {
    const start = ((await this.now()) - 600n) * 1000n;
    return { owner: ownerOf(owner), use: chargeOf({ start, ...use }), amountNano: 2n * MINUTE };
  }

  async commit(
    book: Hex,
    items: (Leaf | Invoice)[],
    lie: { totals?: Partial<BatchTotals>; running?: Partial<RunningTotals> } = {},
    sender = this.operator.commit,
  ): Promise<SceneBatch> {
    const last = this.#before.get(book) ?? { sequence: 0n, sumNano: 0n, count: 0n };
    const batch = new SceneBatch(book, last.sequence + 1n, items, last, lie);
    const { blockTime } = await this.ledger.send(
      sender,
      "books",
      "commit",
      book,
      batch.sequence,
      batch.commitment(),
    );
    batch.blockTime = blockTime;
    this.#before.set(book, { sequence: batch.sequence, ...batch.running });
    return batch;
  }

  /** Voids the newest batch: its number stays used, the totals before it go on. */
  async void(batch: SceneBatch): Promise<void> {
    await this.ledger.send(this.operator.commit, "books", "voidNewest", batch.book, batch.sequence);
    const { sumNano, count } = batch.running;
    this.#before.set(batch.book, {
      sequence: batch.sequence,
      sumNano: sumNano - batch.totals.sumNano,
      count: count - batch.totals.count,
    });
  }

  /** Lodges a claim, contested where the operator is asked, ready to be opened. */
  async claim(
    kind: BreachKind,
    batch: SceneBatch,
    index: number,
    opened: { leaf: Hex; salt: Hex },
    claimedNano: bigint,
    finder = this.finder,
  ): Promise<string> {
    const evidenceHash = finderEvidenceHash(finder.address.toLowerCase() as Hex, opened);
    const code = BREACH_KIND[kind];
    const call = [code, batch.book, batch.sequence, index, claimedNano, evidenceHash] as const;
    const claim = (await this.ledger.preview(finder, "claims", "claim", ...call)) as string;
    await this.ledger.send(finder, "claims", "claim", ...call);
    if (claimedNano > 0n) await this.ledger.send(this.operator.commit, "claims", "contest", claim);
    return claim;
  }

  open(claim: string, kind: BreachKind, evidence: object) {
    const data = encodeBreachEvidence(kind, evidence);
    return this.ledger.send(this.finder, "claims", "open", claim, data);
  }

  refusal(claim: string, kind: BreachKind, evidence: object): Promise<string> {
    const data = encodeBreachEvidence(kind, evidence);
    return this.ledger.refusal(this.finder, "claims", "open", claim, data);
  }

  async outcome(claim: string): Promise<{ state: string; dueNano: bigint }> {
    const { state, dueNano } = await this.ledger.read("claims", "claimOf", claim);
    return { state: STATES[Number(state)] as string, dueNano };
  }

  async bond(): Promise<bigint> {
    return (await this.ledger.read("bonds", "bondOf", this.agreement, this.operator.id)) as bigint;
  }
}

const STATES = [
  "none",
  "claimed",
  "conceded",
  "contested",
  "proven",
  "refuted",
  "lapsed",
  "settled",
];

export const ownerSalt = (batch: SceneBatch, index: number) => ({
  leaf: batch.leaf(index),
  salt: toHex((batch.items[index] as Leaf).owner.salt),
});

export const usageSalt = (batch: SceneBatch, index: number) => ({
  leaf: batch.leaf(index),
  salt: toHex((batch.items[index] as Leaf).use.salt),
});

export const bodySalt = (batch: SceneBatch, index: number) => ({
  leaf: batch.leaf(index),
  salt: toHex((batch.items[index] as Invoice).body.salt),
});

export const totalsSalt = (batch: SceneBatch) => ({
  leaf: toHex(totalsDigest(batch.totals)),
  salt: toHex(batch.totals.salt),
});
