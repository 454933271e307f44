import { fromHex, type Hex, toHex } from "../../core/bytes.ts";
import { invoiceOrderKey } from "../../core/commitment/invoice-leaf.ts";
import { assert } from "../../core/errors.ts";
import type { RowsCache } from "../evidence/rows-cache.ts";
import { keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import { getJson } from "../store/stored-json.ts";
import { isBlock, positionIn } from "../store/stored-rows.ts";
import type { StoredInvoice } from "../store/stored-types.ts";
import type { BillState } from "./bill-state.ts";
import type { InvoiceLeafBlock } from "./invoice-leaf-block.ts";

/** Where the blocks of a run's leaves lie, and the first order key of those that were looked at. */
interface Run {
  starts: number[];
  firstKeys: Map<number, Hex>;
}

/**
 * Finds leaves of invoices. The leaves of a run stand in the order of their keys, so one is found by
 * halving, and no index of places is kept in the store; what the halving learnt is remembered.
 */
export class InvoiceLeaves {
  readonly #store: Store;
  readonly #rows: RowsCache;
  readonly #runs = new Map<string, Run>();

  constructor(store: Store, rows: RowsCache) {
    this.#store = store;
    this.#rows = rows;
  }

  /** The position of an invoice's leaf in the invoice book; undefined while it waits to be appended. */
  async find(invoice: StoredInvoice): Promise<number | undefined> {
    const { domain, epoch } = invoice;
    const run = this.#runs.get(`${domain}/${epoch}`) ?? (await this.#open(domain, epoch));
    if (run === undefined || run.starts.length === 0) return undefined;
    const pseudonym = fromHex(invoice.body.pseudonym, 32);
    const orderKey = toHex(invoiceOrderKey(pseudonym, BigInt(invoice.run)));
    let low = 0;
    let high = run.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const start = run.starts[middle] as number;
      const first = run.firstKeys.get(start) ?? (await this.#firstKey(domain, run, start));
      if (first <= orderKey) low = middle;
      else high = middle - 1;
    }
    const start = run.starts[low] as number;
    const row = rowOf(await this.#block(domain, start), orderKey);
    return row === undefined ? undefined : start + row;
  }

  /** A run that is on its way is read anew each time. */
  async #open(domain: Hex, epoch: string): Promise<Run | undefined> {
    const state = await getJson<BillState>(this.#store, keys.bill(epoch));
    if (state === undefined) return undefined;
    const first = BigInt(state.leaves.first);
    const range = {
      from: keys.rows(domain, first),
      to: keys.rows(domain, first + BigInt(state.leaves.count)),
      keysOnly: true,
    };
    const run: Run = { starts: [], firstKeys: new Map() };
    for await (const { key } of this.#store.scan(range)) run.starts.push(Number(positionIn(key)));
    if (state.phase === "done") this.#runs.set(`${domain}/${epoch}`, run);
    return run;
  }

  async #firstKey(domain: Hex, run: Run, start: number): Promise<Hex> {
    const first = toHex((await this.#block(domain, start)).orderKey(0));
    run.firstKeys.set(start, first);
    return first;
  }

  async #block(domain: Hex, start: number): Promise<InvoiceLeafBlock> {
    const rows = (await this.#rows.read(domain, [start])).get(start)?.rows;
    assert(rows !== undefined && !isBlock(rows) && "entry" in rows, "the rows are leaves");
    return rows;
  }
}

function rowOf(block: InvoiceLeafBlock, orderKey: Hex): number | undefined {
  let low = 0;
  let high = block.count - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (toHex(block.orderKey(middle)) < orderKey) low = middle + 1;
    else high = middle;
  }
  return toHex(block.orderKey(low)) === orderKey ? low : undefined;
}
