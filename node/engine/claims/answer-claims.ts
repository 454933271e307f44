import { sha256 } from "@noble/hashes/sha2.js";
import { type Hex, toHex } from "../../core/bytes.ts";
import { TallystickError } from "../../core/errors.ts";
import type { Ledger, LedgerCall } from "../commit/ledger.ts";
import type { Outbox } from "../commit/outbox.ts";
import type { EngineContext } from "../operator.ts";
import type { TariffShelf } from "../rate/tariff-shelf.ts";
import { below, keys } from "../store/key-spaces.ts";
import { StoreSession } from "../store/store-session.ts";
import { getJson, scanJson } from "../store/stored-json.ts";
import type { StoredClaim } from "../store/stored-types.ts";
import { followClaims, OVER } from "./follow-claims.ts";
import { issueCredit } from "./issue-credit.ts";
import {
  answerByPolicy,
  type ClaimAnswer,
  type ClaimPolicy,
  isBorneByCharge,
} from "./judge-claim.ts";
import { creditShown } from "./show-credit.ts";

/** A claim that could not be worked so often is left to staff; its next change tries again. */
const ATTEMPTS_MAX = 5;
const ANSWERS_MAX = 3;
/** So many at once are contested together, in calls that fit a transaction's gas. */
const BULK_FROM = 8;
const BULK_MAX = 40;
/** Claims that are tried no more though their outcome is open. */
export const claimsLeftToStaff = (claims: readonly StoredClaim[]): StoredClaim[] =>
  claims.filter(
    ({ trouble, state }) => (trouble?.attempts ?? 0) >= ATTEMPTS_MAX && !OVER.includes(state),
  );

/** What stops every claim alike: the round ends, and no claim is blamed. */
const FOR_ALL = /^(ledger\.unreachable|ledger\.wrong-.*|outbox\.full|store\..*)$/;

export interface ClaimDeskParts {
  tariffs: TariffShelf;
  ledger: Pick<
    Ledger,
    "finalHead" | "events" | "claimOf" | "ledgerTime" | "prepare" | "senderOf" | "refusalOf"
  >;
  outbox: Pick<Outbox, "enqueue" | "find">;
  policy: ClaimPolicy;
  /** Told of what went wrong with one claim; the others go on. */
  onTrouble?: (error: unknown) => void;
}

/**
 * Follows the claims against this operator's books: notes them, answers by policy, credits what is
 * owed, shows the credit to the ledger, and lets lapse what nobody opened. Every step is found again
 * from the store and the ledger, so that it can be run at any time, any number of times.
 */
export class ClaimDesk {
  readonly #context: EngineContext;
  readonly #parts: ClaimDeskParts;

