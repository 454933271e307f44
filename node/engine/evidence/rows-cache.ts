import { assert } from "../../core/errors.ts";
import { keys } from "../store/key-spaces.ts";
import type { StoreReader } from "../store/store.ts";
import { decodeRows, type StoredRows } from "../store/stored-rows.ts";

/** Stored rows that were read lately, decoded, at most so many; rows never change. */
export class RowsCache {
  readonly #store: StoreReader;
  readonly #valuesMax: number;
  /** In the order of their last use. */
  readonly #values = new Map<string, StoredRows>();

  constructor(store: StoreReader, valuesMax: number) {
    this.#store = store;
    this.#valuesMax = valuesMax;
  }

  /** How many values one reading may ask for, since it holds them all. */
  get valuesMax(): number {
    return this.#valuesMax;
  }

  /**
   * The values under the given first positions, those that are not remembered in one call.
   * @throws TallystickError `store.value-damaged`
   */
  async read(domain: string, firsts: Iterable<number>): Promise<Map<number, StoredRows>> {
    const wanted = [...new Set(firsts)];
    const names = wanted.map((first) => keys.rows(domain, BigInt(first)));
    const found = names.map((name) => this.#values.get(name));
    const missing = names.filter((_, at) => found[at] === undefined);
    const values = missing.length === 0 ? [] : await this.#store.getMany(missing);
    let next = 0;
    const rows = new Map<number, StoredRows>();
    for (const [at, name] of names.entries()) {
      const known = found[at] ?? this.#decode(name, values[next++]);
      rows.set(wanted[at] as number, known);
      this.#values.delete(name);
      this.#values.set(name, known);
    }
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#valuesMax) break;
      this.#values.delete(oldest);
    }
    return rows;
  }

  #decode(name: string, value: Uint8Array | undefined): StoredRows {
    assert(value !== undefined, `${name} is stored`);
    return decodeRows(name, value);
  }
}
