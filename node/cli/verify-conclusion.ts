import type { Check } from "../core/evidence/check.ts";
import { type CheckedBundle, SOURCE_CAVEAT } from "./bundle-check.ts";

/** `ok` is no where something could not be checked too; people are told which of the two it is. */
export type Concluded = Pick<CheckedBundle, "ok" | "isContradicted" | "source"> & {
  report: {
    lines: { verdict: string }[];
    credits: { verdict: string }[];
    bundleChecks: Pick<Check, "name" | "ok">[];
  };
};

/** The last words on a bundle. A file that chose its own witnesses has nothing proven for good. */
export function conclusionInWords(checked: Concluded): string {
  const { ok, source } = checked;
  if (ok) {
    return source === "bundle"
      ? `It holds by the word of those whom the file names: ${SOURCE_CAVEAT}.`
      : "Everything holds.";
  }
  const caveat = source === "bundle" ? ` (${SOURCE_CAVEAT})` : "";
  if (doesFail(checked)) return `NOT everything holds${caveat}.`;
  return `Nothing fails${caveat}, but not everything could be checked: ${unchecked(checked).join("; ")}.`;
}

function doesFail({ isContradicted, report }: Concluded): boolean {
  const { lines, credits, bundleChecks } = report;
  return (
    isContradicted ||
    lines.some(({ verdict }) => !NO_FAILURE.includes(verdict)) ||
    credits.some(({ verdict }) => !NO_FAILURE.includes(verdict)) ||
    bundleChecks.some(({ ok }) => ok === false)
  );
}

const NO_FAILURE: string[] = ["committed", "corrected", "not-checked"];

function unchecked({ report: { lines, credits, bundleChecks } }: Concluded): string[] {
  const open = bundleChecks.filter(({ ok }) => ok === null).map(({ name }) => name);
  // Without the bill nothing can show that the lines are all there are.
  const isWithoutBill = open.includes("invoice");
  const others = open.filter((name) => !isWithoutBill || !["invoice", "complete"].includes(name));
  const count = [...lines, ...credits].filter(({ verdict }) => verdict === "not-checked").length;
  return [
    ...(isWithoutBill
      ? ["there is no bill of the month in it, so nothing shows that these lines are all"]
      : []),
    ...(count === 0 ? [] : [`${count} ${count === 1 ? "line" : "lines"} in part`]),
    ...(others.length === 0 ? [] : [others.join(", ")]),
  ];
}