  constructor(context: EngineContext, parts: ClaimDeskParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /**
   * One round.
   * @returns seconds of ledger time until the first credit that stands in no batch yet is overdue, below
   *   zero where it is; undefined when none waits
   */
  async work(): Promise<number | undefined> {
    const { store } = this.#context;
    await followClaims(this.#context, this.#parts.ledger);
    const toContest: StoredClaim[] = [];
    let creditDueAt: bigint | undefined;
    let ledgerTime: bigint | undefined;
    for await (const { value: id } of scanJson<Hex>(store, below("claim-open/"))) {
      const claim = await getJson<StoredClaim>(store, keys.claim(id));
      if (claim === undefined || (claim.trouble?.attempts ?? 0) >= ATTEMPTS_MAX) continue;
      await this.#orNoted(claim, async () => {
        if (claim.state === "claimed") {
          if (await this.#mustContest(claim)) toContest.push(claim);
        } else if (claim.state === "contested") {
          if (claim.kind === "matter-of-fact") return;
          ledgerTime ??= await this.#parts.ledger.ledgerTime();
          if (ledgerTime > BigInt(claim.deadline)) await this.#lapse(claim);
        } else {
          const shown = await this.#credit(claim);
          if (shown === "unsealed") {
            const dueAt = BigInt(claim.deadline);
            if (creditDueAt === undefined || dueAt < creditDueAt) creditDueAt = dueAt;
          } else if (shown !== undefined) {
            await this.#send(`claim:${id}:credit`, "show credit", shown);
          }
        }
      });
    }
    await this.#contest(toContest);
    if (creditDueAt === undefined) return undefined;
    return Number(creditDueAt - (ledgerTime ?? (await this.#parts.ledger.ledgerTime())));
  }

  /** Issues the credit that is due, or finds how the one that was issued is shown. */
  async #credit(claim: StoredClaim): Promise<LedgerCall | "unsealed" | undefined> {
    if (claim.credit !== undefined) return creditShown(this.#context, claim);
    return (await issueCredit(this.#context, claim.id)) ? "unsealed" : undefined;
  }

  /**
   * An answer by staff.
   * @throws TallystickError `claim.unknown`; `claim.not-concedable` for a charge that is not in the
   *   books or asks less than is claimed; those of the outbox
   */
  async answer(claimId: Hex, answer: ClaimAnswer): Promise<void> {
    const claim = await getJson<StoredClaim>(this.#context.store, keys.claim(claimId));
    if (claim === undefined) {
      throw new TallystickError("claim.unknown", "There is no such claim against these books.");
    }
    if (answer === "concede" && !(await isBorneByCharge(this.#context, claim))) {
      throw new TallystickError(
        "claim.not-concedable",
        "No credit could make it good: its charge is not in the books, or asks less than is claimed. Contest it.",
      );
    }
    await this.#answer(claim, answer);
  }

  async list(): Promise<StoredClaim[]> {
    const claims: StoredClaim[] = [];
    for await (const { value } of scanJson<StoredClaim>(this.#context.store, below("claim/"))) {
      claims.push(value);
    }
    return claims;
  }

  /** Concedes by itself where policy says so. @returns true when the claim is to be contested */
  async #mustContest(claim: StoredClaim): Promise<boolean> {
    if (claim.answer !== undefined) return this.#mustContestAgain(claim, claim.answer);
    const { tariffs, policy } = this.#parts;
    const answer = await answerByPolicy(this.#context, tariffs, policy, claim);
    if (answer === "concede") await this.#answerUnlessAnswered(claim, answer);
    return answer === "contest";
  }

  /** The ledger may refuse an answer: of many at once, or to concede what was decided meanwhile. */
  async #mustContestAgain(
    { id }: StoredClaim,
    { key, tries }: NonNullable<StoredClaim["answer"]>,
  ): Promise<boolean> {
    const settled = await this.#parts.outbox.find(key);
    if (settled?.status !== "refused" || tries >= ANSWERS_MAX) return false;
    const refusal = await this.#refusalOf({ contract: "claims", method: "contest", args: [id] });
    if (refusal === undefined) return true;
    throw new TallystickError("claim.answer-refused", `The ledger takes no answer: ${refusal}.`);
  }

  async #contest(claims: StoredClaim[]): Promise<void> {
    const fresh = claims.filter(({ answer }) => answer === undefined);
    const bulk = fresh.length >= BULK_FROM ? fresh : [];
    for (const claim of claims) {
      if (bulk.includes(claim)) continue;
      await this.#orNoted(claim, () => this.#answerUnlessAnswered(claim, "contest"));
    }
    for (let from = 0; from < bulk.length; from += BULK_MAX) {
      const some = bulk.slice(from, from + BULK_MAX);
      const ids = some.map(({ id }) => id);
      const key = `claims:contest:${toHex(sha256(new TextEncoder().encode(ids.join())))}`;
      const call: LedgerCall = { contract: "claims", method: "contestMany", args: [ids] };
      await this.#send(key, "contest claims", call);
      // A crash before this is written answers some twice; the ledger takes the first answer.
      for (const { id } of some) await this.#change(id, { answer: { key, tries: 1 } });
    }
  }

  /** Another answer may be on its way already: of staff, or of a policy that was changed since. */
  async #answerUnlessAnswered(claim: StoredClaim, answer: ClaimAnswer): Promise<void> {
    try {
      await this.#answer(claim, answer);
    } catch (error) {
      if (!(error instanceof TallystickError) || error.code !== "outbox.key-reused") throw error;
    }
  }

  async #answer({ id, answer: before }: StoredClaim, answer: ClaimAnswer): Promise<void> {
    const settled = before && (await this.#parts.outbox.find(before.key));
    const isAgain = before !== undefined && settled?.status === "refused";
    const tries = isAgain ? before.tries + 1 : 1;
    const key = isAgain ? `claim:${id}:answer:${tries}` : `claim:${id}:answer`;
    const call: LedgerCall = { contract: "claims", method: answer, args: [id] };
    await this.#send(key, `${answer} claim`, call);
    await this.#change(id, { answer: { key, tries } });
  }

  /** Nobody opened it in time. The deadline may have moved on; the ledger knows. */
  async #lapse({ id }: StoredClaim): Promise<void> {
    const call: LedgerCall = { contract: "claims", method: "lapse", args: [id] };
    if ((await this.#refusalOf(call)) !== undefined) return;
    await this.#send(`claim:${id}:lapse`, "lapse claim", call);
  }

  async #refusalOf(call: LedgerCall): Promise<string | undefined> {
    const { ledger } = this.#parts;
    return (await ledger.refusalOf(ledger.prepare(call), ledger.senderOf("settle")))?.name;
  }

  #send(key: string, purpose: string, call: LedgerCall): Promise<void> {
    return this.#parts.outbox.enqueue({ key, purpose, duty: "settle", call });
  }

  /** One claim that can not be worked keeps no other from its turn, and not itself for ever. */
  async #orNoted(claim: StoredClaim, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const code = error instanceof TallystickError ? error.code : "internal";
      if (FOR_ALL.test(code)) throw error;
      this.#parts.onTrouble?.(error);
      const attempts = (claim.trouble?.attempts ?? 0) + 1;
      await this.#change(claim.id, { trouble: { code, attempts } });
    }
  }

  async #change(id: Hex, change: Partial<StoredClaim>): Promise<void> {
    const session = new StoreSession(this.#context.store);
    const claim = await session.get<StoredClaim>(keys.claim(id));
    session.put(keys.claim(id), { ...claim, ...change });
    await session.commit();
  }
}
