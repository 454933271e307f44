import { LOWER_PATH_BYTES } from "../../core/commitment/kernel/chunk-proofs.ts";

/*
 * Many subscribers' lines in memory, so that each block of charges and each chunk of leaves is read once
 * for all of them: neighbours in a block are seldom neighbours among subscribers. Laid out in shared
 * memory, which several threads fill and read. Nothing of it opens a line without the subscriber's key.
 *
 * Lines stand in the order of their places. Of each there are words of 32 bits, the path's lower part,
 * and in a heap what has no fixed width: bytes of the source's file (16), id, device, root of events,
 * text of the other side as JSON, end of the line as bundles show it.
 */

/** Columns of 64 bits, as halves, the lower first. */
export const LONG = [
  "amountNano",
  "runningTotalNano",
  "start",
  "quantity",
  "secondQuantity",
  "decidingDigits",
  "restDigits",
  "originDigits",
  "offset",
] as const;

const SHORT = [
  "chargeNumber",
  "length",
  "tariffVersion",
  "visitedNetwork",
  "sessionMinutes",
  "kind",
  "service",
  "flags",
  "partyType",
  "class",
  "role",
  /** A code of `LINE`. */
  "state",
  /** Where its bytes lie: which heap, where there, and how many of each kind. */
  "heap",
  "heapAt",
  "idBytes",
  "deviceBytes",
  "rootBytes",
  "textBytes",
  "endBytes",
] as const;

export const LINE = { absent: 0, row: 1, text: 2 } as const;
const WORDS = 2 * LONG.length + SHORT.length;
export const FILE_BYTES = 16;

/** Word of each field within a line. */
export const FIELD = Object.fromEntries([
  ...LONG.map((name, at) => [name, 2 * at]),
  ...SHORT.map((name, at) => [name, 2 * LONG.length + at]),
]) as Record<(typeof LONG)[number] | (typeof SHORT)[number], number>;

/** Rows of one stored value at most, and some more: a place is one number. */
const ROWS_MAX = 1_024;

/** Where a charge stands, as one number that sorts: the first position of its stored value and its row. */
export const placeOf = (first: number, row: number): number => ROWS_MAX * first + row;
export const firstOf = (place: number): number => Math.floor(place / ROWS_MAX);
export const rowOf = (place: number): number => place % ROWS_MAX;

/** What threads hand to each other of a window. */
export interface LineMemory {
  places: Float64Array;
  words: Uint32Array;
  paths: Uint8Array;
  heaps: (Uint8Array | undefined)[];
}

/** @param places ascending @param used memory that nobody reads any more, if there is any */
export function lineMemory(places: Float64Array, used?: LineMemory): LineMemory {
  const count = places.length;
  const memory = {
    places: new Float64Array(shared(8 * count, used?.places), 0, count),
    words: new Uint32Array(shared(4 * WORDS * count, used?.words), 0, WORDS * count),
    paths: new Uint8Array(
      shared(LOWER_PATH_BYTES * count, used?.paths),
      0,
      LOWER_PATH_BYTES * count,
    ),
    heaps: [],
  };
  memory.places.set(places);
  memory.words.fill(0);
  return memory;
}

const shared = (bytes: number, used?: { buffer: ArrayBufferLike }): ArrayBufferLike =>
  used !== undefined && used.buffer.byteLength >= bytes
    ? used.buffer
    : new SharedArrayBuffer(bytes);

/** The lines of a window by their place. */
export class LineWindow {
  readonly memory: LineMemory;

  constructor(memory: LineMemory) {
    this.memory = memory;
  }

  /** The index of a line; undefined where the window has none at this place. */
  find(place: number): number | undefined {
    const { places } = this.memory;
    let low = 0;
    let high = places.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = places[middle] as number;
      if (found === place)
        return this.field(middle, FIELD.state) === LINE.absent ? undefined : middle;
      if (found < place) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** A word of a line. @param field of `FIELD` */
  field(line: number, field: number): number {
    return this.memory.words[WORDS * line + field] as number;
  }

  /** A field of 64 bits that is a safe integer. */
  whole(line: number, field: number): number {
    return this.field(line, field) + 2 ** 32 * this.field(line, field + 1);
  }

  put(line: number, field: number, value: number): void {
    this.memory.words[WORDS * line + field] = value;
  }

  /** Siblings of the lower levels, one after the other. */
  pathAt(line: number): number {
    return LOWER_PATH_BYTES * line;
  }

  heapOf(line: number): Uint8Array {
    return this.memory.heaps[this.field(line, FIELD.heap)] as Uint8Array;
  }
}
