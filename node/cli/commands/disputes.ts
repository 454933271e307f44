import { fromHex, type Hex, toHex } from "../../core/bytes.ts";
import { TallystickError } from "../../core/errors.ts";
import { disputeEvidence, rootOfDisputeLine } from "../../core/evidence/dispute-evidence.ts";
import { formatNano, parseDecimalNano } from "../../core/money/decimal.ts";
import type { BilateralDispute } from "../../engine/claims/list-disputes.ts";
import type { CommandModule } from "../command.ts";
import { asLine, evidenceOf, readEvidence, writeEvidence } from "../dispute-lines.ts";
import type { NodeClient } from "../node-client.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { EXIT, type ExitCode, type Output, UsageError } from "../output.ts";

interface DisputesOptions extends NodeOptions {
  amount?: string;
  reason?: string;
  from?: string;
  to?: string;
  lines?: string;
  line?: string;
}

/** Codes of contracts/interfaces/IDisputes.sol. */
const REASONS = ["never-used", "not-recorded", "quantity", "twice", "price", "other"];
const NO_EVIDENCE: Hex = `0x${"00".repeat(32)}`;
const ACTIONS = ["list", "open", "answer", "escalate", "decide", "give-way", "conclude", "show"];
const STEPS: Record<string, string> = {
  escalate: "escalateDispute",
  "give-way": "giveWay",
  conclude: "concludeDispute",
};

type Work = (node: NodeClient, output: Output) => Promise<ExitCode>;

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser)
      .argument("<action>", "list, open, answer, escalate, decide, give-way, conclude or show")
      .argument("[id]", "a statement (open), a file of evidence (show), else a dispute")
      .option("--amount <amount>", "what is disputed (open), still asked (answer), owed (decide)")
      .option("--reason <reason>", `for open: ${REASONS.join(", ")}`)
      .option("--from <sequence>", "for open: first batch it is about (default: the statement's)")
      .option("--to <sequence>", "for open: last batch it is about (default: the statement's)")
      .option("--lines <file>", "for open and answer: this side's line items, one JSON a line")
      .option("--line <number>", "for show: which line, from 1")
      .addHelpText(
        "after",
        "\n  list                                    disputes between members, and whose turn it is" +
          "\n  open STATEMENT --amount A --reason R    objects to a part; the rest is paid meanwhile" +
          "\n  answer DISPUTE --amount A               what the operator still asks of it" +
          "\n  escalate DISPUTE                        calls the agreement's arbiter" +
          "\n  decide DISPUTE --amount A               the arbiter's word" +
          "\n  give-way DISPUTE | conclude DISPUTE     ends it; conclude: when somebody was silent" +
          "\n  show FILE.evidence.json --line N        one line with its path, for the arbiter" +
          '\nA line: {"sequence":"3","leafIndex":7,"start":"2026-10-05T12:00:00Z","quantity":"61000",' +
          '\n"amount":"0.10","record":{…}}. Its file with salts is written beside it: keep it.',
      );
  },

  async run([action, id], raw, { output }) {
    const options = raw as unknown as DisputesOptions;
    if (action === "show") return show(String(id), options, output);
    const work = workOf(String(action), id as string | undefined, options);
    return withNode(options, output, (node) => work(node, output));
  },
};

/** Settled before a node is asked, so that a wrong call does nothing. @throws UsageError */
function workOf(action: string, id: string | undefined, options: DisputesOptions): Work {
  if (!ACTIONS.includes(action)) {
    throw new UsageError(`"${action}" is no action of disputes: use ${ACTIONS.join(", ")}.`);
  }
  if (action === "list") return list;
  if (!/^0x[0-9a-f]{64}$/.test(id ?? "")) {
    throw new UsageError(
      `Write: tallystick disputes ${action} ID; the id is 0x and 64 hexadecimal digits, as list and settlement show it.`,
    );
  }
  const subject = id as Hex;
  const step = STEPS[action];
  if (step !== undefined) return (node, output) => take(node, output, step, { dispute: subject });
  switch (action) {
    case "open": {
      const reason = REASONS.indexOf(options.reason ?? "") + 1;
      if (reason === 0) throw new UsageError(`--reason is one of ${REASONS.join(", ")}.`);
      const disputedNano = amountOf(options);
      return (node, output) => open(node, output, subject, { reason, disputedNano, options });
    }
    case "answer": {
      const askedNano = amountOf(options);
      return (node, output) => answer(node, output, subject, { askedNano, lines: options.lines });
    }
    case "decide": {
      const owedNano = amountOf(options);
      const body = { dispute: subject, owedNano };
      return (node, output) => take(node, output, "decideDispute", body);
    }
    default:
      throw new Error(`no step ${action}`);
  }
}

