import { keyedHash } from "../formats/keyed-hash.ts";

const SLOTS_FIRST = 2048;
const QUOTE = 34;
/** Of a hash, the first bit that no one can foresee. */
const CHANCE_FROM = 8;
export const NAME_BYTES_MAX = 64;

/**
 * Names (of devices, of gateways) as numbers, found by their bytes: a lamp's name comes once a minute,
 * and making a string of it each time costs more than all else that is done to read the line.
 */
export class NameTable {
  /** UTF-8, by number. */
  readonly names: Uint8Array[] = [];
  /** A factor for each byte of a name, one for its length behind them. */
  readonly #factors: Int32Array;
  /** By number, under the key. */
  #hashes = new Int32Array(SLOTS_FIRST);
  /** A name's number + 1, 0 where there is none; at most half of them are taken. */
  #slots = new Int32Array(SLOTS_FIRST);
  #passed = 0;
  /** By number, without it. */
  #lastingHashes = new Int32Array(SLOTS_FIRST);
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });

  /** @param key secret, NAME_KEY_WORDS words: names that were made to share a slot would take the square of their number */
  constructor(key: Uint32Array) {
    this.#factors = Int32Array.from({ length: NAME_BYTES_MAX + 1 }, (_, at) =>
      keyedHash(key, Uint8Array.of(at), 0, 1),
    );
  }

  get size(): number {
    return this.names.length;
  }

  /** Slots that were looked at in vain so far, where another name stood. */
  get passedSlots(): number {
    return this.#passed;
  }

  /** The same for the same name in every run, whatever the key: what an event's part follows from. */
  lastingHashOf(number: number): number {
    return this.#lastingHashes[number] as number;
  }

  /** @returns -1 for what is no name: longer than 64 bytes, quoted, not UTF-8 */
  find(bytes: Uint8Array, from: number, to: number): number {
    const length = to - from;
    if (length > NAME_BYTES_MAX) return -1;
    // Multilinear: of any two names the bits above the lowest eight agree by chance alone, since a byte's difference has
    // no factor beyond 2^7. It costs what a hash without a key did; HalfSipHash cost 100 ns more of an event.
    const factors = this.#factors;
    let hash = Math.imul(factors[NAME_BYTES_MAX] as number, length);
    for (let i = 0; i < length; i++) {
      hash = (hash + Math.imul(factors[i] as number, bytes[from + i] as number)) | 0;
    }
    const mask = this.#slots.length - 1;
    for (let slot = (hash >>> CHANCE_FROM) & mask; ; slot = (slot + 1) & mask) {
      const number = (this.#slots[slot] as number) - 1;
      if (number < 0) return this.#add(bytes, from, to, hash);
      if (this.#hashes[number] === hash && isSame(this.names[number], bytes, from, to)) {
        return number;
      }
      this.#passed++;
    }
  }

  clear(): void {
    this.names.length = 0;
    this.#slots.fill(0);
  }

  #add(bytes: Uint8Array, from: number, to: number, hash: number): number {
    if (bytes[from] === QUOTE) return -1;
    const name = bytes.slice(from, to);
    try {
      this.#decoder.decode(name);
    } catch {
      return -1;
    }
    const number = this.names.push(name) - 1;
    if (2 * this.names.length > this.#slots.length) this.#grow();
    this.#hashes[number] = hash;
    this.#lastingHashes[number] = lastingHash(name);
    this.#place(number, hash);
    return number;
  }

  #place(number: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let slot = (hash >>> CHANCE_FROM) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = number + 1;
  }

  #grow(): void {
    const hashes = new Int32Array(2 * this.#hashes.length);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    const lasting = new Int32Array(hashes.length);
    lasting.set(this.#lastingHashes);
    this.#lastingHashes = lasting;
    this.#slots = new Int32Array(2 * this.#slots.length);
    for (let number = 0; number < this.names.length - 1; number++) {
      this.#place(number, hashes[number] as number);
    }
  }
}

function lastingHash(name: Uint8Array): number {
  let hash = 5381;
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 33) ^ (name[i] as number)) | 0;
  // The last bytes differ most, and alone they move only the lowest bits.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

function isSame(name: Uint8Array | undefined, bytes: Uint8Array, from: number, to: number) {
  if (name === undefined || name.length !== to - from) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[from + i]) return false;
  return true;
}
