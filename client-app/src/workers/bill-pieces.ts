import type { BillLineView } from "../model/bill-line-view.ts";
import type { CheckedBill } from "../model/checked-bill.ts";

/** The page stands still while it unpacks a message, some milliseconds for so many lines. */
const LINES_AT_ONCE = 2_000;

/** A bill as it is sent to the page: its lines in pieces, between which the page can answer, then the rest. */
export function* billPieces(
  bill: CheckedBill,
): Generator<{ lines: BillLineView[] } | { bill: CheckedBill }> {
  const { lines } = bill;
  for (let from = 0; from < lines.length; from += LINES_AT_ONCE) {
    yield { lines: lines.slice(from, from + LINES_AT_ONCE) };
  }
  yield { bill: { ...bill, lines: [] } };
}

/** @param pieces the lines that came before the rest, in their order */
export const joinBill = (
  rest: CheckedBill,
  pieces: readonly (readonly BillLineView[])[],
): CheckedBill => ({ ...rest, lines: pieces.flat() });
