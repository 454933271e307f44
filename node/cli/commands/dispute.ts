import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { Wallet } from "ethers";
import type { Hex } from "../../core/bytes.ts";
import { TallystickError } from "../../core/errors.ts";
import { disputeKey } from "../../core/evidence/access-link.ts";
import type { Bundle, BundleCharge } from "../../core/evidence/bundle.ts";
import type { ClaimKindName } from "../../core/evidence/claim-kind.ts";
import {
  CLAIM_TYPES,
  type ClaimMessage,
  claimDomain,
  claimEvidenceHash,
  claimKindCode,
  relayedClaim,
} from "../../core/evidence/claim-message.ts";
import { mispricedOpening, repriceLine } from "../../core/evidence/mispriced-opening.ts";
import { readLinkSecret } from "../../core/evidence/subscriber-link.ts";
import { minorUnitDigits } from "../../core/money/currency.ts";
import { formatNano, parseDecimalNano } from "../../core/money/decimal.ts";
import { endpointsOf, type FactOptions, readBundle } from "../bundle-check.ts";
import { ClaimsOnLedger, type LodgedClaim } from "../claims-on-ledger.ts";
import type { CommandModule } from "../command.ts";
import { NodeClient } from "../node-client.ts";
import { readUrl } from "../open-node.ts";
import { EXIT, type ExitCode, type Output, UsageError } from "../output.ts";
import { chargeOf } from "./explain.ts";

interface DisputeOptions extends FactOptions {
  line: string;
  reason: string;
  amount?: string;
  secretFile?: string;
  link?: string;
  node?: string;
  wait?: boolean;
  timeout: string;
}

const VALID_SECONDS = 86_400n;
const LOOK_MS = 500;
const REASONS: Record<string, ClaimKindName> = {
  mispriced: "mispriced",
  fact: "matter-of-fact",
};

export const command: CommandModule = {
  declare(parser) {
    parser
      .argument("<bundle>", "the evidence bundle that holds the line")
      .requiredOption("--line <line>", "the line, as the bill numbers it")
      .option(
        "--reason <reason>",
        "mispriced: the ledger prices it again; fact: people decide",
        "mispriced",
      )
      .option("--amount <amount>", "what is claimed back (default: what the tariff does not yield)")
      .option("--link <url>", "the subscriber's personal link, which holds the secret")
      .option("--secret-file <file>", "a file with the link or its secret")
      .option("--node <url>", "node that carries the claim to the ledger; any member's will do")
      .option("--rpc <url...>", "JSON-RPC end points to follow the claim at")
      .option("--wait", "follow the claim to its end, and open the charge if the operator contests")
      .option("--timeout <seconds>", "longest wait", "300")
      .addHelpText(
        "after",
        "\nSigns with the key that follows from the link's secret; the secret itself goes nowhere." +
          "\nA claim that was lodged before is followed, not lodged twice." +
          "\nExit code 1 when there is nothing to claim or the claim is refused.",
      );
  },

  async run([file], given, { output }) {
    const options = given as unknown as DisputeOptions;
    const kind = REASONS[options.reason];
    if (kind === undefined) throw new UsageError("--reason is mispriced or fact.");
    const timeoutSeconds = Number(options.timeout);
    if (!(timeoutSeconds > 0)) throw new UsageError("--timeout is a number of seconds.");
    const bundle = await readBundle(String(file));
    const charge = chargeOf(bundle, options.line);
    const wallet = await walletOf(bundle, options);
    const claimedNano = claimedOf(bundle, charge, kind, options.amount);
    if (claimedNano <= 0n) {
      await output.record({
        summary: { line: charge.line, claimed: "0", state: "nothing-to-claim" },
      });
      await output.say(
        `Line ${charge.line} costs what the published tariff says: there is nothing to claim. If the use itself is wrong, write --reason fact.`,
      );
      return EXIT.no;
    }
    const node = new NodeClient(relayUrl(bundle, options), undefined);
    const urls = endpointsOf(bundle, options).map(({ url }) => url);
    const ledger = new ClaimsOnLedger(bundle.ledger, urls);
    try {
      const dispute = new Dispute({ bundle, charge, kind, claimedNano, node, ledger, output });
      const claim = await dispute.lodge(wallet);
      if (options.wait === true) return await dispute.follow(claim, timeoutSeconds * 1000);
      await dispute.tellEnd(claim);
      return EXIT.yes;
    } finally {
      ledger.close();
    }
  },
};

interface DisputeParts {
  bundle: Bundle;
  charge: BundleCharge;
  kind: ClaimKindName;
  claimedNano: bigint;
  node: NodeClient;
  ledger: ClaimsOnLedger;
  output: Output;
}

/** One claim about one line, from its signature to what became of it. */
class Dispute {
  readonly #parts: DisputeParts;

  constructor(parts: DisputeParts) {
    this.#parts = parts;
  }

