import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import {
  type BatchLeaf,
  type CommittedBatch,
  commitBatch,
  sealOf,
} from "../../node/core/commitment/batch-commitment.ts";
import { type BookKind, bookDomain } from "../../node/core/commitment/domain.ts";
import { pseudonym } from "../../node/core/commitment/secrets.ts";
import type { Bundle } from "../../node/core/evidence/bundle.ts";
import { sealKey } from "../../node/core/evidence/ledger-facts.ts";
import { hashDocument } from "../../node/core/hash.ts";

/** 32 bytes that stand for a random key, the same in every run. */
export const key = (name: string): Uint8Array => hashDocument(new TextEncoder().encode(name));
const address = (name: string): Uint8Array => key(name).slice(12);

export const EPOCH_KEY = key("epoch key");
export const OPERATOR = address("operator");
export const AGREEMENT = key("agreement");
export const CHAIN_ID = 31337n;
export const CONTRACTS = {
  books: toHex(address("books")),
  tariffs: toHex(address("tariffs")),
  agreements: toHex(address("agreements")),
  claims: toHex(address("claims")),
  members: toHex(address("members")),
};
const BLIND = key("blind");

/** One book of the sample's operator, and everything that was committed to it. */
export class SampleBook {
  readonly domain: Uint8Array;
  readonly pseudonym: Uint8Array;
  readonly #kind: BookKind;
  readonly #disputeAddress: Uint8Array;
  #before = { sumNano: 0n, count: 0n };

  constructor(kind: BookKind, disputeAddress: string) {
    this.#kind = kind;
    this.#disputeAddress = fromHex(disputeAddress.toLowerCase(), 20);
    this.domain = bookDomain({
      chainId: CHAIN_ID,
      books: fromHex(CONTRACTS.books),
      operator: OPERATOR,
      agreement: AGREEMENT,
      kind,
      number: 1n,
    });
    this.pseudonym = pseudonym(this.domain, this.#disputeAddress, BLIND);
  }

  /** Adds a batch to what the ledger holds. @param at seconds */
  commit(ledger: SampleLedger, sequence: bigint, leaves: BatchLeaf[], at: number) {
    const batch = commitBatch({
      domain: this.domain,
      bookKey: key("book key"),
      sequence,
      leaves,
      before: this.#before,
      suspended: 0n,
      oldestSuspended: 0n,
    });
    this.#before = batch.runningTotals;
    return { batch, place: ledger.take(batch, at) };
  }

  toJson(): Bundle["books"][number] {
    return {
      domain: toHex(this.domain),
      kind: this.#kind,
      number: "1",
      pseudonym: toHex(this.pseudonym),
      disputeAddress: toHex(this.#disputeAddress),
      blind: toHex(BLIND),
    };
  }
}

/** What the ledger holds, and the batches as a bundle lists them. */
export class SampleLedger {
  readonly batches: Bundle["batches"] = [];
  readonly seals: Record<string, Hex> = {};

  /** @returns index into `batches` */
  take({ parts, commitment }: CommittedBatch, blockTime: number): number {
    const domain = toHex(parts.domain);
    this.seals[sealKey(domain, parts.sequence.toString())] = toHex(
      sealOf(commitment, BigInt(blockTime)),
    );
    return (
      this.batches.push({
        domain,
        sequence: parts.sequence.toString(),
        depth: parts.depth,
        root: toHex(parts.root),
        totals: toHex(parts.totals),
        runningTotals: toHex(parts.runningTotals),
        blockTime: String(blockTime),
      }) - 1
    );
  }
}
