import { fromHex } from "../../core/bytes.ts";
import type { KernelKind } from "../../core/commitment/kernel/kernel.ts";
import { batchLeafOfInvoice } from "../bill/stored-invoice-leaf.ts";
import { ChargeHasher } from "../number/hash-charges.ts";
import { leafOf } from "../number/number-charge.ts";
import { RowOpener } from "../store/open-rows.ts";
import type { StoreReader } from "../store/store.ts";
import { isBlock, type StoredRows } from "../store/stored-rows.ts";

const DIGEST_BYTES = 32;

/** Leaf digests from the rows themselves, whatever digests are stored beside them. */
export class LeafRecomputer {
  readonly #domain: Uint8Array;
  readonly #kind: KernelKind | undefined;
  readonly #opener: RowOpener;
  #hasher: ChargeHasher | undefined;

  /** @param kind as `ChargeHasher` has it */
  constructor(store: StoreReader, domain: string, kind?: KernelKind) {
    this.#domain = fromHex(domain, 20);
    this.#kind = kind;
    this.#opener = new RowOpener(store, domain);
  }

  /** 32 bytes for each row; undefined where a key that opens them was erased. */
  async leavesOf({ rows }: StoredRows): Promise<Uint8Array | undefined> {
    if (isBlock(rows)) {
      const secrets = await this.#opener.secretsOf(rows);
      if (secrets === undefined) return undefined;
      this.#hasher ??= new ChargeHasher(this.#domain, this.#kind);
      return this.#hasher.leavesOf(rows, secrets);
    }
    if ("opened" in rows) return leafOf(this.#domain, rows).leaf;
    const leaves = new Uint8Array(DIGEST_BYTES * rows.count);
    for (let row = 0; row < rows.count; row++) {
      const { leaf } = batchLeafOfInvoice(this.#domain, rows.entry(row));
      leaves.set(leaf, DIGEST_BYTES * row);
    }
    return leaves;
  }
}