  /** Lodges the claim, or finds the one that was lodged before and is still open or won. */
  async lodge(wallet: Wallet): Promise<LodgedClaim> {
    const { ledger, bundle, charge, kind, claimedNano, output, node } = this.#parts;
    const finder = wallet.address.toLowerCase() as Hex;
    const { domain, sequence } = bundle.batches[charge.batch] as Bundle["batches"][number];
    const place = {
      kind: claimKindCode(kind),
      book: domain,
      sequence: BigInt(sequence),
      leafIndex: charge.leafIndex,
    };
    const before = await ledger.find({ ...place, finder });
    if (before !== undefined && before.state !== "lapsed") {
      output.remark(`Line ${charge.line} was disputed before; following that claim.`);
      return before;
    }
    const now = BigInt(Math.floor(Date.now() / 1000));
    const blockTime = await ledger.blockTime();
    const message: ClaimMessage = {
      ...place,
      claimedNano,
      evidenceHash: claimEvidenceHash(this.#evidence()),
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
    await output.record({ claim: { id: lodged.id, line: charge.line, kind, claimed } });
    await output.say(
      `Line ${charge.line}: ${claimed} ${bundle.currency} claimed back on the ledger.`,
    );
    return lodged;
  }

  /** Waits for answers, and opens the charge when the operator contests. */
  async follow(lodged: LodgedClaim, timeoutMilliseconds: number): Promise<ExitCode> {
    const { ledger, charge, node, bundle, kind, output } = this.#parts;
    const until = Date.now() + timeoutMilliseconds;
    let claim = lodged;
    let told: string | undefined;
    let opened = false;
    for (;;) {
      if (claim.state !== told) {
        told = claim.state;
        await output.record({ claim: { id: claim.id, line: charge.line, state: claim.state } });
        await output.say(this.#words(claim));
      }
      if (["refuted", "lapsed", "settled"].includes(claim.state)) break;
      if (claim.state === "contested" && kind === "matter-of-fact") break;
      if (claim.state === "contested" && !opened) {
        opened = true;
        const opening = mispricedOpening(bundle, charge.line);
        await node.send("POST", "/v1/relay/openings", { claimId: claim.id, opening });
      } else {
        if (Date.now() > until) break;
        await sleep(LOOK_MS);
      }
      claim = (await ledger.claimOf(claim.id)) ?? claim;
    }
    await this.tellEnd(claim);
    return ["refuted", "lapsed"].includes(claim.state) ? EXIT.no : EXIT.yes;
  }

  async tellEnd(claim: LodgedClaim): Promise<void> {
    const { output, bundle, charge } = this.#parts;
    await output.record({
      summary: {
        id: claim.id,
        line: charge.line,
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
  }

  /** What the claim rests on; only its digest is named on the ledger. */
  #evidence(): unknown {
    const { bundle, charge, kind } = this.#parts;
    return kind === "mispriced"
      ? mispricedOpening(bundle, charge.line)
      : { line: charge.line, reason: "the use is disputed" };
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
        return this.#parts.kind === "mispriced"
          ? `${name} contests it: the ledger prices the line again.`
          : `${name} contests it: the arbiter of the agreement decides.`;
      case "proven":
        return `The ledger decided for the claim: ${due} come back; waiting for the credit.`;
      case "refuted":
        return "The ledger decided against the claim: the line costs what the tariff says.";
      case "settled":
        return `Settled: a credit of ${due} stands on the ledger.`;
      default:
        return "The claim lapsed: nothing came of it.";
    }
  }

  #money(nano: bigint): string {
    return formatNano(nano, minorUnitDigits(this.#parts.bundle.currency));
  }
}

function claimedOf(
  bundle: Bundle,
  charge: BundleCharge,
  kind: ClaimKindName,
  given: string | undefined,
): bigint {
  const amountNano = BigInt(charge.amountNano);
  if (given === undefined) {
    return kind === "mispriced" ? amountNano - repriceLine(bundle, charge.line) : amountNano;
  }
  let claimedNano = 0n;
  try {
    claimedNano = parseDecimalNano(given);
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
  }
  if (claimedNano <= 0n || claimedNano > amountNano) {
    throw new UsageError(
      `--amount is more than 0 and at most what the line asks, ${formatNano(amountNano, 2)}; "${given}" is not.`,
    );
  }
  return claimedNano;
}

/** @throws TallystickError `dispute.other-subscriber` when the secret is of another bundle */
async function walletOf(bundle: Bundle, options: DisputeOptions): Promise<Wallet> {
  const { link, secretFile } = options;
  if ((link === undefined) === (secretFile === undefined)) {
    throw new UsageError(
      "Name the subscriber's link with --link, or a file with it: --secret-file.",
    );
  }
  const text = link ?? (await readSecretFile(secretFile as string));
  const wallet = new Wallet(disputeKey(readLinkSecret(text), bundle.period.epoch));
  const expected = bundle.books.find(({ kind }) => kind === 1)?.disputeAddress;
  if (expected !== undefined && wallet.address.toLowerCase() !== expected) {
    throw new TallystickError(
      "dispute.other-subscriber",
      "This link is not the one of the subscriber whose bill this is. Use the link that the bill came with.",
    );
  }
  return wallet;
}

async function readSecretFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
    const message = `The file with the secret can not be read (${reason}).`;
    throw new TallystickError("file.not-readable", message, { file }, cause);
  }
}

/** Members' nodes serve the ledger under /rpc: the node behind the first such end point. */
function relayUrl(bundle: Bundle, options: DisputeOptions): string {
  if (options.node !== undefined) return readUrl(options.node);
  for (const { url } of endpointsOf(bundle, options)) {
    if (/\/rpc\/?$/.test(url)) return url.replace(/\/rpc\/?$/, "");
  }
  throw new UsageError(
    "The bundle names no node that would carry the claim: name one with --node.",
  );
}
