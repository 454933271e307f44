import { formatDecimalScaled } from "../core/money/decimal.ts";
import {
  CONTROL_CLASSES,
  type ControlTotals,
  type StoredTotals,
} from "../engine/store/stored-types.ts";

const CLASS_WORDS: Record<string, string> = {
  charged: "charged",
  pricedAtZero: "priced at zero",
  suspended: "in suspense",
  duplicate: "duplicate",
  rejected: "rejected",
  notBillable: "not billable",
  dropped: "dropped",
};

/** Control totals as lines for people: in, and every outcome that there is. */
export function rowsOfTotals({ in: taken, classes }: StoredTotals): string[] {
  const rows = [controlRow("in", taken)];
  for (const name of CONTROL_CLASSES) {
    const totals = classes[name];
    if (totals !== undefined && totals.records > 0) {
      rows.push(controlRow(CLASS_WORDS[name] ?? name, totals));
    }
  }
  return rows;
}

export const controlRow = (
  words: string,
  { records, durationMilliseconds, octets }: ControlTotals,
): string =>
  `  ${words.padEnd(14)} ${String(records).padStart(9)} records ${formatDecimalScaled(BigInt(durationMilliseconds), 3).padStart(12)} s ${octets.padStart(14)} octets`;
