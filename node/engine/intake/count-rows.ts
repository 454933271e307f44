import { toHex } from "../../core/bytes.ts";
import { CHARGE_KIND } from "../../core/commitment/charge-groups.ts";
import { isBlock, type StoredRows } from "../store/stored-rows.ts";

/** Hexadecimal digits by which rows name their source file. */
export const FILE_DIGITS = 32;

/** What control totals say of a file's charges. */
export interface CountedCharges {
  charged: number;
  pricedAtZero: number;
}

/** Charges of records: not what sponsors pay of one, nor what a period's end made due. */
export function countRows({ rows }: StoredRows, of: (file: string) => CountedCharges): void {
  if (isBlock(rows)) {
    if (rows.table.kinds !== undefined) return;
    const file = of(toHex(rows.source.file).slice(2));
    for (const amount of rows.wide.amountNano) {
      if (amount === 0n) file.pricedAtZero++;
      else file.charged++;
    }
    return;
  }
  if (!("opened" in rows) || Number(rows.opened.charge?.kind) !== CHARGE_KIND.usage) return;
  // A correction is no record that came in.
  if (rows.revision > 0) return;
  const file = of(rows.opened.party.file.replace(/^0x/, ""));
  if (BigInt(rows.amountNano) === 0n) file.pricedAtZero++;
  else file.charged++;
}
