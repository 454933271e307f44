import { fromHex, type Hex } from "../../core/bytes.ts";
import { invoiceOrderKey } from "../../core/commitment/invoice-leaf.ts";
import { assert } from "../../core/errors.ts";
import { keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import { getJson } from "../store/stored-json.ts";
import { isBlock, scanRows } from "../store/stored-rows.ts";
import type { StoredInvoice } from "../store/stored-types.ts";
import type { BillState } from "./bill-state.ts";

/** Of an order key, which is a digest: no two of a run begin with the same 16 bytes. */
const KEPT_BYTES = 16;

/**
 * The order keys of a run whose leaves are all appended, 16 bytes for each invoice: who asks for many of
 * them would read nearly every block of leaves again and again.
 */
export class OrderKeys {
  readonly domain: Hex;
  readonly #first: number;
  readonly #keys: Uint8Array;

  private constructor(domain: Hex, first: number, orderKeys: Uint8Array) {
    this.domain = domain;
    this.#first = first;
    this.#keys = orderKeys;
  }

  /** Undefined while the run is on its way. */
  static async read(store: Store, domain: Hex, epoch: string): Promise<OrderKeys | undefined> {
    const state = await getJson<BillState>(store, keys.bill(epoch));
    if (state?.phase !== "done") return undefined;
    const first = BigInt(state.leaves.first);
    const { count } = state.leaves;
    const orderKeys = new Uint8Array(KEPT_BYTES * count);
    let at = 0;
    for await (const value of scanRows(store, domain, first, first + BigInt(count))) {
      const { rows } = value;
      assert(!isBlock(rows) && "orderKey" in rows, "the rows are leaves");
      for (let row = 0; row < value.count; row++, at += KEPT_BYTES) {
        orderKeys.set(rows.orderKey(row).subarray(0, KEPT_BYTES), at);
      }
    }
    assert(at === orderKeys.length, "the leaves of a run follow each other");
    return new OrderKeys(domain, Number(first), orderKeys);
  }

  /** The position of an invoice's leaf in the invoice book. */
  positionOf({ body, run }: StoredInvoice): number | undefined {
    const wanted = invoiceOrderKey(fromHex(body.pseudonym, 32), BigInt(run));
    let low = 0;
    let high = this.#keys.length / KEPT_BYTES - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const difference = this.#compare(middle, wanted);
      if (difference === 0) return this.#first + middle;
      if (difference < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  #compare(index: number, key: Uint8Array): number {
    const at = KEPT_BYTES * index;
    for (let i = 0; i < KEPT_BYTES; i++) {
      const difference = (this.#keys[at + i] as number) - (key[i] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}
