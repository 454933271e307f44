import { CHARGE_KIND } from "../commitment/charge-groups.ts";
import { type Bundle, type BundleCharge, isClosed } from "./bundle.ts";

/**
 * What it takes to judge one line: the line, the one before it (whose number and running total it
 * follows), the credits that reduce it and their batches. Reading the ledger for the rest of a company's
 * bill would take longer than the answer is worth.
 * @returns the bundle itself where an account's plan made prices: those follow from all earlier lines
 */
export function bundleOfLine(bundle: Bundle, charge: BundleCharge): Bundle {
  if (bundle.charges.some(isOfPlan)) return bundle;
  const at = bundle.charges.indexOf(charge);
  const charges = bundle.charges.slice(Math.max(0, at - 1), at + 1);
  const { domain, sequence } = bundle.batches[charge.batch] as Bundle["batches"][number];
  const credits = bundle.credits.filter(
    ({ credit }) =>
      !isClosed(credit) &&
      credit.targetDomain === domain &&
      credit.targetSequence === sequence &&
      credit.targetIndex === charge.leafIndex,
  );
  const { invoice: _, ...rest } = bundle;
  const used = [...new Set([...charges, ...credits].map(({ batch }) => batch))];
  const moved = <Entry extends { batch: number }>(entry: Entry): Entry => ({
    ...entry,
    batch: used.indexOf(entry.batch),
  });
  return {
    ...rest,
    batches: used.map((batch) => bundle.batches[batch] as Bundle["batches"][number]),
    charges: charges.map(moved),
    credits: credits.map(moved),
  };
}

/** Whether other lines may have to do with the price of this one, or nobody can tell. */
const isOfPlan = ({ told, charge }: BundleCharge): boolean =>
  told !== undefined ||
  isClosed(charge) ||
  charge.kind !== CHARGE_KIND.usage ||
  charge.counters.length > 0;
