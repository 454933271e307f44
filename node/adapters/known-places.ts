import type { ValuePlace } from "./value-place.ts";

/** Of rows some eight million charges' tiles; 170 bytes each. */
const PLACES_MAX = 16_384;

/** Somebody asks the database for a place. */
export type Asking = Readonly<{ asked: true }>;

/**
 * Where values of the log lie, of keys that were asked for lately: who wants a part of such a value again spares an
 * answer of the database. A key that is written, and all keys when values are moved, are forgotten, also those that are
 * being asked for at that moment.
 */
export class KnownPlaces {
  readonly #max: number;
  readonly #places = new Map<string, ValuePlace | Asking>();

  constructor(max = PLACES_MAX) {
    this.#max = max;
  }

  of(key: string): ValuePlace | undefined {
    const known = this.#places.get(key);
    return known === undefined || "asked" in known ? undefined : known;
  }

  /** To be called before the database is asked. @returns what `learn` needs to know */
  ask(key: string): Asking {
    const asking: Asking = { asked: true };
    this.#places.set(key, asking);
    if (this.#places.size > this.#max) {
      for (const [oldest] of this.#places) {
        this.#places.delete(oldest);
        break;
      }
    }
    return asking;
  }

  /** @param place where the database says that the value lies; undefined where it is not in the log */
  learn(key: string, asking: Asking, place: ValuePlace | undefined): void {
    if (this.#places.get(key) !== asking) return;
    if (place === undefined) this.#places.delete(key);
    else this.#places.set(key, place);
  }

  /** To be called when a write is over, whether it is stored or not, before anybody is told. */
  forget(written: readonly { key: string }[]): void {
    if (this.#places.size === 0) return;
    for (const { key } of written) this.#places.delete(key);
  }

  forgetAll(): void {
    this.#places.clear();
  }
}
