import { BYTES_HEADER, encodeBytes, sealBytes } from "../store/stored-bytes.ts";
import { bytesOf, ENTRY_WORDS, SEGMENT_WORDS } from "./seen-entry.ts";
import { SeenFilter } from "./seen-filter.ts";
import { SortMemory, sortedEntries } from "./sort-entries.ts";

/** Marked in a filter at once: so short a loop is compiled after the first few. */
const MARKED_WORDS = 8 * SEGMENT_WORDS;
/** Bytes of a segment's value; that of the last one may be shorter. */
export const SEGMENT_BYTES = BYTES_HEADER + 4 * SEGMENT_WORDS;

/** Entries in the order of their fingerprints, as a run stores them, in memory of their own. */
export interface SealedSegments {
  entries: number;
  /** Values of the segments as they are stored, one behind the other. */
  segments: Uint8Array;
  /** Upper half of the first fingerprint of each segment. */
  firsts: Uint32Array;
}

/** Entries that became a run, in memory of their own, so that another thread can hand them over. */
export interface FoldedEntries extends SealedSegments {
  filter: Uint32Array;
  /** Values of the filter's parts as they are stored. */
  parts: Uint8Array[];
}

/**
 * Some 70 ms for a million entries, all of different fingerprints.
 * @param memory segments of an earlier answer that nobody needs any more: they may become those of this one
 * @param sorting memory to sort in
 */
export function foldEntries(
  entries: Uint32Array,
  memory?: Uint8Array,
  sorting = new SortMemory(),
): FoldedEntries {
  const sorted = sortedEntries(entries, sorting);
  const filter = SeenFilter.empty(entries.length / ENTRY_WORDS);
  for (let from = 0; from < sorted.length; from += MARKED_WORDS) {
    filter.mark(sorted.subarray(from, from + MARKED_WORDS), ENTRY_WORDS);
  }
  const parts = Array.from({ length: filter.parts }, (_, part) =>
    encodeBytes(bytesOf(filter.part(part))),
  );
  return { ...sealSegments(sorted, memory), filter: filter.words, parts };
}

/** @param memory may hold them */
export function sealSegments(sorted: Uint32Array, memory?: Uint8Array): SealedSegments {
  const firsts = new Uint32Array(Math.ceil(sorted.length / SEGMENT_WORDS));
  const segments = roomFor(BYTES_HEADER * firsts.length + 4 * sorted.length, memory);
  for (let segment = 0; segment < firsts.length; segment++) {
    const words = sorted.subarray(segment * SEGMENT_WORDS, (segment + 1) * SEGMENT_WORDS);
    firsts[segment] = words[0] as number;
    const from = segment * SEGMENT_BYTES;
    segments.set(bytesOf(words), from + BYTES_HEADER);
    sealBytes(segments, from, from + BYTES_HEADER + words.byteLength);
  }
  return { entries: sorted.length / ENTRY_WORDS, segments, firsts };
}

/** The beginning of the memory's buffer, if that is large enough. */
function roomFor(bytes: number, memory: Uint8Array | undefined): Uint8Array {
  if (memory === undefined || memory.buffer.byteLength < bytes) return new Uint8Array(bytes);
  return new Uint8Array(memory.buffer, 0, bytes);
}
