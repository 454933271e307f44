import { assert } from "../errors.ts";

/** Binary heap by key; of equal keys the smaller value comes first, so that results repeat. */
export class MinHeap {
  readonly #keys: number[] = [];
  readonly #values: number[] = [];

  push(key: number, value: number): void {
    let at = this.#keys.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(key, value, parent)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#keys[at] = key;
    this.#values[at] = value;
  }

  pop(): { key: number; value: number } {
    const key = this.#keys[0];
    const value = this.#values[0];
    assert(key !== undefined && value !== undefined, "something is left in the heap");
    const lastKey = this.#keys.pop() as number;
    const lastValue = this.#values.pop() as number;
    const length = this.#keys.length;
    if (length > 0) {
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= length) break;
        const right = child + 1;
        if (
          right < length &&
          this.#isBefore(this.#keys[right] as number, this.#values[right] as number, child)
        ) {
          child = right;
        }
        if (this.#isBefore(lastKey, lastValue, child)) break;
        this.#move(child, at);
        at = child;
      }
      this.#keys[at] = lastKey;
      this.#values[at] = lastValue;
    }
    return { key, value };
  }

  #isBefore(key: number, value: number, at: number): boolean {
    const other = this.#keys[at] as number;
    return key < other || (key === other && value < (this.#values[at] as number));
  }

  #move(from: number, to: number): void {
    this.#keys[to] = this.#keys[from] as number;
    this.#values[to] = this.#values[from] as number;
  }
}
