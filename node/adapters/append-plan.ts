import type { ValuePlace } from "./value-place.ts";

/** What offset, length and memory of a direct write are multiples of: no less than any disk's sector. */
const ALIGNMENT = 4_096;
/** What is shorter is not worth a direct write of its own. */
export const DIRECT_BYTES_MIN = 262_144;
/** Values that begin at multiples of eight lie behind each other. */
const GAP_BYTES_MAX = 7;

/** One write: its parts follow each other from `offset` on. */
export interface AppendWrite {
  offset: number;
  parts: Uint8Array[];
  /** It is one part, and may be written past the system's memory (direct-file.ts). */
  isDirect: boolean;
}

export interface AppendPlan {
  /** In the order of the values. */
  places: ValuePlace[];
  /** In the order of their offsets. */
  writes: AppendWrite[];
  /** Where the file ends then. */
  end: number;
}

/**
 * Where values go that are appended to a file of `end` bytes, and by which writes. Where cold ones lie behind each other
 * in memory they do so in the file, from a multiple of `ALIGNMENT` on, and are written from where they lie.
 * @param coldCount so many of the values, the first ones, are read late or never
 * @param directBytesMin what lies together and is shorter is not written directly
 */
export function planAppend(
  values: readonly Uint8Array[],
  coldCount: number,
  file: number,
  end: number,
  directBytesMin = DIRECT_BYTES_MIN,
): AppendPlan {
  const places: ValuePlace[] = [];
  const writes: AppendWrite[] = [];
  let offset = end;
  const write = (part: Uint8Array, isDirect: boolean) => {
    const last = writes.at(-1);
    if (last === undefined || last.isDirect || isDirect) {
      writes.push({ offset, parts: [part], isDirect });
    } else last.parts.push(part);
    offset += part.length;
  };
  for (let at = 0; at < values.length; ) {
    const value = values[at] as Uint8Array;
    const count = at < coldCount ? stretchFrom(values, at, coldCount, directBytesMin) : 0;
    if (count === 0) {
      places.push({ file, offset, length: value.length });
      write(value, false);
      at++;
      continue;
    }
    offset = Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
    const { byteOffset } = value;
    for (const { byteOffset: from, length } of values.slice(at, at + count)) {
      places.push({ file, offset: offset + from - byteOffset, length });
    }
    at += count;
    const bytes = spanned(value, values[at - 1] as Uint8Array);
    const whole = bytes.length - (bytes.length % ALIGNMENT);
    write(bytes.subarray(0, whole), true);
    write(bytes.subarray(whole), false);
  }
  return { places, writes, end: offset };
}

/** How many values from `from` on can be written together from where they lie; 0 where it is not worth it. */
function stretchFrom(
  values: readonly Uint8Array[],
  from: number,
  to: number,
  bytesMin: number,
): number {
  const first = values[from] as Uint8Array;
  // Other memory begins anywhere, and nobody tells where.
  const isShared = first.buffer instanceof SharedArrayBuffer;
  if (!isShared || first.byteOffset % ALIGNMENT !== 0) return 0;
  let at = from + 1;
  for (let before = first; at < to; at++) {
    const next = values[at] as Uint8Array;
    const gap = next.byteOffset - (before.byteOffset + before.length);
    if (next.buffer !== first.buffer || gap < 0 || gap > GAP_BYTES_MAX) break;
    before = next;
  }
  return spanned(first, values[at - 1] as Uint8Array).length < bytesMin ? 0 : at - from;
}

/** The memory from the first value's beginning to the last one's end. */
const spanned = (first: Uint8Array, last: Uint8Array): Uint8Array =>
  new Uint8Array(first.buffer, first.byteOffset, last.byteOffset + last.length - first.byteOffset);
