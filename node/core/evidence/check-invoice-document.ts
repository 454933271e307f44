import { CHARGE_KIND } from "../commitment/charge-groups.ts";
import { TallystickError } from "../errors.ts";
import {
  type InvoiceDocument,
  type InvoiceDocumentLine,
  readInvoiceDocument,
  writeInvoiceDocument,
} from "../invoice/invoice-document.ts";
import { formatNano, parseDecimalNano } from "../money/decimal.ts";
import { canonicalJson } from "../tariff/canonical-json.ts";
import { type Bundle, type BundleCharge, type BundleInvoice, isClosed } from "./bundle.ts";
import { type Check, fail, pass, unknown } from "./check.ts";
import { describeCharge } from "./describe-charge.ts";

/*
 * The hash says that the document is the one that was committed; these say that what a person reads
 * in it is what the committed facts say. The number of the document, its date of issue, the account's
 * name and each line's device label are the operator's own words: no opened fact stands beside them.
 */

const LINES = "invoice-lines";
const TOTALS = "invoice-totals";

/** Two checks: of its lines one by one, and of what it asks in the end. */
export function checkInvoiceDocument(bundle: Bundle, invoice: BundleInvoice): Check[] {
  let document: InvoiceDocument;
  try {
    document = readInvoiceDocument(invoice.documentText);
  } catch (error) {
    return [refused(LINES, error), refused(TOTALS, error)];
  }
  const check = (name: string, work: () => Check): Check => {
    try {
      return work();
    } catch (error) {
      return refused(name, error);
    }
  };
  return [
    check(LINES, () => checkLines(bundle, document, invoice.documentText)),
    check(TOTALS, () => checkTotals(bundle, document, invoice)),
  ];
}

function refused(name: string, error: unknown): Check {
  if (!(error instanceof TallystickError)) throw error;
  return fail(name, error.message);
}

/** The document's lines are the charges, one for one and field by field. */
function checkLines(bundle: Bundle, document: InvoiceDocument, text: string): Check {
  const { operator, period, currency, account } = document;
  const isOfBundle =
    operator.name === bundle.operator.name &&
    operator.member === bundle.operator.id &&
    currency === bundle.currency &&
    canonicalJson(period) === canonicalJson(bundle.period);
  if (!isOfBundle) {
    return fail(LINES, "The invoice is of another operator, period or currency than the bundle.");
  }
  if (writeInvoiceDocument(document) !== text) {
    return fail(LINES, "The invoice can be read in two ways: it is not in its one spelling.");
  }
  if (account === "") return fail(LINES, "The invoice names no account.");
  const charges = bundle.charges.filter((charge) => !isAssignment(charge));
  if (document.lines.length !== charges.length) {
    return fail(
      LINES,
      `The invoice has ${document.lines.length} lines; ${charges.length} charges were committed.`,
    );
  }
  for (const [at, charge] of charges.entries()) {
    const line = document.lines[at] as InvoiceDocumentLine;
    if (line.line !== charge.line || parseDecimalNano(line.amount) !== BigInt(charge.amountNano)) {
      return fail(
        LINES,
        `Line ${line.line} of the invoice asks ${line.amount}; ${formatNano(BigInt(charge.amountNano), 2)} was committed as line ${charge.line}.`,
      );
    }
    const field = differingField(line, charge);
    if (field !== undefined) {
      return fail(LINES, `Line ${line.line} of the invoice tells another ${field} than committed.`);
    }
  }
  const hidden = bundle.charges.find(({ charge, party }) => isClosed(charge) || isClosed(party));
  return hidden === undefined
    ? pass(LINES, "The invoice holds exactly the committed lines, as they were committed.")
    : unknown(
        LINES,
        `The use of line ${hidden.line} is not shown, to compare it with the invoice.`,
      );
}

/** Says which plan the account has: no line of a bill. */
const isAssignment = ({ charge, amountNano }: BundleCharge): boolean =>
  !isClosed(charge) && charge.kind === CHARGE_KIND.assignment && BigInt(amountNano) === 0n;

/** The first field of the use that is not what the groups tell, as far as they are opened. */
function differingField(
  line: InvoiceDocumentLine,
  { charge, party }: BundleCharge,
): string | undefined {
  if (isClosed(charge)) return undefined;
  const facts = describeCharge(charge, isClosed(party) ? undefined : party);
  if (line.service !== (facts.service ?? "other")) return "service";
  if (line.direction !== facts.direction) return "direction";
  if (Date.parse(line.start) !== facts.startMilliseconds) return "start";
  if (line.durationSeconds !== facts.durationSeconds) return "duration";
  if (line.octets !== facts.octets) return "amount of data";
  if (line.units !== facts.units) return "number of units";
  return isClosed(party) || line.otherParty === facts.otherParty ? undefined : "other party";
}

/** What it asks in the end follows from the lines and from the committed body. */
function checkTotals(
  bundle: Bundle,
  document: InvoiceDocument,
  { chargesNano, body }: BundleInvoice,
): Check {
  const sum = bundle.charges.reduce((total, charge) => total + BigInt(charge.amountNano), 0n);
  const charges = BigInt(chargesNano);
  const credits = BigInt(body.creditsNano);
  const creditsSum = document.credits.reduce(
    (total, { amount }) => total + parseDecimalNano(amount),
    0n,
  );
  const wrong = (
    [
      ["sum of charges", document.charges, sum],
      ["committed sum of charges", document.charges, charges],
      ["sum of credits", document.creditsTotal, creditsSum],
      ["committed sum of credits", document.creditsTotal, credits],
      ["committed tax", document.tax, BigInt(body.taxNano)],
      ["total", document.total, charges - credits],
    ] as const
  ).find(([, written, nano]) => parseDecimalNano(written) !== nano);
  if (wrong !== undefined) {
    const [what, written, nano] = wrong;
    return fail(TOTALS, `The invoice says ${written} where the ${what} is ${formatNano(nano, 2)}.`);
  }
  const creditFault = faultOfCredits(bundle, document, body.lastCreditNumber);
  if (creditFault !== undefined) return fail(TOTALS, creditFault);
  return pass(TOTALS, "What the invoice asks is the sum of its lines, less its credits.");
}

/**
 * Credits of the period are numbered from 1, and those that this bundle opens are on the invoice. A
 * credit on it can also reduce a line of an earlier period: that period's bundle opens it.
 */
function faultOfCredits(
  bundle: Bundle,
  { credits }: InvoiceDocument,
  lastCreditNumber: string,
): string | undefined {
  if (BigInt(lastCreditNumber) !== BigInt(credits.length)) {
    return `The invoice lists ${credits.length} credits; ${lastCreditNumber} were committed.`;
  }
  const misnumbered = credits.find(({ line }, at) => line !== `C${at + 1}`);
  if (misnumbered !== undefined) return `Credit ${misnumbered.line} is not in its place.`;
  const ofPeriod = bundle.credits.filter(({ line }) => line.startsWith(`C${bundle.period.epoch}-`));
  for (const { account, amountNano, line } of ofPeriod) {
    if (isClosed(account)) continue;
    const written = credits.find((one) => one.line === `C${account.chargeNumber}`);
    if (written === undefined) return `The invoice leaves out the credit ${line}.`;
    if (parseDecimalNano(written.amount) !== BigInt(amountNano)) {
      return `Credit ${written.line} of the invoice is ${written.amount}; ${formatNano(BigInt(amountNano), 2)} was committed.`;
    }
  }
  return undefined;
}
