import { CHARGE_KIND } from "../../core/commitment/charge-groups.ts";
import { TallystickError } from "../../core/errors.ts";
import {
  type Bundle,
  type BundleCharge,
  isClosed,
  type ToldComponent,
} from "../../core/evidence/bundle.ts";
import { repriceCharge, rowsOfCharge } from "../../core/evidence/check-price.ts";
import { type ChargeFacts, describeCharge } from "../../core/evidence/describe-charge.ts";
import { explainTold, type ToldLine } from "../../core/evidence/explain-told.ts";
import { bundleOfLine } from "../../core/evidence/one-line.ts";
import { sessionStart } from "../../core/evidence/session-start.ts";
import type { LineReport } from "../../core/evidence/verify-bundle.ts";
import { minorUnitDigits } from "../../core/money/currency.ts";
import { formatNano } from "../../core/money/decimal.ts";
import { explainComponents, rowLabel } from "../../core/rating/explain.ts";
import { type CompiledTariff, compileTariff } from "../../core/tariff/compile.ts";
import {
  type CheckedBundle,
  checkBundle,
  declareFactOptions,
  type FactOptions,
  SOURCE_CAVEAT,
} from "../bundle-check.ts";
import type { CommandModule } from "../command.ts";
import { readBundle } from "../evidence-input.ts";
import { explainEvents } from "../explain-events.ts";
import { readUrl } from "../open-node.ts";
import { EXIT, type Output, ServiceError, UsageError } from "../output.ts";
import {
  declareSubscriberOptions,
  type SubscriberOptions,
  secretOf,
} from "../subscriber-secret.ts";

/** One thing said about a line; `about` names the question that it answers. */
interface Sentence {
  about: "use" | "price" | "commitment" | "proof";
  text: string;
}

export const command: CommandModule = {
  declare(parser) {
    declareSubscriberOptions(parser)
      .argument(
        "<bundle>",
        'an evidence bundle or a published evidence file, "-" for standard input',
      )
      .requiredOption("--line <line>", "the line, as the bill numbers it")
      .option("--events <log>", "your device's own log: which of its events the line stands for")
      .option("--node <url>", "with --events: the operator's node (default: that of --link)");
    declareFactOptions(parser).addHelpText(
      "after",
      "\nExit code 1 when something about the line does not hold, 4 when the ledger can not be asked.",
    );
  },

  async run([file], options, { output }) {
    const secret = await secretOf(options as SubscriberOptions);
    const bundle = await readBundle(String(file), { secret });
    const charge = chargeOf(bundle, String(options.line));
    const told = [...aboutUse(bundle, charge), ...aboutPrice(bundle, charge)];
    told.push(...aboutCommitment(bundle, charge));
    for (const sentence of told) await print(sentence, output);
    const areEventsGood = await aboutEvents(
      bundle,
      charge,
      options as EventOptions,
      secret,
      output,
    );
    let checked: CheckedBundle | undefined;
    try {
      checked = await checkBundle(bundleOfLine(bundle, charge), options as FactOptions);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      output.remark(`${error.message} [${error.code}]`);
    }
    if (checked === undefined) {
      const text = "The ledger could not be asked, so nothing of this is proven yet.";
      await print({ about: "proof", text }, output);
      await output.record({ summary: { line: charge.line, verdict: "not-checked" } });
      return EXIT.serviceUnavailable;
    }
    const line = checked.report.lines.find((one) => one.line === charge.line) as LineReport;
    for (const sentence of aboutProof(line, checked)) await print(sentence, output);
    const { source, isContradicted } = checked;
    await output.record({
      summary: {
        line: charge.line,
        verdict: line.verdict,
        checks: line.checks,
        ledger: { source, ...(isContradicted ? { contradicted: true } : {}) },
      },
    });
    const isGood = line.verdict === "committed" || line.verdict === "corrected";
    return isGood && !isContradicted && areEventsGood ? EXIT.yes : EXIT.no;
  },
};

interface EventOptions extends SubscriberOptions {
  events?: string;
  node?: string;
}

