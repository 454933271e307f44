import { UsageError } from "./output.ts";

const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/;
const FIRST_DAYS = /^(\d{4})-(0[1-9]|1[0-2])-01\/(\d{4})-(0[1-9]|1[0-2])-01$/;

/**
 * A billing period as the node names it: "2026-10". Bills are of calendar months in the operator's
 * zone, so "2026-10-01/2026-11-01" (half-open) is the only other spelling.
 * @throws UsageError
 */
export function readMonth(text: string): string {
  if (MONTH.test(text)) return text;
  const days = FIRST_DAYS.exec(text);
  if (days !== null) {
    const [fromYear, fromMonth, toYear, toMonth] = days.slice(1).map(Number) as [
      number,
      number,
      number,
      number,
    ];
    if (toYear * 12 + toMonth === fromYear * 12 + fromMonth + 1) return text.slice(0, 7);
  }
  throw new UsageError(
    `"${text}" is no billing period. Bills are of one calendar month: write 2026-10, or 2026-10-01/2026-11-01.`,
  );
}
