import { BYTES_HEADER, encodeBytes, sealBytes } from "../store/stored-bytes.ts";
import { bytesOf, ENTRY_WORDS, SEGMENT_WORDS } from "./seen-entry.ts";
import { SeenFilter } from "./seen-filter.ts";
import { sortedEntries } from "./sort-entries.ts";

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

/** A tenth of a second for a million entries, all of different fingerprints. */
export function foldEntries(entries: Uint32Array): FoldedEntries {
  const sorted = sortedEntries(entries);
  const filter = SeenFilter.empty(entries.length / ENTRY_WORDS);
  filter.mark(sorted, ENTRY_WORDS);
  const parts = Array.from({ length: filter.parts }, (_, part) =>
    encodeBytes(bytesOf(filter.part(part))),
  );
  return { ...sealSegments(sorted), filter: filter.words, parts };
}

export function sealSegments(sorted: Uint32Array): SealedSegments {
  const firsts = new Uint32Array(Math.ceil(sorted.length / SEGMENT_WORDS));
  const segments = new Uint8Array(BYTES_HEADER * firsts.length + 4 * sorted.length);
  for (let segment = 0; segment < firsts.length; segment++) {
    const words = sorted.subarray(segment * SEGMENT_WORDS, (segment + 1) * SEGMENT_WORDS);
    firsts[segment] = words[0] as number;
    const from = segment * SEGMENT_BYTES;
    segments.set(bytesOf(words), from + BYTES_HEADER);
    sealBytes(segments, from, from + BYTES_HEADER + words.byteLength);
  }
  return { entries: sorted.length / ENTRY_WORDS, segments, firsts };
}
