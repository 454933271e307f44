const SLOTS_FIRST = 2048;
const QUOTE = 34;
export const NAME_BYTES_MAX = 64;

/**
 * Names (of devices, of gateways) as numbers, found by their bytes: a lamp's name comes once a minute,
 * and making a string of it each time costs more than all else that is done to read the line.
 */
export class NameTable {
  /** UTF-8, by number. */
  readonly names: Uint8Array[] = [];
  #hashes = new Int32Array(SLOTS_FIRST);
  /** A name's number + 1, 0 where there is none; at most half of them are taken. */
  #slots = new Int32Array(SLOTS_FIRST);
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });

  get size(): number {
    return this.names.length;
  }

  /** The same for the same name in every run: what an event's part follows from. */
  hashOf(number: number): number {
    return this.#hashes[number] as number;
  }

  /** @returns -1 for what is no name: longer than 64 bytes, quoted, not UTF-8 */
  find(bytes: Uint8Array, from: number, to: number): number {
    let hash = 5381;
    for (let i = from; i < to; i++) hash = (Math.imul(hash, 33) ^ (bytes[i] as number)) | 0;
    // The last bytes differ most, and alone they move only the lowest bits.
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hash ^= hash >>> 13;
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = (this.#slots[slot] as number) - 1;
      if (number < 0) return this.#add(bytes, from, to, hash);
      if (this.#hashes[number] === hash && isSame(this.names[number], bytes, from, to)) {
        return number;
      }
    }
  }

  clear(): void {
    this.names.length = 0;
    this.#slots.fill(0);
  }

  #add(bytes: Uint8Array, from: number, to: number, hash: number): number {
    if (to - from > NAME_BYTES_MAX || bytes[from] === QUOTE) return -1;
    const name = bytes.slice(from, to);
    try {
      this.#decoder.decode(name);
    } catch {
      return -1;
    }
    const number = this.names.push(name) - 1;
    if (2 * this.names.length > this.#slots.length) this.#grow();
    this.#hashes[number] = hash;
    this.#place(number, hash);
    return number;
  }

  #place(number: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = number + 1;
  }

  #grow(): void {
    const hashes = new Int32Array(2 * this.#hashes.length);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    this.#slots = new Int32Array(2 * this.#slots.length);
    for (let number = 0; number < this.names.length - 1; number++) {
      this.#place(number, hashes[number] as number);
    }
  }
}

function isSame(name: Uint8Array | undefined, bytes: Uint8Array, from: number, to: number) {
  if (name === undefined || name.length !== to - from) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[from + i]) return false;
  return true;
}
