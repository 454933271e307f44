import type { CheckedBill } from "./checked-bill.ts";
import { type DateStyle, formatMoment } from "./time-words.ts";

export interface ProofPoint {
  name: string;
  ok: boolean | null;
  words: string;
  /** What the words mean, and where they end. */
  meaning: string;
}

/** Checks of the whole bill (docs/EVIDENCE.md) by the statement that rests on them. */
const RECORDED = [
  "committed-before-bill",
  "invoice-on-ledger",
  "invoice-included",
  "invoice-in-book",
];
const isAboutRecording = (name: string) => RECORDED.includes(name);
const isAboutPrices = (name: string) => name.startsWith("tariff-") || name === "reductions";
/** All others: whose the bill is, and that it holds what was recorded, all of it and nothing else. */
const isAboutTheWhole = (name: string) => !isAboutRecording(name) && !isAboutPrices(name);

/** The bill as a whole in three statements: recorded beforehand, complete, priced by the tariff. */
export function proofPoints(bill: CheckedBill, dates: DateStyle): ProofPoint[] {
  return [recorded(bill, dates), complete(bill), priced(bill)];
}

/** Nothing of the evidence fails, and nothing of it was left unchecked. */
export function allChecksHold({ checks }: Pick<CheckedBill, "checks">): boolean {
  return checks.length > 0 && checks.every(({ ok }) => ok === true);
}

const ledgerWasAsked = (bill: CheckedBill): boolean => (bill.ledger?.sources.length ?? 0) > 0;

const because = (bill: CheckedBill, ok: false | null, names: (name: string) => boolean) =>
  bill.checks.filter((check) => check.ok === ok && names(check.name)).map((check) => check.because);

/** How many lines have one of these checks that was not made. */
const uncheckedLines = (bill: CheckedBill, names: readonly string[]): number =>
  bill.lines.filter(({ evidence }) => evidence?.open.some((name) => names.includes(name))).length;

const lineCount = (count: number): string => (count === 1 ? "One line" : `${count} lines`);

/** What was found wrong; else what stays open; else the statement itself. */
function judged(wrong: string[], open: string[], statement: string) {
  if (wrong.length > 0) return { ok: false, words: [...wrong, ...open].join(" ") };
  if (open.length > 0) return { ok: null, words: open.join(" ") };
  return { ok: true, words: statement };
}

function recorded(bill: CheckedBill, dates: DateStyle): ProofPoint {
  const name = "recorded";
  const meaning = `Each line was put on the ledger while the month ran${
    bill.billedAt === undefined
      ? ""
      : `; the bill itself was made on ${formatMoment(bill.billedAt, dates)}`
  }. After that, neither its length nor its price could be changed unseen.`;
  if (!ledgerWasAsked(bill)) {
    return { name, ok: null, words: "Recorded before the bill: waiting for the ledger.", meaning };
  }
  const broken = bill.lines.filter(
    ({ evidence }) =>
      evidence?.verdict === "not-committed" || evidence?.verdict === "proof-invalid",
  ).length;
  const unchecked = uncheckedLines(bill, ["in-book", "included", "on-ledger"]);
  return {
    name,
    meaning,
    ...judged(
      [
        ...(broken === 0
          ? []
          : [`${lineCount(broken)} ${broken === 1 ? "has" : "have"} no valid record.`]),
        ...because(bill, false, isAboutRecording),
      ],
      [
        ...(unchecked === 0 ? [] : [`${lineCount(unchecked)} could not be checked on the ledger.`]),
        ...because(bill, null, isAboutRecording),
        ...(bill.billedAt === undefined ? ["There is no bill yet that it could be before."] : []),
      ],
      "Every line was recorded before the bill.",
    ),
  };
}

/** Completeness is of committed records; the page says so beside the word. */
function complete(bill: CheckedBill): ProofPoint {
  const name = "complete";
  const meaning =
    "Nothing was added to the records or dropped from them afterwards. Use that was never recorded at all shows only in your phone's log.";
  const wrong = because(bill, false, isAboutTheWhole);
  const { firstChargeNumber: first, lastChargeNumber: last } = bill;
  const range = first === undefined || last === undefined ? "" : ` from ${first} to ${last}`;
  if (wrong.length === 0 && !ledgerWasAsked(bill)) {
    return { name, ok: null, words: "Completeness: waiting for the ledger.", meaning };
  }
  const hidden = uncheckedLines(bill, ["in-order"]);
  const isChecked = bill.checks.some((check) => check.name === "complete");
  return {
    name,
    meaning,
    ...judged(
      wrong,
      [
        ...because(bill, null, isAboutTheWhole),
        ...(hidden === 0 ? [] : [`${lineCount(hidden)} could not be put in order.`]),
        ...(isChecked ? [] : ["Whether a line is missing was not checked."]),
      ],
      `Of what was recorded, no number is missing${range}.`,
    ),
  };
}

function priced(bill: CheckedBill): ProofPoint {
  const name = "priced";
  const meaning =
    "Your browser calculated each price again from the tariff that was published before you called.";
  if (!ledgerWasAsked(bill)) {
    return { name, ok: null, words: "Prices: waiting for the ledger.", meaning };
  }
  const counted = (verdict: string) =>
    bill.lines.filter(({ evidence }) => evidence?.verdict === verdict).length;
  const differing = counted("price-differs");
  const corrected = counted("corrected");
  const unchecked = bill.lines.filter(
    ({ evidence }) => evidence === undefined || evidence.open.includes("priced"),
  ).length;
  return {
    name,
    meaning,
    ...judged(
      [
        ...because(bill, false, isAboutPrices),
        ...(differing === 0
          ? []
          : differing === 1
            ? ["One price does not follow from the tariff."]
            : [`${differing} prices do not follow from the tariff.`]),
      ],
      [
        ...because(bill, null, isAboutPrices),
        ...(bill.lines.length === 0 ? ["There are no lines whose price could be checked."] : []),
        ...(unchecked === 0
          ? []
          : unchecked === 1
            ? ["One price could not be checked."]
            : [`${unchecked} prices could not be checked.`]),
      ],
      corrected === 0
        ? "Every price follows from the published tariff."
        : "Every price follows from the published tariff, or was corrected.",
    ),
  };
}
