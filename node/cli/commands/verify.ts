import { type Bundle, isClosed } from "../../core/evidence/bundle.ts";
import { agreeingMembers } from "../../core/evidence/merge-facts.ts";
import type { Check, LineReport } from "../../core/evidence/verify-bundle.ts";
import { minorUnitDigits } from "../../core/money/currency.ts";
import { formatNano } from "../../core/money/decimal.ts";
import {
  type CheckedBundle,
  checkBundle,
  declareFactOptions,
  type FactOptions,
  readBundle,
} from "../bundle-check.ts";
import type { CommandModule } from "../command.ts";
import { EXIT, type Output, UsageError } from "../output.ts";
import { saveTrust } from "../trust-file.ts";

export const command: CommandModule = {
  declare(parser) {
    parser.argument("<bundle>", 'an evidence bundle, "-" for standard input');
    declareFactOptions(parser)
      .option("--save-trust <file>", "pin what the ledger said, for --trust later")
      .addHelpText(
        "after",
        "\nBelieves nothing in the bundle: every line is hashed, walked up to what the ledger holds," +
          "\nand priced again by the published tariff. Exit code 1 when a line or a check fails.",
      );
  },

  async run([file], options, { output }) {
    const { saveTrust: trustFile, ...given } = options as FactOptions & { saveTrust?: string };
    if (trustFile !== undefined && given.trust !== undefined) {
      throw new UsageError("--save-trust writes what the ledger says; leave out --trust.");
    }
    const bundle = await readBundle(String(file));
    const checked = await checkBundle(bundle, given);
    const { report, problems } = checked;
    const credited = creditedByLine(bundle);
    for (const line of report.lines) {
      await printLine(line, bundle, output, { creditedNano: credited.get(line.line) ?? 0n });
    }
    for (const credit of report.credits) {
      await printLine(credit, bundle, output, { isCredit: true });
    }
    for (const problem of problems) {
      output.remark(`${problem.message} [${problem.code}]`);
    }
    if (trustFile !== undefined) await pin(trustFile, bundle, checked, output);
    await printSummary(bundle, checked, output);
    return report.ok ? EXIT.yes : EXIT.no;
  },
};

/** What the proofs hold against is pinned; a bundle that does not fit the ledger pins nothing. */
async function pin(
  file: string,
  bundle: Bundle,
  { report, facts }: CheckedBundle,
  output: Output,
): Promise<void> {
  const stray = [...report.lines, ...report.credits].find(
    ({ verdict }) => verdict === "proof-invalid" || verdict === "not-committed",
  );
  if (stray !== undefined) {
    output.remark(`Nothing is pinned: line ${stray.line} does not fit what the ledger says.`);
    return;
  }
  await saveTrust(file, bundle, facts);
  output.remark(`What the ledger said is pinned in ${file}.`);
}

async function printLine(
  line: LineReport,
  bundle: Bundle,
  output: Output,
  { isCredit = false, creditedNano = 0n }: { isCredit?: boolean; creditedNano?: bigint },
): Promise<void> {
  const money = moneyOf(bundle);
  const { verdict, checks, amountNano, expectedAmountNano } = line;
  await output.record({
    line: line.line,
    ...(isCredit ? { credit: true } : {}),
    verdict,
    amount: money(amountNano),
    ...(expectedAmountNano === undefined ? {} : { expectedAmount: money(expectedAmountNano) }),
    ...(creditedNano > 0n ? { creditedAmount: money(creditedNano) } : {}),
    currency: bundle.currency,
    checks,
  });
  if (output.json) return;
  const sign = isCredit ? "-" : "";
  const back = creditedNano > 0n ? `, ${money(creditedNano)} credited` : "";
  await output.say(
    `${line.line.padStart(6)}  ${verdict.padEnd(13)}  ${`${sign}${money(amountNano)}`.padStart(10)} ${bundle.currency}${back}${failures(checks)}`,
  );
}

/** What the credits of the bundle give back, by the line that they point at. */
function creditedByLine(bundle: Bundle): Map<string, bigint> {
  const credited = new Map<string, bigint>();
  for (const { credit, amountNano } of bundle.credits) {
    if (isClosed(credit)) continue;
    const target = bundle.charges.find(({ batch, leafIndex }) => {
      const place = bundle.batches[batch];
      return (
        place?.domain === credit.targetDomain &&
        place.sequence === credit.targetSequence &&
        leafIndex === credit.targetIndex
      );
    });
    if (target === undefined) continue;
    credited.set(target.line, (credited.get(target.line) ?? 0n) + BigInt(amountNano));
  }
  return credited;
}

const failures = (checks: readonly Check[]): string =>
  checks
    .filter(({ ok }) => ok === false)
    .map(({ name, because }) => `\n          ${name}: ${because}`)
    .join("");

async function printSummary(
  bundle: Bundle,
  { report, facts, problems, offline }: CheckedBundle,
  output: Output,
): Promise<void> {
  const { sources } = facts;
  const members = new Set(sources.map(({ member }) => member)).size;
  const agree = agreeingMembers(sources).length;
  const blocks = sources.filter(({ agrees }) => agrees).map((one) => BigInt(one.finalizedBlock));
  const lowest = blocks.reduce((least, one) => (one < least ? one : least), blocks[0] ?? 0n);
  const byVerdict: Record<string, number> = {};
  for (const { verdict } of report.lines) byVerdict[verdict] = (byVerdict[verdict] ?? 0) + 1;
  const total = moneyOf(bundle)(report.totalNano);
  await output.record({
    summary: {
      ok: report.ok,
      lines: report.lines.length,
      credits: report.credits.length,
      byVerdict,
      total,
      currency: bundle.currency,
      checks: report.bundleChecks,
      ledger: {
        members,
        agree,
        finalizedBlock: count(lowest),
        chainId: bundle.ledger.chainId,
        kind: bundle.ledger.kind,
        offline,
        ...(problems.length === 0 ? {} : { problems }),
      },
    },
  });
  if (output.json) return;
  for (const { name, ok, because } of report.bundleChecks) {
    const mark = ok === null ? "-" : ok ? "yes" : "NO";
    await output.say(`${mark.padStart(6)}  ${name}: ${because}`);
  }
  const counts = Object.entries(byVerdict).map(([verdict, lines]) => `${lines} ${verdict}`);
  await output.say(
    `\n${report.lines.length} lines over ${total} ${bundle.currency}: ${counts.join(", ") || "nothing"}. ${ledgerWords(bundle, { members, agree, offline })} ${report.ok ? "Everything holds." : "NOT everything holds."}`,
  );
}

function ledgerWords(
  { ledger }: Bundle,
  { members, agree, offline }: { members: number; agree: number; offline: boolean },
): string {
  if (offline) return "Checked against your pinned facts, without a network.";
  const who = `${agree} of ${members} members that were asked agree`;
  return ledger.kind === "embedded"
    ? `${who}; the ledger is run by ${ledger.runBy} alone.`
    : `${who}.`;
}

/** Counts are JSON integers up to 2^53 − 1, decimal strings beyond. */
const count = (value: bigint): number | string =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();

const moneyOf =
  ({ currency }: Bundle) =>
  (nano: bigint): string =>
    formatNano(nano, minorUnitDigits(currency));
