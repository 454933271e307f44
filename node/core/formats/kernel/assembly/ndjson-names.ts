/*
 * Names of an object's fields: expected behind the name that they came behind last, looked for where another one stands.
 */
import { indexOf, isNamed, skipSpace, textAt, textFrom, textTo } from "./json";

const QUOTE: u32 = 0x22;
const COLON: u32 = 0x3a;

/** The name at `at`, as programs write it in front of a value. @returns behind its colon, or 0 */
// @ts-ignore: decorator
@inline
export function keyAt(list: usize, index: usize, at: usize): usize {
  const length = <usize>load<u32>(list + (index << 5), 16);
  const isKey =
    load<u8>(at) == QUOTE &&
    isNamed(list, index, at + 1, length) &&
    load<u16>(at + length, 1) == 0x3a22;
  return isKey ? at + length + 3 : 0;
}

/** The number of the name that `otherKeyAt` found. */
export let found: i32 = 0;

/** A name that is not the one that was expected. @returns behind its colon, or 0 */
export function otherKeyAt(list: usize, count: usize, from: usize, limit: usize): usize {
  const end = textAt(from);
  if (end == 0) return 0;
  found = indexOf(list, count, textFrom, textTo);
  if (found < 0) return 0;
  const at = skipSpace(end, limit);
  return load<u8>(at) == COLON ? at + 1 : 0;
}
