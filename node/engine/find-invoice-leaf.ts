import { toHex } from "../core/bytes.ts";
import { assert } from "../core/errors.ts";
import type { BillState } from "./bill-state.ts";
import { keys } from "./key-spaces.ts";
import type { Store } from "./store.ts";
import { leafPartsOfStoredInvoice } from "./stored-invoice-leaf.ts";
import { getJson } from "./stored-json.ts";
import { findRows, isBlock } from "./stored-rows.ts";
import type { StoredInvoice } from "./stored-types.ts";

/**
 * The position of an invoice's leaf in the invoice book. The leaves of a run stand in the order of their
 * keys, so it is found by halving, and no index of places is kept.
 * @returns undefined while the leaf waits to be appended
 */
export async function findInvoiceLeaf(
  store: Store,
  invoice: StoredInvoice,
): Promise<bigint | undefined> {
  const state = await getJson<BillState>(store, keys.bill(invoice.epoch));
  if (state === undefined) return undefined;
  const orderKey = toHex(leafPartsOfStoredInvoice(invoice).orderKey);
  let low = BigInt(state.leaves.first);
  let high = low + BigInt(state.leaves.count);
  while (low < high) {
    const found = await findRows(store, invoice.domain, (low + high) >> 1n);
    assert(found !== undefined, `the leaves of ${invoice.epoch} are stored`);
    const { first, count, rows } = found;
    assert(!isBlock(rows) && "entry" in rows, "the rows are leaves");
    if (orderKey < rows.entry(0).orderKey) high = first;
    else if (orderKey > rows.entry(count - 1).orderKey) low = first + BigInt(count);
    else {
      for (let row = 0; row < count; row++) {
        if (rows.entry(row).orderKey === orderKey) return first + BigInt(row);
      }
      return undefined;
    }
  }
  return undefined;
}
