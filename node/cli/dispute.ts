import { setTimeout as sleep } from "node:timers/promises";
import type { Wallet } from "../adapters/evm-library.ts";
import type { Hex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";
import type { Bundle } from "../core/evidence/bundle.ts";
import {
  CLAIM_TYPES,
  type ClaimMessage,
  claimDomain,
  relayedClaim,
} from "../core/evidence/claim-message.ts";
import { receiptStanding } from "../core/evidence/standing.ts";
import { minorUnitDigits } from "../core/money/currency.ts";
import { formatNano } from "../core/money/decimal.ts";
import type { ClaimsOnLedger, LodgedClaim } from "./claims-on-ledger.ts";
import type { DisputeSubject } from "./dispute-subject.ts";
import type { NodeClient } from "./node-client.ts";
import { EXIT, type ExitCode, type Output } from "./output.ts";

/** How long a signature is good. */
const VALID_SECONDS = 86_400n;
const LOOK_MS = 500;

export interface DisputeParts {
  bundle: Bundle;
  subject: DisputeSubject;
  node: NodeClient;
  ledger: ClaimsOnLedger;
  output: Output;
}

/** One claim about one line, from its signature to what became of it. */
export class Dispute {
  readonly #parts: DisputeParts;

  constructor(parts: DisputeParts) {
    this.#parts = parts;
  }

  /** Lodges the claim, or finds the one that was lodged before and is still open or won. */
  async lodge(wallet: Wallet): Promise<LodgedClaim> {
    const { ledger, bundle, subject, output, node } = this.#parts;
    const { line, kind, place, claimedNano } = subject;
    const finder = wallet.address.toLowerCase() as Hex;
    const before = await ledger.find({ ...place, finder });
    if (before !== undefined && before.state !== "lapsed") {
      output.remark(`Line ${line} was disputed before; following that claim.`);
      return before;
    }
    await this.#showStanding(finder);
    const now = BigInt(Math.floor(Date.now() / 1000));
    const blockTime = await ledger.blockTime();
    const message: ClaimMessage = {
      ...place,
      claimedNano,
      evidenceHash: subject.evidenceHash(finder),
      finder,
      nonce: await ledger.nonceOf(finder),
      // A ledger's clock may be behind or ahead of this machine's.
      validUntil: (blockTime > now ? blockTime : now) + VALID_SECONDS,
    };
    const signature = await wallet.signTypedData(claimDomain(bundle.ledger), CLAIM_TYPES, message);
    await node.send("POST", "/v1/relay/claims", relayedClaim(kind, message, signature));
    const lodged = await ledger.find({ ...place, finder });
    if (lodged === undefined) {
      throw new TallystickError(
        "dispute.not-on-ledger",
        "The node says that it lodged the claim, but the ledger does not show it. Try another member's node with --node.",
      );
    }
    const claimed = this.#money(claimedNano);
    await output.record({ claim: { id: lodged.id, line, kind, claimed } });
    await output.say(
      claimedNano > 0n
        ? `Line ${line}: ${claimed} ${bundle.currency} claimed back on the ledger.`
        : `Line ${line}: a breach is claimed on the ledger.`,
    );
    return lodged;
  }

  /** Waits for answers, and opens the charge when the operator contests. */
  async follow(lodged: LodgedClaim, timeoutMilliseconds: number): Promise<ExitCode> {
    const { ledger, node, subject, output } = this.#parts;
    const until = Date.now() + timeoutMilliseconds;
    let claim = lodged;
    let told: string | undefined;
    let opened = false;
    for (;;) {
      if (claim.state !== told) {
        told = claim.state;
        await output.record({ claim: { id: claim.id, line: subject.line, state: claim.state } });
        await output.say(this.#words(claim));
      }
      if (["refuted", "lapsed", "settled"].includes(claim.state)) break;
      if (claim.state === "contested" && subject.opening === undefined) break;
      if (claim.state === "contested" && !opened) {
        opened = true;
        const shown = { claimId: claim.id, ...subject.opening?.() };
        await node.send("POST", "/v1/relay/openings", shown);
      } else {
        if (Date.now() > until) break;
        await sleep(LOOK_MS);
      }
      claim = (await ledger.claimOf(claim.id)) ?? claim;
    }
    return this.#tellEnd(claim);
  }

  /** How the claim stands, without waiting for what becomes of it. */
  async tell(claim: LodgedClaim): Promise<ExitCode> {
    if (claim.state !== "claimed") await this.#parts.output.say(this.#words(claim));
    return this.#tellEnd(claim);
  }

  async #tellEnd(claim: LodgedClaim): Promise<ExitCode> {
    const { output, bundle, subject } = this.#parts;
    await output.record({
      summary: {
        id: claim.id,
        line: subject.line,
        state: claim.state,
        claimed: this.#money(claim.claimedNano),
        due: this.#money(claim.dueNano),
        currency: bundle.currency,
        settled: claim.state === "settled",
      },
    });
    if (!["refuted", "lapsed", "settled"].includes(claim.state)) {
      await output.say(
        "The claim goes on. Run the same command again with --wait to see what becomes of it.",
      );
    }
    return ["refuted", "lapsed"].includes(claim.state) ? EXIT.no : EXIT.yes;
  }

  /** Without it the operator's silence concedes nothing; the claim can be opened all the same. */
  async #showStanding(finder: Hex): Promise<void> {
    const { ledger, bundle, node, output } = this.#parts;
    if ((await ledger.isSubscriber(bundle, finder)) !== false) return;
    const receipt = receiptStanding(bundle);
    try {
      if (receipt !== undefined) await node.send("POST", "/v1/relay/receipts", receipt);
    } catch (error) {
      if (!(error instanceof TallystickError)) throw error;
      output.remark(`The operator's receipt could not be shown (${error.code}).`);
    }
  }

  #words(claim: LodgedClaim): string {
    const { bundle } = this.#parts;
    const due = `${this.#money(claim.dueNano)} ${bundle.currency}`;
    const { name } = bundle.operator;
    switch (claim.state) {
      case "claimed":
        return `Waiting for ${name}'s answer.`;
      case "conceded":
        return `${name} owes ${due}; waiting for the credit.`;
      case "contested":
        if (this.#parts.subject.kind === "matter-of-fact") {
          return `${name} contests it: the arbiter of the agreement decides.`;
        }
        return this.#parts.subject.kind === "mispriced"
          ? `${name} contests it: the ledger prices the line again.`
          : "The ledger looks at the evidence.";
      case "proven":
        return `The ledger decided for the claim: ${due} come back; waiting for the credit.`;
      case "refuted":
        return "The ledger decided against the claim: all is as it should be.";
      case "settled":
        return claim.dueNano === 0n
          ? "Proven: the operator was fined, and nothing is owed for it."
          : `Settled: a credit of ${due} stands on the ledger.`;
      default:
        return "The claim lapsed: nothing came of it.";
    }
  }

  #money(nano: bigint): string {
    return formatNano(nano, minorUnitDigits(this.#parts.bundle.currency));
  }
}
