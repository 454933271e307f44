import { fromHex, type Hex, toHex } from "../core/bytes.ts";
import { accountGroupDigest, partyGroupDigest } from "../core/commitment/charge-groups.ts";
import { BATCH_DEPTH_MIN, buildInclusionTree } from "../core/commitment/inclusion-tree.ts";
import { TallystickError } from "../core/errors.ts";
import { repriceCharge } from "../core/evidence/check-price.ts";
import { CLAIM_KIND } from "../core/evidence/claim-kind.ts";
import { accountFromJson, partyFromJson } from "../core/evidence/group-json.ts";
import { formatNano } from "../core/money/decimal.ts";
import { issueCredit } from "./issue-credit.ts";
import { below, keys } from "./key-spaces.ts";
import type { ClaimRecord, Ledger } from "./ledger.ts";
import type { EngineContext } from "./operator.ts";
import type { Outbox } from "./outbox.ts";
import { readBatch } from "./read-charges.ts";
import { StoreSession } from "./store-session.ts";
import { getJson, scanJson } from "./stored-json.ts";
import type { StoredCharge, StoredClaim } from "./stored-types.ts";
import type { TariffShelf } from "./tariff-shelf.ts";

const BLOCKS_READ_TWICE = 64n;

/**
 * `recompute` concedes what the operator's own recomputation confirms and contests the rest;
 * `contest` lets the ledger decide every price. Matters of fact wait for staff.
 */
export type ClaimPolicy = "recompute" | "contest";

/**
 * Follows the claims against this operator's books: notes them, answers by policy, credits what is
 * owed, and shows the credit to the ledger. Every step is found again from the store and the
 * ledger, so that it can be run at any time, any number of times.
 */
export class ClaimDesk {
  readonly #context: EngineContext;
  readonly #tariffs: TariffShelf;
  readonly #ledger: Ledger;
  readonly #outbox: Outbox;
  readonly #policy: ClaimPolicy;

  constructor(
    context: EngineContext,
    parts: { tariffs: TariffShelf; ledger: Ledger; outbox: Outbox; policy: ClaimPolicy },
  ) {
    this.#context = context;
    this.#tariffs = parts.tariffs;
    this.#ledger = parts.ledger;
    this.#outbox = parts.outbox;
    this.#policy = parts.policy;
  }

  /** One round. @returns true when a credit was issued and waits for a batch */
  async work(): Promise<boolean> {
    await this.#noteNew();
    let creditIssued = false;
    for await (const { value } of scanJson<StoredClaim>(this.#context.store, below("claim/"))) {
      if (["refuted", "lapsed", "settled"].includes(value.state)) continue;
      const claim = await this.#refresh(value);
      if (claim.state === "claimed") await this.#answerUnlessAnswered(claim);
      if (claim.state !== "conceded" && claim.state !== "proven") continue;
      if (claim.credit === undefined) {
        await issueCredit(this.#context, claim.id);
        creditIssued = true;
      } else {
        await this.#showCredit(claim);
      }
    }
    return creditIssued;
  }

  /** An answer by staff. @throws those of the outbox */
  async answer(claimId: Hex, answer: "concede" | "contest"): Promise<void> {
    await this.#outbox.enqueue({
      key: `claim:${claimId}:answer`,
      purpose: `${answer} claim`,
      duty: "settle",
      call: { contract: "claims", method: answer, args: [claimId] },
    });
  }

