const CHUNK_BYTES = 1_048_576;

/**
 * Memory, seen by all threads, for the values of one unit of work after the other: what the last unit took is taken again,
 * so that a file of any length asks the system for that of its largest unit.
 */
export class ValueRoom {
  readonly #chunks: Uint8Array[] = [];
  #chunk = 0;
  #at = 0;

  /** @returns memory that starts at a multiple of eight; what stands in it is of no meaning */
  take(bytes: number): Uint8Array {
    for (; this.#chunk < this.#chunks.length; this.#chunk++, this.#at = 0) {
      const chunk = this.#chunks[this.#chunk] as Uint8Array;
      if (this.#at + bytes > chunk.length) continue;
      const taken = chunk.subarray(this.#at, this.#at + bytes);
      this.#at = Math.ceil((this.#at + bytes) / 8) * 8;
      return taken;
    }
    this.#chunks.push(new Uint8Array(new SharedArrayBuffer(Math.max(CHUNK_BYTES, bytes))));
    return this.take(bytes);
  }

  /** All that was taken is free again. */
  startAnew(): void {
    this.#chunk = 0;
    this.#at = 0;
  }
}
