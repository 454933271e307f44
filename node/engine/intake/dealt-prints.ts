/** So many first bits say in which bucket a fingerprint is: of a run's filter of 3 MB a bucket sees 6 kB. */
const BUCKET_BITS = 9;
const SHIFT = 32 - BUCKET_BITS;

/**
 * Fingerprints dealt out by their first bits. Filters stand in the order of fingerprints: asked bucket by bucket, each
 * line is in the cache, where every question in the order of records would wait for memory once for every run.
 */
export class DealtPrints {
  /** Upper and lower halves in turn, bucket by bucket. */
  prints = new Uint32Array();
  /** Where the upper half of each stood before, by half of where it stands now. */
  places = new Uint32Array();
  readonly #ends = new Uint32Array(2 ** BUCKET_BITS);
  #memory = new Uint32Array();

  /** @param prints upper and lower halves in turn; good until the next are dealt */
  deal(prints: Uint32Array): void {
    const count = prints.length / 2;
    if (this.#memory.length < 3 * count) this.#memory = new Uint32Array(3 * count);
    this.prints = this.#memory.subarray(0, 2 * count);
    this.places = this.#memory.subarray(2 * count, 3 * count);
    const { prints: dealt, places } = this;
    const ends = this.#ends.fill(0);
    for (let print = 0; print < prints.length; print += 2) {
      const bucket = (prints[print] as number) >>> SHIFT;
      ends[bucket] = (ends[bucket] as number) + 1;
    }
    let sum = 0;
    for (let bucket = 0; bucket < ends.length; bucket++) {
      const own = ends[bucket] as number;
      ends[bucket] = sum;
      sum += own;
    }
    for (let print = 0; print < prints.length; print += 2) {
      const high = prints[print] as number;
      const at = ends[high >>> SHIFT] as number;
      ends[high >>> SHIFT] = at + 1;
      dealt[2 * at] = high;
      dealt[2 * at + 1] = prints[print + 1] as number;
      places[at] = print;
    }
  }
}
