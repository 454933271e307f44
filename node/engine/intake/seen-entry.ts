/** Words of an entry: two halves of a fingerprint, two of a position. */
export const ENTRY_WORDS = 4;
/** Entries that one read brings: 8 kB. */
export const SEGMENT_ENTRIES = 512;
export const SEGMENT_WORDS = SEGMENT_ENTRIES * ENTRY_WORDS;
const HALF = 2 ** 32;

/** The stored upper half is one more than the position's: no stored entry ends in zero. */
export const upperOf = (position: number): number =>
  position < HALF ? 1 : Math.floor(position / HALF) + 1;

export const positionOf = (words: Uint32Array, word: number): number =>
  (words[word + 2] as number) + ((words[word + 3] as number) - 1) * HALF;

export function putPosition(words: Uint32Array, word: number, position: number): void {
  words[word + 2] = position;
  words[word + 3] = upperOf(position);
}

export const bytesOf = ({ buffer, byteOffset, byteLength }: Uint32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
