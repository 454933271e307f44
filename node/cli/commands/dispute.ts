import type { Wallet } from "ethers";
import { TallystickError } from "../../core/errors.ts";
import type { Bundle, BundleCharge } from "../../core/evidence/bundle.ts";
import {
  BREACH_KIND,
  type BreachKind,
  type ClaimKindName,
  type DisputeKind,
} from "../../core/evidence/claim-kind.ts";
import { findBreaches } from "../../core/evidence/find-breaches.ts";
import { repriceLine } from "../../core/evidence/mispriced-opening.ts";
import { withConsent } from "../../core/evidence/plan-breaches.ts";
import { CONSENT_TYPES, consentDomain } from "../../core/evidence/signed-messages.ts";
import { formatNano, parseDecimalNano } from "../../core/money/decimal.ts";
import { checkBundle, endpointsOf, type FactOptions } from "../bundle-check.ts";
import { ClaimsOnLedger } from "../claims-on-ledger.ts";
import type { CommandModule } from "../command.ts";
import { Dispute } from "../dispute.ts";
import { type DisputeSubject, subjectOfBreach, subjectOfLine } from "../dispute-subject.ts";
import { readBundle } from "../evidence-input.ts";
import { NodeClient } from "../node-client.ts";
import { EXIT, UsageError } from "../output.ts";
import { secretOf } from "../subscriber-secret.ts";
import { relayUrl, walletOf } from "../subscriber-wallet.ts";
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
  consent?: boolean;
}

const REASONS: Record<string, DisputeKind> = {
  mispriced: "mispriced",
  fact: "matter-of-fact",
  // "counter-step-wrong" is counterStepWrong.
  ...Object.fromEntries(
    (Object.keys(BREACH_KIND) as BreachKind[]).map((kind) => [reasonOf(kind), kind]),
  ),
};

function reasonOf(kind: BreachKind): string {
  return kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export const command: CommandModule = {
  declare(parser) {
    parser
      .argument("<bundle>", "the evidence bundle that holds the line")
      .requiredOption("--line <line>", "the line, as the bill numbers it")
      .option(
        "--reason <reason>",
        "mispriced: the ledger prices it again; fact: people decide; or a breach (see below)",
        "mispriced",
      )
      .option("--amount <amount>", "what is claimed back (default: what the tariff does not yield)")
      .option("--link <url>", "the subscriber's personal link, which holds the secret")
      .option("--secret-file <file>", "a file with the link or its secret")
      .option("--node <url>", "node that carries the claim to the ledger; any member's will do")
      .option("--rpc <url...>", "JSON-RPC end points to follow the claim at")
      .option("--wait", "follow the claim to its end, and open the charge if the operator contests")
      .option("--timeout <seconds>", "longest wait", "300")
      .option("--consent", "for plan-not-assigned: allow that the ledger shows who used what")
      .addHelpText(
        "after",
        "\nSigns with the key that follows from the link's secret; the secret itself goes nowhere." +
          "\nA claim that was lodged before is followed, not lodged twice." +
          "\nBreaches that the bundle may show of a line (an invoice is --line invoice), such as" +
          "\ncounter-step-wrong, running-total-wrong, source-reused, untimely-charge and the others of" +
          "\ndocs/CONTRACTS.md in this spelling, are claimed by --reason with the bundle's own evidence." +
          "\nExit code 1 when there is nothing to claim or the claim is refused.",
      );
  },

  async run([file], given, { output }) {
    const options = given as unknown as DisputeOptions;
    const kind = REASONS[options.reason];
    if (kind === undefined) {
      throw new UsageError("--reason is mispriced, fact, or a breach such as counter-step-wrong.");
    }
    const timeoutSeconds = Number(options.timeout);
    if (!(timeoutSeconds > 0)) throw new UsageError("--timeout is a number of seconds.");
    const bundle = await readBundle(String(file), { secret: await secretOf(options) });
    const wallet = await walletOf(bundle, options);
    const subject =
      kind === "mispriced" || kind === "matter-of-fact"
        ? aboutLine(bundle, chargeOf(bundle, options.line), kind, options.amount)
        : await aboutBreach(bundle, options, kind, wallet);
    if (typeof subject === "string") {
      await output.record({
        summary: { line: options.line, claimed: "0", state: "nothing-to-claim" },
      });
      await output.say(subject);
      return EXIT.no;
    }
    const node = new NodeClient(relayUrl(bundle, options), undefined);
    const urls = endpointsOf(bundle, options).map(({ url }) => url);
    const ledger = new ClaimsOnLedger(bundle.ledger, urls);
    try {
      const dispute = new Dispute({ bundle, subject, node, ledger, output });
      const claim = await dispute.lodge(wallet);
      if (options.wait === true) return await dispute.follow(claim, timeoutSeconds * 1000);
      return await dispute.tell(claim);
    } finally {
      ledger.close();
    }
  },
};

/** What to claim, or why there is nothing. */
function aboutLine(
  bundle: Bundle,
  charge: BundleCharge,
  kind: ClaimKindName,
  amount: string | undefined,
): DisputeSubject | string {
  const claimedNano = claimedOf(bundle, charge, kind, amount);
  return claimedNano > 0n
    ? subjectOfLine(bundle, charge, kind, claimedNano)
    : `Line ${charge.line} costs what the published tariff says: there is nothing to claim. If the use itself is wrong, write --reason fact.`;
}

async function aboutBreach(
  bundle: Bundle,
  options: DisputeOptions,
  kind: BreachKind,
  wallet: Wallet,
): Promise<DisputeSubject | string> {
  if (options.amount !== undefined) {
    throw new UsageError("--amount is for mispriced lines and facts: a breach owes what it owes.");
  }
  const { facts } = await checkBundle(bundle, options, {});
  const all = findBreaches(bundle, facts);
  const found = all.find((one) => one.kind === kind && one.line === options.line);
  if (found?.needsConsent) {
    if (options.consent !== true) {
      throw new UsageError(
        "This breach can only be shown with both sides of the line: who you are in this book and what you used would stand on the ledger together, for good. Write --consent to allow it.",
      );
    }
    const contract = {
      chainId: BigInt(bundle.ledger.chainId),
      books: bundle.ledger.contracts.books,
    };
    const { book, sequence, leafIndex } = found;
    const message = { book, sequence, leafIndex };
    const signature = await wallet.signTypedData(consentDomain(contract), CONSENT_TYPES, message);
    return subjectOfBreach(withConsent(found, signature));
  }
  if (found !== undefined) return subjectOfBreach(found);
  const shown = all.map(({ kind, line }) => `line ${line}: ${reasonOf(kind)}`).join("; ");
  return `The bundle does not show that of line ${options.line}. It shows ${shown || "no breach"}.`;
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
