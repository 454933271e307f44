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
const COMPLETE = ["complete", "books", "pseudonym", "invoice-lines"];

/** The bill as a whole in three statements: recorded beforehand, complete, priced by the tariff. */
export function proofPoints(bill: CheckedBill, dates: DateStyle): ProofPoint[] {
  return [recorded(bill, dates), complete(bill), priced(bill)];
}

const ledgerWasAsked = (bill: CheckedBill): boolean => (bill.ledger?.sources.length ?? 0) > 0;

const failures = (bill: CheckedBill, names: (name: string) => boolean): string[] =>
  bill.checks.filter(({ name, ok }) => ok === false && names(name)).map(({ because }) => because);

function recorded(bill: CheckedBill, dates: DateStyle): ProofPoint {
  const meaning = `Each line was put on the ledger while the month ran${
    bill.billedAt === undefined
      ? ""
      : `; the bill itself was made on ${formatMoment(bill.billedAt, dates)}`
  }. After that, neither its length nor its price could be changed unseen.`;
  if (!ledgerWasAsked(bill)) {
    return {
      name: "recorded",
      ok: null,
      words: "Recorded before the bill: waiting for the ledger.",
      meaning,
    };
  }
  const broken = bill.lines.filter(
    ({ evidence }) =>
      evidence?.verdict === "not-committed" || evidence?.verdict === "proof-invalid",
  ).length;
  const wrong = [
    ...(broken === 0
      ? []
      : [`${broken === 1 ? "One line has" : `${broken} lines have`} no valid record.`]),
    ...failures(bill, (name) => RECORDED.includes(name)),
  ];
  return {
    name: "recorded",
    ok: wrong.length === 0,
    words: wrong.length === 0 ? "Every line was recorded before the bill." : wrong.join(" "),
    meaning,
  };
}

/** Completeness is of committed records; the page says so beside the word. */
function complete(bill: CheckedBill): ProofPoint {
  const meaning =
    "Nothing was added to the records or dropped from them afterwards. Use that was never recorded at all shows only in your phone's log.";
  const wrong = failures(bill, (name) => COMPLETE.includes(name));
  const { firstChargeNumber: first, lastChargeNumber: last } = bill;
  const range = first === undefined || last === undefined ? "" : ` from ${first} to ${last}`;
  if (wrong.length === 0 && !ledgerWasAsked(bill)) {
    return { name: "complete", ok: null, words: "Completeness: waiting for the ledger.", meaning };
  }
  return {
    name: "complete",
    ok: wrong.length === 0,
    words:
      wrong.length === 0 ? `Of what was recorded, no number is missing${range}.` : wrong.join(" "),
    meaning,
  };
}

function priced(bill: CheckedBill): ProofPoint {
  const meaning =
    "Your browser calculated each price again from the tariff that was published before you called.";
  if (!ledgerWasAsked(bill)) {
    return { name: "priced", ok: null, words: "Prices: waiting for the ledger.", meaning };
  }
  const count = bill.lines.filter(({ evidence }) => evidence?.verdict === "price-differs").length;
  const wrong = failures(bill, (name) => name.startsWith("tariff-"));
  return {
    name: "priced",
    ok: count === 0 && wrong.length === 0,
    words:
      wrong.length > 0
        ? wrong.join(" ")
        : count === 0
          ? "Every price follows from the published tariff."
          : count === 1
            ? "One price does not follow from the tariff."
            : `${count} prices do not follow from the tariff.`,
    meaning,
  };
}
