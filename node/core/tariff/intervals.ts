import { type DigitRange, rangeOfPrefix } from "./digits.ts";

/** A prefix and where its numbers belong. */
export interface PrefixEntry {
  prefix: string;
  zone: number;
}

export interface ZoneInterval extends DigitRange {
  zone: number;
}

/**
 * Longest prefix as disjoint intervals in ascending order: a shorter prefix keeps what its longer
 * ones leave. Neighbours of one zone are joined. Prefixes must be distinct. Numbers that begin with
 * no prefix lie in no interval.
 */
export function intervalsOfPrefixes(entries: PrefixEntry[]): ZoneInterval[] {
  const ranges = entries
    .map(({ prefix, zone }) => ({ ...rangeOfPrefix(prefix), zone }))
    .sort((a, b) => compare(a.low, b.low) || compare(b.high, a.high));
  const intervals: ZoneInterval[] = [];
  const open: ZoneInterval[] = [];
  let next = 0n;
  const emitUpTo = (high: bigint, zone: number): void => {
    if (next > high) return;
    const last = intervals.at(-1);
    if (last !== undefined && last.zone === zone && last.high + 1n === next) last.high = high;
    else intervals.push({ low: next, high, zone });
    next = high + 1n;
  };
  for (const range of ranges) {
    for (let top = open.at(-1); top !== undefined && top.high < range.low; top = open.at(-1)) {
      emitUpTo(top.high, top.zone);
      open.pop();
    }
    const parent = open.at(-1);
    if (parent !== undefined) emitUpTo(range.low - 1n, parent.zone);
    next = range.low;
    open.push(range);
  }
  for (let top = open.pop(); top !== undefined; top = open.pop()) emitUpTo(top.high, top.zone);
  return intervals;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