/** The node that shows events opens with the link's secret, as the subscriber's page does. */
async function aboutEvents(
  bundle: Bundle,
  charge: BundleCharge,
  { events, node, link }: EventOptions,
  secret: Uint8Array | undefined,
  output: Output,
): Promise<boolean> {
  if (events === undefined) return true;
  const nodeUrl =
    node ?? (link !== undefined && URL.canParse(link) ? new URL(link).origin : undefined);
  if (secret === undefined || nodeUrl === undefined) {
    throw new UsageError(
      "--events asks the operator's node: give your personal link with --link, or --secret-file and --node.",
    );
  }
  return explainEvents(
    { bundle, charge, logFile: events, secret, nodeUrl: readUrl(nodeUrl) },
    output,
  );
}

function aboutProof(line: LineReport, { source, isContradicted }: CheckedBundle): Sentence[] {
  const told = line.checks.map(({ name, ok, because }) => {
    const mark = ok === null ? "Not checked" : ok ? "Proven" : "DOES NOT HOLD";
    return `${mark} (${name}): ${because}`;
  });
  if (line.verdict === "corrected") {
    told.push("Credits on the ledger give back what was asked too much: it is corrected.");
  }
  if (isContradicted) {
    told.push("The end points that were asked contradict each other: believe none of them.");
  }
  if (source === "bundle") told.push(`Only the file's word: ${SOURCE_CAVEAT}.`);
  return told.map((text) => ({ about: "proof", text }));
}

async function print(sentence: Sentence, output: Output): Promise<void> {
  await output.record({ explanation: sentence });
  await output.say(sentence.text);
}

export function chargeOf(bundle: Bundle, line: string): BundleCharge {
  const charge = bundle.charges.find((one) => one.line === line);
  if (charge !== undefined) return charge;
  const last = bundle.charges.at(-1)?.line;
  throw new UsageError(
    last === undefined
      ? "The bundle holds no lines."
      : `The bundle has no line ${line}; its lines are ${bundle.charges[0]?.line} to ${last}.`,
  );
}

const moneyOf =
  ({ currency }: Bundle) =>
  (nano: bigint): string =>
    `${formatNano(nano, minorUnitDigits(currency))} ${currency}`;

function aboutUse(bundle: Bundle, { line, charge, party }: BundleCharge): Sentence[] {
  if (isClosed(charge)) {
    return [{ about: "use", text: `Line ${line}: the use is not shown to this reader.` }];
  }
  const facts = describeCharge(charge, isClosed(party) ? undefined : party);
  const when = localTime(facts.startMilliseconds, bundle.period.zone);
  const text = `Line ${line} of ${bundle.operator.name}'s bill for ${bundle.period.epoch}: ${wordsOfUse(facts)}, ${when}.`;
  return [{ about: "use", text }];
}

const SERVICE_WORDS: Record<string, string> = {
  voice: "call",
  sms: "text message",
  mms: "multimedia message",
  data: "data session",
};

function wordsOfUse(facts: ChargeFacts): string {
  const direction = facts.direction === "none" ? "" : `${facts.direction} `;
  const service = SERVICE_WORDS[facts.service ?? ""] ?? facts.service ?? "charge";
  const preposition = facts.direction === "incoming" ? "from" : "to";
  const party = facts.otherParty === undefined ? "" : ` ${preposition} ${facts.otherParty}`;
  const quantities = [
    facts.durationSeconds === undefined ? "" : `, ${facts.durationSeconds} s`,
    facts.octets === undefined ? "" : `, ${facts.octets} octets`,
    facts.units === undefined || facts.units === "1" ? "" : `, ${facts.units} units`,
  ].join("");
  return `${direction}${service}${party}${quantities}`;
}

