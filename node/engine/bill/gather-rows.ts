import { assert } from "../../core/errors.ts";
import {
  creditReason,
  invoiceLine,
  invoiceMoney,
  writeInvoiceCredit,
  writeInvoiceLine,
} from "../../core/invoice/invoice-line.ts";
import { PACKED_ENTRY } from "../../core/invoice/packed-line.ts";
import { encodeBytes } from "../store/stored-bytes.ts";
import { decodeRows, isBlock } from "../store/stored-rows.ts";
import type { StoredCharge } from "../store/stored-types.ts";
import type { BillFacts, GatheredUnit, GatherTask } from "./bill-kernel.ts";
import { joinBytes, partOf } from "./joined-bytes.ts";
import type { PackedBuckets } from "./packed-buckets.ts";

/**
 * The period's charges and credits of a stretch of a book, in the order of the book, packed into the
 * buckets of their accounts. Without keys: a line of an invoice tells nothing that salts or tags are
 * needed for.
 * @throws TallystickError `store.value-damaged`
 */
export function gatherRows(
  { epoch, currency }: BillFacts,
  buckets: PackedBuckets,
  { from, to, keys, values }: GatherTask,
): GatheredUnit {
  const money = invoiceMoney(currency);
  let later: bigint | undefined;
  /** @returns whether the row is of the period */
  const isMeant = (of: string, position: bigint): boolean => {
    if (of > epoch) later ??= position;
    return of === epoch;
  };
  for (const [index, key] of keys.entries()) {
    const value = partOf(values, index);
    assert(value !== undefined, `the rows at ${key} are handed over`);
    const { first, count, rows } = decodeRows(key, value);
    if (isBlock(rows)) {
      const end = Math.min(count, Number(to - first));
      for (let row = first < from ? Number(from - first) : 0; row < end; row++) {
        if (isMeant(rows.owner(row).epoch, first + BigInt(row))) buckets.addRow(rows, row);
      }
    } else if ("opened" in rows && isMeant(rows.epoch, first)) {
      addLoose(buckets, rows, money);
    }
  }
  const taken: number[] = [];
  const gathered: Uint8Array[] = [];
  for (const { bucket, bytes } of buckets.take()) {
    taken.push(bucket);
    gathered.push(encodeBytes(bytes));
  }
  const unit = { values: joinBytes(gathered), buckets: taken };
  return later === undefined ? unit : { ...unit, later };
}

function addLoose(
  buckets: PackedBuckets,
  stored: StoredCharge,
  money: (nano: bigint) => string,
): void {
  const { account: opened, party, charge, credit } = stored.opened;
  const amountNano = BigInt(stored.amountNano);
  const { chargeNumber } = opened;
  const number = BigInt(chargeNumber);
  if (charge !== undefined) {
    const billed = { chargeNumber, device: stored.device, amountNano, charge, party };
    const line = writeInvoiceLine(invoiceLine(billed, money));
    buckets.addText(PACKED_ENTRY.chargeText, stored.account, number, line);
    return;
  }
  const line = writeInvoiceCredit({
    line: `C${chargeNumber}`,
    amount: money(amountNano),
    reason: creditReason(credit?.reason),
    invoice: stored.recordId,
  });
  buckets.addText(PACKED_ENTRY.creditText, stored.account, number, line);
}