async function list(node: NodeClient, output: Output): Promise<ExitCode> {
  const { member, disputes } = await disputesOf(node);
  for (const dispute of disputes) {
    await output.record({ dispute });
    const side =
      dispute.opener === member ? "yours" : dispute.operator === member ? "against you" : "others'";
    const amounts = `${formatNano(BigInt(dispute.disputedNano), 2)} disputed`;
    const asked = `${formatNano(BigInt(dispute.askedNano), 2)} asked`;
    const end =
      dispute.state === "closed"
        ? `${dispute.end}, ${formatNano(BigInt(dispute.owedNano), 2)} owed`
        : dispute.state;
    await output.say(`${dispute.id}  ${side}  ${amounts}, ${asked}  ${end}`);
  }
  const open = disputes.filter(({ state }) => state !== "closed").length;
  await output.record({ summary: { member, disputes: disputes.length, open } });
  await output.say(`${disputes.length} disputes, ${open} open.`);
  return EXIT.yes;
}

async function open(
  node: NodeClient,
  output: Output,
  statement: Hex,
  given: { reason: number; disputedNano: string; options: DisputesOptions },
): Promise<ExitCode> {
  const { body } = await node.get(`/v1/operator/statements/${statement}`);
  const { reason, disputedNano, options } = given;
  const from = options.from ?? String(body.fromSequence);
  const to = options.to ?? String(body.toSequence);
  const { member } = await disputesOf(node);
  const evidenceRoot = await rootOf(options.lines, statement, member, output);
  return take(node, output, "openDispute", {
    ...{ statement, from, to, reason, disputedNano, evidenceRoot },
  });
}

async function answer(
  node: NodeClient,
  output: Output,
  dispute: Hex,
  { askedNano, lines }: { askedNano: string; lines: string | undefined },
): Promise<ExitCode> {
  const { member, disputes } = await disputesOf(node);
  const statement = disputes.find(({ id }) => id === dispute)?.statement;
  if (statement === undefined) {
    throw new TallystickError("dispute.unknown", "The ledger has no such dispute.");
  }
  const evidenceRoot = await rootOf(lines, statement, member, output);
  return take(node, output, "answerDispute", { dispute, askedNano, evidenceRoot });
}

/** The root of this side's lines; what opens it is kept beside them. */
async function rootOf(
  file: string | undefined,
  statement: Hex,
  side: Hex,
  output: Output,
): Promise<Hex> {
  if (file === undefined) return NO_EVIDENCE;
  const evidence = await evidenceOf(file, statement, side);
  const kept = `${file}.evidence.json`;
  await writeEvidence(kept, evidence);
  output.remark(`${evidence.lines.length} lines; ${kept} opens them: keep it.`);
  return evidence.root as Hex;
}

/** One line and its path: all that an arbiter needs to see that it is part of the evidence. */
async function show(file: string, options: DisputesOptions, output: Output): Promise<ExitCode> {
  const index = Number(options.line) - 1;
  const evidence = await readEvidence(file);
  const line = evidence.lines[index];
  if (line === undefined) {
    throw new UsageError(`--line is one of 1 to ${evidence.lines.length}.`);
  }
  const statement = evidence.statement as Hex;
  const side = evidence.side as Hex;
  const built = disputeEvidence(statement, side, evidence.lines.map(asLine));
  const path = built.path(index);
  const { header } = built;
  const root = rootOfDisputeLine(statement, side, header, asLine(line), index, path);
  const shown = { ...header, totalNano: header.totalNano.toString() };
  const ok = root === evidence.root;
  await output.record({ line: { statement, side, root, header: shown, index, line, path, ok } });
  const amount = formatNano(BigInt(line.amountNano), 2);
  await output.say(
    ok
      ? `Line ${index + 1} (${amount}) is part of the evidence ${root}.`
      : `Line ${index + 1} does not lead to the root that the file names.`,
  );
  return ok ? EXIT.yes : EXIT.no;
}

async function take(
  node: NodeClient,
  output: Output,
  step: string,
  body: object,
): Promise<ExitCode> {
  const answered = await node.send("POST", `/v1/operator/settlement/${step}`, body);
  await output.record({ summary: { step, transaction: answered.body.transaction } });
  await output.say(`Done: ${answered.body.transaction}`);
  return EXIT.yes;
}

async function disputesOf(
  node: NodeClient,
): Promise<{ member: Hex; disputes: BilateralDispute[] }> {
  const { body } = await node.get("/v1/operator/disputes");
  const { member, disputes } = body as { member: string; disputes: BilateralDispute[] };
  return { member: toHex(fromHex(member, 20)), disputes };
}

function amountOf({ amount }: DisputesOptions): string {
  try {
    return parseDecimalNano(amount ?? "").toString();
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    throw new UsageError('--amount is an amount of the currency, such as "12.50".');
  }
}
