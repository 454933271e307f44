/** Of a table of names, for the kernel's hash; this one takes the first two of them (assembly/names.ts). */
export const NAME_KEY_WORDS = 34;

/** Behind a hash's last word: rounds that nothing is mixed into. */
const LAST_ROUNDS = 3;

/**
 * HalfSipHash-1-3 of bytes, 32 bits: who does not know the key can not make names that share a slot of a table.
 * @param key its first two words
 */
export function keyedHash(key: Uint32Array, bytes: Uint8Array, from: number, to: number): number {
  let v0 = key[0] as number;
  let v1 = key[1] as number;
  let v2 = v0 ^ 0x6c79_6765;
  let v3 = v1 ^ 0x7465_6462;
  const words = (to - from) >>> 2;
  for (let step = 0; step <= words + LAST_ROUNDS; step++) {
    const at = from + 4 * step;
    let word = 0;
    if (step < words) {
      word =
        (bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24);
    } else if (step === words) {
      word = (to - from) << 24;
      for (let last = at; last < to; last++) word |= (bytes[last] as number) << (8 * (last - at));
    } else if (step === words + 1) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return (v1 ^ v3) >>> 0;
}
