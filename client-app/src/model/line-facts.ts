import type { BillLineView, CheckView, LineProof } from "./bill-line-view.ts";
import type { CheckedBill } from "./checked-bill.ts";
import { type DateStyle, formatLapse, formatMoment } from "./time-words.ts";

/** What a line's place in the ledger rests on (docs/EVIDENCE.md). */
const RECORD_CHECKS = ["in-book", "included", "on-ledger"];

/** When the line was recorded, and that this was before the bill existed. */
export function committedWords(
  { evidence }: BillLineView,
  proof: Pick<LineProof, "checks">,
  bill: Pick<CheckedBill, "billedAt">,
  dates: DateStyle,
): { ok: boolean | null; words: string } {
  if (evidence === undefined) {
    return { ok: null, words: "This bill came without proofs, so only your phone's log can tell." };
  }
  if (evidence.verdict === "not-committed") {
    return { ok: false, words: "The ledger does not know the record that this line points to." };
  }
  const broken = proof.checks.find(({ name, ok }) => RECORD_CHECKS.includes(name) && ok === false);
  if (evidence.verdict === "proof-invalid" && broken !== undefined) {
    return { ok: false, words: broken.because };
  }
  if (evidence.verdict === "unconfirmed") {
    return { ok: null, words: "The ledger could not be asked yet whether it holds this record." };
  }
  if (evidence.committedAt === undefined) {
    return { ok: null, words: "It has not reached the ledger yet." };
  }
  const place = `Batch ${evidence.sequence}, position ${evidence.position}.`;
  const when = `Recorded on ${formatMoment(evidence.committedAt, dates)}`;
  if (bill.billedAt === undefined) return { ok: true, words: `${when}. ${place}` };
  if (evidence.committedAt >= bill.billedAt) {
    return { ok: false, words: `${when}, which is after the bill was made. ${place}` };
  }
  const lapse = formatLapse(bill.billedAt - evidence.committedAt);
  return { ok: true, words: `${when}: ${lapse} before the bill was made. ${place}` };
}

/** Where the line stands in the unbroken row of numbers. */
export function numberWords(
  { evidence }: BillLineView,
  proof: Pick<LineProof, "checks">,
  bill: Pick<CheckedBill, "firstChargeNumber" | "lastChargeNumber" | "checks">,
  money: (nano: bigint) => string,
): { ok: boolean | null; words: string } | undefined {
  if (evidence?.chargeNumber === undefined) return undefined;
  const { firstChargeNumber: first, lastChargeNumber: last } = bill;
  const ownGap = proof.checks.find(({ name, ok }) => name === "in-order" && ok !== true);
  const gap = ownGap ?? gapIn(bill.checks);
  const total =
    evidence.runningTotalNano === undefined
      ? ""
      : ` The bill comes to ${money(evidence.runningTotalNano)} with this line.`;
  if (first === undefined || last === undefined) {
    return { ok: null, words: `Number ${evidence.chargeNumber}.${total}` };
  }
  return gap === undefined
    ? {
        ok: true,
        words: `Number ${evidence.chargeNumber} of ${last}; none is missing from ${first} to ${last}.${total}`,
      }
    : { ok: gap.ok, words: `Number ${evidence.chargeNumber}. ${gap.because}` };
}

/** What speaks against the row of numbers, or leaves it open; a failure first. */
function gapIn(checks: readonly CheckView[]): CheckView | undefined {
  const about = checks.filter(({ name, ok }) => name === "complete" || ok === false);
  return about.find(({ ok }) => ok === false) ?? about.find(({ ok }) => ok === null);
}
