import type { EventColumns } from "./event-columns.ts";

/**
 * Rows by device, then time, sequence and quantity. In this order they are small once compressed, and
 * of two events of one name it is always the same one that counts, however they came in. They come as
 * a few runs that are in order already (one for each thread that read them), which are merged.
 */
export function sortRows(columns: EventColumns, rows: Uint32Array): void {
  let ends = endsOfRuns(columns, rows);
  if (ends.length === 1) return;
  let [from, to]: [Uint32Array, Uint32Array] = [rows, new Uint32Array(rows.length)];
  while (ends.length > 1) {
    const next: number[] = [];
    for (let run = 0; run < ends.length; run += 2) {
      const begin = run === 0 ? 0 : (ends[run - 1] as number);
      const middle = ends[run] as number;
      const end = ends[run + 1] ?? middle;
      merge(columns, from, begin, middle, end, to);
      next.push(end);
    }
    ends = next;
    [from, to] = [to, from];
  }
  if (from !== rows) rows.set(from);
}

/** The first of those that name the same event; moved to the front of `sorted`. */
export function eachOnce(columns: EventColumns, sorted: Uint32Array): Uint32Array {
  const { device, time, sequence } = columns;
  let kept = 0;
  let before = -1;
  for (let i = 0; i < sorted.length; i++) {
    const row = sorted[i] as number;
    const isAgain =
      before >= 0 &&
      time[row] === time[before] &&
      sequence[row] === sequence[before] &&
      device[row] === device[before];
    if (isAgain) continue;
    before = row;
    sorted[kept++] = row;
  }
  return sorted.subarray(0, kept);
}

function endsOfRuns(columns: EventColumns, rows: Uint32Array): number[] {
  const ends: number[] = [];
  for (let i = 1; i < rows.length; i++) {
    if (compareRows(columns, rows[i - 1] as number, rows[i] as number) > 0) ends.push(i);
  }
  ends.push(rows.length);
  return ends;
}

function merge(
  columns: EventColumns,
  from: Uint32Array,
  begin: number,
  middle: number,
  end: number,
  to: Uint32Array,
): void {
  let left = begin;
  let right = middle;
  for (let at = begin; at < end; at++) {
    const isLeft =
      right >= end ||
      (left < middle && compareRows(columns, from[left] as number, from[right] as number) <= 0);
    to[at] = from[isLeft ? left++ : right++] as number;
  }
}

function compareRows(columns: EventColumns, a: number, b: number): number {
  const { device, time, sequence, quantity } = columns;
  return (
    (device[a] as number) - (device[b] as number) ||
    (time[a] as number) - (time[b] as number) ||
    (sequence[a] as number) - (sequence[b] as number) ||
    (quantity[a] as number) - (quantity[b] as number)
  );
}
