import { fromHex } from "../../core/bytes.ts";
import { trafficMonth } from "../bill/billing-epoch.ts";
import { keys } from "./key-spaces.ts";
import type { StoreReader } from "./store.ts";
import { getJson } from "./stored-json.ts";

/** Keys of source tags by traffic month, read once each. */
export class MonthKeys {
  readonly #store: StoreReader;
  readonly #domain: string;
  readonly #known = new Map<string, Uint8Array>();
  /** The month that was asked for last: rows mostly follow each other in time. */
  #last: { from: number; to: number; key: Uint8Array } | undefined;

  constructor(store: StoreReader, domain: string) {
    this.#store = store;
    this.#domain = domain;
  }

  /** Of the month that an instant lies in; undefined where it was erased. */
  async of(milliseconds: number): Promise<Uint8Array | undefined> {
    const last = this.#last;
    if (last !== undefined && milliseconds >= last.from && milliseconds < last.to) return last.key;
    const name = trafficMonth(milliseconds);
    const key = this.#known.get(name) ?? (await this.#read(name));
    if (key === undefined) return undefined;
    this.#known.set(name, key);
    const at = new Date(milliseconds);
    const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
    this.#last = { from: Date.UTC(year, month), to: Date.UTC(year, month + 1), key };
    return key;
  }

  async #read(name: string): Promise<Uint8Array | undefined> {
    const stored = await getJson<string>(this.#store, keys.monthKey(this.#domain, name));
    return stored === undefined ? undefined : fromHex(stored, 32);
  }
}
