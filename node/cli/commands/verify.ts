import { readFile } from "node:fs/promises";
import { parseEventProof } from "../../core/aggregation/event-proof.ts";
import { TallystickError } from "../../core/errors.ts";
import type { Bundle } from "../../core/evidence/bundle.ts";
import { checkEvent } from "../../core/evidence/check-event.ts";
import { agreeingMembers } from "../../core/evidence/merge-facts.ts";
import type { Check, LineReport } from "../../core/evidence/verify-bundle.ts";
import { minorUnitDigits } from "../../core/money/currency.ts";
import { formatNano } from "../../core/money/decimal.ts";
import {
  type CheckedBundle,
  checkBundle,
  declareFactOptions,
  type FactOptions,
  SOURCE_CAVEAT,
} from "../bundle-check.ts";
import type { CommandModule } from "../command.ts";
import { readBundle } from "../evidence-input.ts";
import { readMonth } from "../month.ts";
import { EXIT, type Output, UsageError } from "../output.ts";
import {
  declareSubscriberOptions,
  ownerOf,
  type SubscriberOptions,
  secretOf,
} from "../subscriber-secret.ts";
import { saveTrust } from "../trust-file.ts";
import { conclusionInWords } from "../verify-conclusion.ts";

export const command: CommandModule = {
  declare(parser) {
    parser.argument(
      "<bundle>",
      'an evidence bundle or a published evidence file, "-" for standard input; a URL of one, or of a folder of published files ("/" at its end)',
    );
    declareSubscriberOptions(declareFactOptions(parser))
      .option("--save-trust <file>", "pin what the ledger said, for --trust later")
      .option("--period <month>", "of a folder of published files: which month")
      .option("--event <file>", "check too that one event is, or is not, in a line's charge")
      .addHelpText(
        "after",
        "\nBelieves nothing in the bundle: every line is hashed, walked up to what the ledger holds," +
          "\nand priced again by the published tariff. Exit code 1 when a line or a check fails, when" +
          "\nsomething could not be checked, or when the end points contradict each other. Without" +
          "\n--rpc and --trust the end points are those that the bundle names: only its own word.",
      );
  },

  async run([file], options, { output }) {
    const {
      saveTrust: trustFile,
      event,
      ...given
    } = options as FactOptions &
      SubscriberOptions & {
        saveTrust?: string;
        event?: string;
        period?: string;
      };
    if (trustFile !== undefined && given.trust !== undefined) {
      throw new UsageError("--save-trust writes what the ledger says; leave out --trust.");
    }
    const secret = await secretOf(given);
    const period = given.period === undefined ? undefined : readMonth(given.period);
    const bundle = await readBundle(String(file), { secret, period });
    const owner = secret === undefined ? undefined : await ownerOf(secret, bundle.period.epoch);
    const checked = await checkBundle(bundle, given, owner === undefined ? {} : { owner });
    const { report, problems } = checked;
    for (const line of report.lines) await printLine(line, bundle, output, false);
    for (const credit of report.credits) await printLine(credit, bundle, output, true);
    for (const problem of problems) {
      output.remark(`${problem.message} [${problem.code}]`);
    }
    if (trustFile !== undefined) await pin(trustFile, bundle, checked, output);
    const isEventGood = event === undefined || (await printEvent(event, bundle, output));
    await printSummary(bundle, checked, output);
    return checked.ok && isEventGood ? EXIT.yes : EXIT.no;
  },
};

/** @returns whether the proof of the event holds, whatever it shows */
async function printEvent(file: string, bundle: Bundle, output: Output): Promise<boolean> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    const message = `The file can not be read (${error.code}). Check its name.`;
    throw new TallystickError("file.not-readable", message, { file });
  });
  const proof = parseEventProof(text);
  const report = checkEvent(bundle, proof);
  const isGood = report.checks.every(({ ok }) => ok === true);
  await output.record({ event: { ...proof.event, ...report, ok: isGood } });
  const { device, time } = proof.event;
  const when = new Date(Number(time)).toISOString();
  await output.say(
    `event of ${device} at ${when}: ${isGood ? (report.present ? `in line ${report.line}` : `NOT in line ${report.line}`) : "not shown"}${shortfalls(report.checks)}`,
  );
  return isGood;
}

/** What the proofs hold against is pinned; a bundle that does not fit the ledger pins nothing. */
async function pin(
  file: string,
  bundle: Bundle,
  { report, facts, isContradicted }: CheckedBundle,
  output: Output,
): Promise<void> {
  if (isContradicted) {
    output.remark("Nothing is pinned: the end points that were asked contradict each other.");
    return;
  }
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
  isCredit: boolean,
): Promise<void> {
  const money = moneyOf(bundle);
  const { verdict, checks, amountNano, expectedAmountNano, creditedNano = 0n } = line;
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
    `${line.line.padStart(6)}  ${verdict.padEnd(13)}  ${`${sign}${money(amountNano)}`.padStart(10)} ${bundle.currency}${back}${shortfalls(checks)}`,
  );
}

/** What keeps a line from being good: what fails, and what could not be checked. */
const shortfalls = (checks: readonly Check[]): string =>
  checks
    .filter(({ ok }) => ok !== true)
    .map(({ name, ok, because }) =>
      ok === null
        ? `\n          ${name}, not checked: ${because}`
        : `\n          ${name}: ${because}`,
    )
    .join("");

async function printSummary(bundle: Bundle, checked: CheckedBundle, output: Output): Promise<void> {
  const { report, facts, problems, offline, source, isContradicted, ok } = checked;
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
      ok,
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
        source,
        ...(source === "bundle" ? { caveat: SOURCE_CAVEAT } : {}),
        ...(isContradicted ? { contradicted: true } : {}),
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
  const words = [
    `${report.lines.length} lines over ${total} ${bundle.currency}: ${counts.join(", ") || "nothing"}.`,
    ledgerWords(bundle, { members, agree, offline, source }),
    ...(isContradicted ? ["The end points contradict each other: believe none of them."] : []),
    conclusionInWords(checked),
  ];
  await output.say(`\n${words.join(" ")}`);
}

function ledgerWords(
  { ledger }: Bundle,
  {
    members,
    agree,
    offline,
    source,
  }: { members: number; agree: number } & Pick<CheckedBundle, "offline" | "source">,
): string {
  if (offline) return "Checked against your pinned facts, without a network.";
  const by = source === "trust" ? "" : ", by the contracts that the file names";
  const who = `${agree} of ${members} members that were asked agree${by}`;
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
