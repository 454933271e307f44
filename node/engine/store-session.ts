import type { Store, StoreOperation } from "./store.ts";
import { encodeJson, readJson } from "./stored-json.ts";

/**
 * One unit of work: reads see the session's own writes, and all writes reach the store in one
 * atomic, durable operation or not at all. A crash before `commit` resolves leaves the store as it
 * was before the unit, or as after it; never in between.
 */
export class StoreSession {
  readonly #store: Store;
  readonly #changes = new Map<string, Uint8Array | undefined>();

  constructor(store: Store) {
    this.#store = store;
  }

  async get<T>(key: string): Promise<T | undefined> {
    const value = this.#changes.has(key) ? this.#changes.get(key) : await this.#store.get(key);
    return value === undefined ? undefined : readJson<T>(key, value);
  }

  put(key: string, value: unknown): void {
    this.#changes.set(key, encodeJson(value));
  }

  delete(key: string): void {
    this.#changes.set(key, undefined);
  }

  async commit(): Promise<void> {
    if (this.#changes.size === 0) return;
    const operations: StoreOperation[] = [...this.#changes].map(([key, value]) =>
      value === undefined ? { type: "delete", key } : { type: "put", key, value },
    );
    await this.#store.write(operations, { durable: true });
    this.#changes.clear();
  }
}
