import { keys } from "../store/key-spaces.ts";
import type { StoreReader } from "../store/store.ts";
import { getJson } from "../store/stored-json.ts";
import { batchAt } from "../store/stored-rows.ts";
import type { StoredBatch } from "../store/stored-types.ts";
import type { BillState } from "./bill-state.ts";

/**
 * Block time in seconds of a bill's newest invoice, once its batch is final: from then on nothing joins the
 * month, and all its charges and credits stand on the ledger. Undefined before, and of a bill without invoices.
 */
export async function billFinalAt(
  store: StoreReader,
  invoiceBook: string,
  epoch: string,
): Promise<bigint | undefined> {
  const bill = await getJson<BillState>(store, keys.bill(epoch));
  if (bill === undefined || bill.phase !== "done" || bill.leaves.count === 0) return undefined;
  const last = BigInt(bill.leaves.first) + BigInt(bill.leaves.count) - 1n;
  const place = await batchAt(store, invoiceBook, last);
  if (place === undefined) return undefined;
  const at = keys.batch(invoiceBook, BigInt(place.sequence));
  const blockTime = (await getJson<StoredBatch>(store, at))?.blockTime;
  return blockTime === undefined ? undefined : BigInt(blockTime);
}
