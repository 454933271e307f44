import type { JsonRpcSigner } from "ethers";
import { encodeBreachEvidence } from "../../../node/adapters/breach-evidence.ts";
import type { Hex } from "../../../node/core/bytes.ts";
import type { AccountGroup, ChargeGroup } from "../../../node/core/commitment/charge-groups.ts";
import { BREACH_KIND } from "../../../node/core/evidence/claim-kind.ts";
import { finderEvidenceHash } from "../../../node/core/evidence/claim-message.ts";
import { CLAIM_STATES } from "../../../node/engine/commit/ledger.ts";
import { bytesOf } from "../../../scripts/attack/named-bytes.ts";
import {
  type ChargeItem,
  type Item,
  type Lie,
  OpenedBatch,
} from "../../../scripts/attack/opened-batch.ts";
import { TestLedger } from "./chain.ts";
import { admit, agree, BOOK, DAY, openBook, type Party, ROLE, retailTerms } from "./parties.ts";
import { chargeOf, tariffOf } from "./records.ts";

export type BreachKind = keyof typeof BREACH_KIND;

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
  async call(
    owner: Partial<AccountGroup> = {},
    use: Partial<ChargeGroup> = {},
  ): Promise<ChargeItem> {
    const start = ((await this.now()) - 600n) * 1000n;
    return { owner: ownerOf(owner), use: chargeOf({ start, ...use }), amountNano: 2n * MINUTE };
  }

  async commit(
    book: Hex,
    items: Item[],
    lie: Lie = {},
    sender = this.operator.commit,
  ): Promise<OpenedBatch> {
    const last = this.#before.get(book) ?? { sequence: 0n, sumNano: 0n, count: 0n };
    const batch = new OpenedBatch(book, last.sequence + 1n, items, last, lie);
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
  async void(batch: OpenedBatch): Promise<void> {
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
    batch: OpenedBatch,
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
    return { state: CLAIM_STATES[Number(state)] as string, dueNano };
  }

  async bond(): Promise<bigint> {
    return (await this.ledger.read("bonds", "bondOf", this.agreement, this.operator.id)) as bigint;
  }
}
