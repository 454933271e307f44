/**
 * Index of the last of `count` ascending items for which `isAtOrBefore` holds, or -1. The predicate
 * holds for a leading run of the items and for none after it.
 */
export function findLastIndex(count: number, isAtOrBefore: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAtOrBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