function aboutPrice(bundle: Bundle, { charge, amountNano, told }: BundleCharge): Sentence[] {
  const money = moneyOf(bundle);
  const asked = `The bill asks ${money(BigInt(amountNano))} for it`;
  if (isClosed(charge)) return [{ about: "price", text: `${asked}.` }];
  const tariff = bundle.tariffs.find(({ version }) => version === charge.tariffVersion);
  if (tariff === undefined) {
    const text = `${asked}; the bundle does not bring version ${charge.tariffVersion} of the tariff.`;
    return [{ about: "price", text }];
  }
  try {
    const compiled = compileTariff(tariff.document, tariff.version);
    if (told !== undefined && charge.kind !== CHARGE_KIND.usage) {
      const parts = told.components.map((one) => partOf(one, money));
      return [`${asked}:`, ...parts].map((text) => ({ about: "price", text }));
    }
    if (told !== undefined)
      return aboutPlan(asked, tariff.version, compiled, { charge, told, amountNano });
    const pricing = repriceCharge(compiled, charge);
    const { zone, band } = rowLabel(compiled, pricing.rows);
    const row = `${zone === undefined ? "" : `zone ${zone}, `}${band}`;
    const parts = explainComponents(compiled, pricing).map((text) => `  ${text}`);
    const overNano = BigInt(amountNano) - pricing.amountNano;
    const expected = money(pricing.amountNano);
    const session = sessionStart(charge);
    const sessionWords = `Priced as of ${localTime(session.milliseconds, bundle.period.zone).replace(/^on /, "")}, when the session began, ${charge.sessionMinutes} minutes before.`;
    return [
      `${asked}. Version ${tariff.version} of the tariff "${compiled.document.name}" (${row}) yields ${expected}:`,
      ...parts,
      ...(charge.sessionMinutes === 0 ? [] : [sessionWords]),
      overNano === 0n
        ? "The price is the tariff's."
        : `The bill asks ${money(overNano < 0n ? -overNano : overNano)} ${overNano < 0n ? "less" : "more"} than the tariff.`,
    ].map((text) => ({ about: "price", text }));
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    return [{ about: "price", text: `${asked}; it can not be priced again: ${error.message}` }];
  }
}

/** A part of what no row prices: a fee, a tax, what a sponsor pays. */
const partOf = (
  { kind, name, amountNano }: ToldComponent,
  money: (nano: bigint) => string,
): string => `  ${kind}${name === undefined ? "" : ` ${name}`}: ${money(BigInt(amountNano))}`;

/** The words that the operator gave with a price that an account's plan decides. */
function aboutPlan(
  asked: string,
  version: number,
  compiled: CompiledTariff,
  line: ToldLine,
): Sentence[] {
  const { zone, band } = rowLabel(compiled, rowsOfCharge(compiled, line.charge));
  const row = `${zone === undefined ? "" : `zone ${zone}, `}${band}`;
  return [
    `${asked}. By the account's plan under version ${version} of the tariff "${compiled.document.name}" (${row}), the operator says:`,
    ...explainTold(compiled, line).map((text) => `  ${text}`),
  ].map((text) => ({ about: "price", text }));
}

function aboutCommitment(bundle: Bundle, charge: BundleCharge): Sentence[] {
  const batch = bundle.batches[charge.batch] as Bundle["batches"][number];
  const about = "commitment";
  if (batch.blockTime === undefined) {
    return [{ about, text: "Its batch is not on the ledger yet." }];
  }
  const place = `batch ${batch.sequence}, entry ${charge.leafIndex + 1}`;
  const when = localTime(Number(batch.blockTime) * 1000, bundle.period.zone);
  const billed = bundle.invoice && bundle.batches[bundle.invoice.batch]?.blockTime;
  const gap = billed === undefined ? undefined : BigInt(billed) - BigInt(batch.blockTime);
  const text = `It says that it was committed ${when} in ${place}${gap === undefined ? "; there is no bill yet" : gap < 0n ? ", after the bill" : `, ${duration(gap)} before the bill`}.`;
  return [{ about, text }];
}

function duration(seconds: bigint): string {
  const units: [bigint, string][] = [
    [86_400n, "day"],
    [3_600n, "hour"],
    [60n, "minute"],
    [1n, "second"],
  ];
  const [size, name] = units.find(([one]) => seconds >= one) ?? [1n, "second"];
  const many = seconds / size;
  return `${many} ${name}${many === 1n ? "" : "s"}`;
}

/** In the zone of the bill; UTC where a bundle names one that does not exist. */
function localTime(milliseconds: number, zone: string): string {
  const write = (timeZone: string) =>
    new Intl.DateTimeFormat("en-GB", {
      dateStyle: "long",
      timeStyle: "medium",
      timeZone,
    }).format(milliseconds);
  if (!(Math.abs(milliseconds) <= 8.64e15)) return "at no possible time";
  try {
    return `on ${write(zone)} (${zone})`;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return `on ${write("UTC")} (UTC)`;
  }
}