  async list(): Promise<StoredClaim[]> {
    const claims: StoredClaim[] = [];
    for await (const { value } of scanJson<StoredClaim>(this.#context.store, below("claim/"))) {
      claims.push(value);
    }
    return claims;
  }

  /** Claims lodged since the last look. Some blocks are read twice, in case the ledger lost its tail. */
  async #noteNew(): Promise<void> {
    const { store, profile } = this.#context;
    const session = new StoreSession(store);
    const { number: toBlock } = await this.#ledger.finalHead();
    const seenTo = BigInt((await session.get<string>(keys.node("claims-seen-to"))) ?? "0");
    const fromBlock = seenTo > BLOCKS_READ_TWICE ? seenTo - BLOCKS_READ_TWICE : 0n;
    if (toBlock === seenTo) return;
    const names = ["ClaimLodged"];
    for (const event of await this.#ledger.events({
      contract: "claims",
      names,
      fromBlock,
      toBlock,
    })) {
      const id = event.values.claim as Hex;
      if (event.values.book !== profile.agreement.chargeBook) continue;
      if ((await session.get<StoredClaim>(keys.claim(id))) !== undefined) continue;
      const claim = await this.#ledger.claimOf(id);
      if (claim !== undefined) session.put(keys.claim(id), await this.#stored(id, claim));
    }
    session.put(keys.node("claims-seen-to"), toBlock.toString());
    await session.commit();
  }

  async #stored(id: Hex, claim: ClaimRecord): Promise<StoredClaim> {
    const kind = claim.kind === CLAIM_KIND.mispriced ? "mispriced" : "matter-of-fact";
    const amount = formatNano(claim.claimedNano, 2);
    return {
      id,
      domain: claim.book,
      sequence: claim.sequence.toString(),
      leafIndex: claim.leafIndex,
      kind,
      claimedNano: claim.claimedNano.toString(),
      state: "claimed",
      history: [
        {
          at: await this.#now(),
          words: `${amount} ${this.#context.profile.agreement.currency} claimed back on the ledger.`,
        },
      ],
    };
  }

  async #refresh(claim: StoredClaim): Promise<StoredClaim> {
    const onLedger = await this.#ledger.claimOf(claim.id);
    if (onLedger === undefined || onLedger.state === "none" || onLedger.state === claim.state) {
      return claim;
    }
    const { currency } = this.#context.profile.agreement;
    const due = `${formatNano(onLedger.dueNano, 2)} ${currency}`;
    const words: Record<StoredClaim["state"], string> = {
      claimed: "Claimed.",
      conceded: `${this.#context.profile.name} concedes ${due}.`,
      contested: `${this.#context.profile.name} contests the claim.`,
      proven: `The ledger decided for the claim: ${due} come back.`,
      refuted: "The ledger decided against the claim.",
      lapsed: "The claim lapsed: nobody opened the charge in time.",
      settled: `Settled: the credit of ${due} stands on the ledger.`,
    };
    const next: StoredClaim = {
      ...claim,
      state: onLedger.state,
      ...(onLedger.dueNano > 0n ? { dueNano: onLedger.dueNano.toString() } : {}),
      history: [...claim.history, { at: await this.#now(), words: words[onLedger.state] }],
    };
    const session = new StoreSession(this.#context.store);
    session.put(keys.claim(claim.id), next);
    await session.commit();
    return next;
  }

  /** Another answer may be on its way already: of staff, or of a policy that was changed since. */
  async #answerUnlessAnswered(claim: StoredClaim): Promise<void> {
    try {
      await this.#answerByPolicy(claim);
    } catch (error) {
      if (!(error instanceof TallystickError) || error.code !== "outbox.key-reused") throw error;
    }
  }

  async #answerByPolicy(claim: StoredClaim): Promise<void> {
    if (claim.kind !== "mispriced") return;
    if (this.#policy === "contest") return this.answer(claim.id, "contest");
    const overchargeNano = await this.#overchargeOf(claim);
    await this.answer(
      claim.id,
      overchargeNano !== undefined && BigInt(claim.claimedNano) <= overchargeNano
        ? "concede"
        : "contest",
    );
  }

  async #overchargeOf(claim: StoredClaim): Promise<bigint | undefined> {
    const charge = await getJson<StoredCharge>(
      this.#context.store,
      keys.charge(claim.domain, BigInt(claim.sequence), claim.leafIndex),
    );
    const opened = charge?.opened.charge;
    if (charge === undefined || opened === undefined) return undefined;
    const tariff = this.#tariffs.inForce(Number(opened.start));
    if (tariff === undefined) return undefined;
    return BigInt(charge.amountNano) - repriceCharge(tariff.compiled, opened).amountNano;
  }

  /** Once the credit's batch is on the ledger, the ledger is shown that the claim is settled. */
  async #showCredit(claim: StoredClaim): Promise<void> {
    const { store } = this.#context;
    const place = await this.#placeOfCredit(claim);
    if (place === undefined) return;
    const batch = await readBatch(store, place.domain, place.sequence);
    if (batch.blockTime === undefined) return;
    const { charge, leafIndex } = place;
    const { account, party, credit } = charge.opened;
    if (credit === undefined) return;
    const tree = buildInclusionTree(
      batch.leaves.map((leaf) => fromHex(leaf, 32)),
      BATCH_DEPTH_MIN,
    );
    const group = [
      credit.salt,
      credit.targetDomain,
      BigInt(credit.targetSequence),
      credit.targetIndex,
      credit.reason,
      credit.claim,
    ];
    const rest = [
      toHex(accountGroupDigest(accountFromJson(account))),
      toHex(partyGroupDigest(partyFromJson(party))),
      BigInt(charge.amountNano),
    ];
    const path = [
      batch.depth,
      tree.path(leafIndex).map(toHex),
      batch.totals,
      batch.runningTotals,
      BigInt(batch.blockTime),
    ];
    await this.#outbox.enqueue({
      key: `claim:${claim.id}:credit`,
      purpose: "show credit",
      duty: "settle",
      call: {
        contract: "claims",
        method: "settleByCredit",
        args: [claim.id, [place.domain, place.sequence, leafIndex, group, rest, path]],
      },
    });
  }

  async #placeOfCredit(claim: StoredClaim) {
    const { store, profile } = this.#context;
    const domain = profile.agreement.creditBook;
    if (claim.credit === undefined) return undefined;
    const { account, epoch, number } = claim.credit;
    const place = await getJson<{ sequence: string; leafIndex: number }>(
      store,
      keys.owned(account, epoch, domain, BigInt(number)),
    );
    if (place === undefined) return undefined;
    const sequence = BigInt(place.sequence);
    const charge = await getJson<StoredCharge>(
      store,
      keys.charge(domain, sequence, place.leafIndex),
    );
    return charge && { domain, sequence, leafIndex: place.leafIndex, charge };
  }

  async #now(): Promise<string> {
    return new Date(Number(await this.#context.time.seconds()) * 1000).toISOString();
  }
}
