import { hash } from "node:crypto";

/** 16 bytes of the id's SHA-256, 8 of the line's. */
const DIGEST_BYTES = 24;
const ID_BYTES = 16;
const SLOTS_FIRST = 1 << 12;

export interface SeenBefore {
  /** The line that had the id first. */
  line: number;
  /** Whether the two lines say different things. */
  differs: boolean;
}

/**
 * Ids of a run's records, by digest: 28 bytes a slot, of which at most two thirds are full, so ten
 * million records take some 450 MB where a map of texts would not take them at all. Ids with the
 * same 128 bits are taken for one; of 10^9 the odds are one in 10^20.
 */
export class SeenIds {
  #slots = SLOTS_FIRST;
  #digests = Buffer.alloc(SLOTS_FIRST * DIGEST_BYTES);
  /** 0 is an empty slot. */
  #lines = new Uint32Array(SLOTS_FIRST);
  #count = 0;

  /**
   * Notes an id, or says where it was before.
   * @param line counts from 1
   */
  add(id: string, text: string, line: number): SeenBefore | undefined {
    const digest = Buffer.concat([digestOf(id, ID_BYTES), digestOf(text, DIGEST_BYTES - ID_BYTES)]);
    const slot = this.#slotOf(digest);
    const first = this.#lines[slot] as number;
    if (first !== 0) {
      const known = this.#digests.subarray(slot * DIGEST_BYTES, (slot + 1) * DIGEST_BYTES);
      return { line: first, differs: !known.equals(digest) };
    }
    digest.copy(this.#digests, slot * DIGEST_BYTES);
    this.#lines[slot] = line;
    this.#count += 1;
    if (this.#count * 3 > this.#slots * 2) this.#grow();
    return undefined;
  }

  /** Where a digest is, or the empty slot where it belongs. */
  #slotOf(digest: Buffer): number {
    let slot = digest.readUInt32LE(0) % this.#slots;
    for (;;) {
      const at = slot * DIGEST_BYTES;
      const isSame = digest.compare(this.#digests, at, at + ID_BYTES, 0, ID_BYTES) === 0;
      if (this.#lines[slot] === 0 || isSame) return slot;
      slot = (slot + 1) % this.#slots;
    }
  }

  #grow(): void {
    const [digests, lines] = [this.#digests, this.#lines];
    this.#slots *= 2;
    this.#digests = Buffer.alloc(this.#slots * DIGEST_BYTES);
    this.#lines = new Uint32Array(this.#slots);
    lines.forEach((line, from) => {
      if (line === 0) return;
      const digest = digests.subarray(from * DIGEST_BYTES, (from + 1) * DIGEST_BYTES);
      const slot = this.#slotOf(digest);
      digest.copy(this.#digests, slot * DIGEST_BYTES);
      this.#lines[slot] = line;
    });
  }
}

const digestOf = (text: string, bytes: number): Buffer =>
  hash("sha256", text, "buffer").subarray(0, bytes);
