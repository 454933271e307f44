import { equalBytes } from "../../core/bytes.ts";
import { TallystickError } from "../../core/errors.ts";
import type { Store, StoreOperation } from "./store.ts";
import { encodeJson, readJson } from "./stored-json.ts";

/** A unit of work that is whole and not written yet. */
export interface DetachedUnit {
  /** As of the session: of a value that was still being computed. */
  putLasting(key: string, value: Uint8Array): void;
  /** What another session of the same store put goes in the same write. */
  takeOver(other: StoreSession): void;
  /** All of it in one durable write, or nothing. @throws as `StoreSession.commit` */
  write(): Promise<void>;
}

/**
 * One unit of work after the other: reads see the session's own writes, and all writes of a unit
 * reach the store in one atomic, durable operation or not at all. A crash before `commit` resolves
 * leaves the store as it was before the unit, or as after it; never in between. After a commit that
 * failed the session is of no more use.
 *
 * A session reads each value once and answers from memory afterwards, so it belongs to whoever is
 * the only writer while it lives (`turns.ts`). Values are never changed in place.
 */
export class StoreSession {
  readonly #store: Store;
  #known = new Map<string, unknown>();
  /** Of the unit of work that is being written: the store may not have it yet. */
  #written: ReadonlyMap<string, unknown> = new Map();
  #changed = new Set<string>();
  /** Heads of books as they were read: they are advanced only from there. */
  readonly #heads = new Map<string, Uint8Array>();
  /** Values that are stored as they are, in their order: of two under one key the last one stays. */
  #bytes: StoreOperation[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  async get<T>(key: string): Promise<T | undefined> {
    if (!this.#isKnown(key)) this.#learn(key, await this.#store.get(key));
    return this.#known.get(key) as T | undefined;
  }

  /** Reads a value again that others may have changed since; nothing of the session waits to be written. */
  async readAgain(key: string): Promise<void> {
    this.#known.delete(key);
    this.#heads.delete(key);
    await this.get(key);
  }

  /** Reads what will be asked for in one call to the store. */
  async prefetch(keys: Iterable<string>): Promise<void> {
    const missing = [...new Set(keys)].filter((key) => !this.#isKnown(key));
    if (missing.length === 0) return;
    const values = await this.#store.getMany(missing);
    for (const [at, key] of missing.entries()) this.#learn(key, values[at]);
  }

  /** Values as they are stored, for who keeps what it reads: this session's writes are not seen. */
  readMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return this.#store.getMany(keys);
  }

  put(key: string, value: unknown): void {
    this.#known.set(key, value);
    this.#changed.add(key);
  }

  /** A value that is stored as it is; it can not be read back through the session. */
  putBytes(key: string, value: Uint8Array): void {
    this.#bytes.push({ type: "put", key, value });
  }

  /** The same of a value that is not written over, and deleted late or never: rows, leaf digests, levels. */
  putLasting(key: string, value: Uint8Array): void {
    this.#bytes.push({ type: "put", key, value, lasting: true });
  }

  /** The same of a value that is read late or never: rows. */
  putCold(key: string, value: Uint8Array): void {
    this.#bytes.push({ type: "put", key, value, lasting: "cold" });
  }

  /** The same of a value that goes after a while together with its neighbours: it lies apart from what stays. */
  putPassing(key: string, value: Uint8Array): void {
    this.#bytes.push({ type: "put", key, value, lasting: "passing" });
  }

  /** What is known without asking the store. */
  peek<T>(key: string): T | undefined {
    return (this.#isKnown(key) ? this.#known.get(key) : undefined) as T | undefined;
  }

  delete(key: string): void {
    this.put(key, undefined);
  }

  /**
   * @param remembered which values the next unit of work will ask for again
   * @throws TallystickError `store.head-moved` when somebody else advanced a book that this unit
   *   advances; nothing is written then
   */
  async commit(remembered: (key: string) => boolean = () => false): Promise<void> {
    await this.detach(remembered).write();
  }

  /**
   * Ends the unit of work without writing it: the session goes on with the next one, which sees what this
   * one put. Units are written one after the other; the next one is detached when this one is written.
   * @param remembered as for `commit`
   */
  detach(remembered: (key: string) => boolean = () => false): DetachedUnit {
    // Those of `put` and `delete` come first, and heads are among them.
    const named = this.#changed.size;
    const operations = this.#operations();
    const heads = [...this.#changed].filter(isHead);
    const known = this.#known;
    this.#written = known;
    this.#known = new Map();
    for (const [key, value] of known) if (remembered(key)) this.#known.set(key, value);
    this.#changed = new Set();
    this.#bytes = [];
    return {
      putLasting: (key, value) => operations.push({ type: "put", key, value, lasting: true }),
      takeOver: (other) => {
        for (const operation of other.#operations()) operations.push(operation);
      },
      write: async () => {
        await this.#requireHeads(heads);
        if (operations.length > 0) await this.#store.write(operations);
        for (let at = 0; at < named; at++) {
          const operation = operations[at] as StoreOperation;
          if (operation.type !== "put" || !isHead(operation.key)) continue;
          this.#heads.set(operation.key, operation.value);
        }
        this.#written = new Map();
      },
    };
  }

  /** Of this unit of work, or taken over from the one that is being written. */
  #isKnown(key: string): boolean {
    if (this.#known.has(key)) return true;
    if (!this.#written.has(key)) return false;
    this.#known.set(key, this.#written.get(key));
    return true;
  }

  /** Compare and swap: a store has one writer, and this is what tells when it does not. */
  async #requireHeads(changed: readonly string[]): Promise<void> {
    for (const key of changed) {
      const read = this.#heads.get(key);
      if (read === undefined) continue;
      const stored = await this.#store.get(key);
      if (stored !== undefined && equalBytes(stored, read)) continue;
      throw new TallystickError(
        "store.head-moved",
        `Somebody else wrote "${key}" meanwhile, and nothing was written. Start the node again, once.`,
      );
    }
  }

  #operations(): StoreOperation[] {
    const operations: StoreOperation[] = [];
    for (const key of this.#changed) {
      const value = this.#known.get(key);
      if (value === undefined) operations.push({ type: "delete", key });
      else operations.push({ type: "put", key, value: encodeJson(value) });
    }
    return operations.concat(this.#bytes);
  }

  #learn(key: string, value: Uint8Array | undefined): void {
    this.#known.set(key, value === undefined ? undefined : readJson(key, value));
    if (value !== undefined && isHead(key)) this.#heads.set(key, Uint8Array.from(value));
  }
}

const isHead = (key: string): boolean => key.startsWith("book/");
