import type { CheckedBill } from "./checked-bill.ts";
import { type DateStyle, formatMoment } from "./time-words.ts";

export interface ProofPoint {
  name: string;
  ok: boolean | null;
  words: string;
  detail?: string;
}

/** The bill as a whole in four statements: recorded, complete, priced, as invoiced. */
export function proofPoints(bill: CheckedBill, dates: DateStyle): ProofPoint[] {
  const proven = bill.lines.filter((line) => line.evidence !== undefined);
  const verdicts = proven.map((line) => line.evidence?.verdict);
  const broken = verdicts.filter((v) => v === "not-committed" || v === "proof-invalid").length;
  const overpriced = verdicts.filter((v) => v === "price-differs").length;
  const late = proven.filter(
    ({ evidence }) =>
      bill.billedAt !== undefined &&
      (evidence?.committedAt === undefined || evidence.committedAt >= bill.billedAt),
  ).length;
  const unsettled = bill.ledger === undefined || bill.ledger.sources.length === 0;
  return [
    {
      name: "recorded",
      ok: unsettled ? null : broken + late === 0,
      words: unsettled
        ? "Recorded before the bill: waiting for the ledger."
        : broken + late === 0
          ? "Every line was recorded before the bill was made."
          : `${countLines(Math.max(broken, late))} not recorded before the bill was made.`,
      ...(bill.billedAt === undefined
        ? {}
        : { detail: `The bill was made on ${formatMoment(bill.billedAt, dates)}.` }),
    },
    completeness(bill),
    {
      name: "priced",
      ok: overpriced === 0,
      words:
        overpriced === 0
          ? "Every price follows from the published tariff."
          : overpriced === 1
            ? "One price does not follow from the published tariff."
            : `${overpriced} prices do not follow from the published tariff.`,
      detail: "Your browser calculated each price again.",
    },
  ];
}

function countLines(count: number): string {
  return count === 1 ? "One line was" : `${count} lines were`;
}

/** Completeness is of committed records; the page says so beside the word. */
function completeness(bill: CheckedBill): ProofPoint {
  const gaps = bill.checks.filter((check) => check.name !== "invoice" && check.ok === false);
  const { firstChargeNumber: first, lastChargeNumber: last } = bill;
  const range = first === undefined || last === undefined ? "" : ` from ${first} to ${last}`;
  return {
    name: "complete",
    ok: gaps.length === 0,
    words:
      gaps.length === 0
        ? `No number is missing${range}.`
        : gaps.map((check) => check.because).join(" "),
    detail:
      "Complete means: of what was recorded. Nothing was added or dropped afterwards. Use that was never recorded shows only in your phone's log.",
  };
}
