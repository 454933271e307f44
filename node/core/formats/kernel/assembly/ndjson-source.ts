/*
 * Where a record comes from, an object in it: a place in a file, that file's digest, and what wrote it.
 */
import { anyTextAt, digestAt, integerAt, number, skipSpace } from "./json";
import { found, keyAt, otherKeyAt } from "./ndjson-names";
import { SOURCE_FIELDS } from "./room";

const COMMA: u32 = 0x2c;
const OPEN: u32 = 0x7b;
const CLOSE: u32 = 0x7d;
const LENGTH_MAX: u64 = 0xffff_ffff;
const SOURCE_COUNT: usize = 6;
/** The first four. */
const SOURCE_REQUIRED: u32 = 0b1111;

/** By the number of the name before plus 1, the number plus 1 of the name that came last; 0 for none. */
const SOURCE_AFTER = memory.data(8, 16);

/** Of the record that is read; 0 where it says none. */
export let sourceOffset: u64 = 0;
export let sourceLength: u64 = 0;

export function forgetSource(): void {
  sourceOffset = sourceLength = 0;
}

function sourceFieldAt(field: u32, at: usize, limit: usize): usize {
  switch (field) {
    case 0:
    case 1:
      return anyTextAt(at, limit);
    case 2: {
      const end = integerAt(at);
      return number > 0 ? end : 0;
    }
    case 3:
      return digestAt(at);
    case 4: {
      const end = integerAt(at);
      sourceOffset = number;
      return end;
    }
    default: {
      const end = integerAt(at);
      sourceLength = number;
      return number <= LENGTH_MAX ? end : 0;
    }
  }
}

/** @returns where the object ends, or 0 */
export function sourceAt(from: usize, limit: usize): usize {
  if (load<u8>(from) != OPEN) return 0;
  let seen: u32 = 0;
  let before: usize = 0;
  for (let at = from + 1; at < limit; at++) {
    at = skipSpace(at, limit);
    const expected = <usize>load<u8>(SOURCE_AFTER + before);
    let field = expected - 1;
    let value: usize = expected == 0 ? 0 : keyAt(SOURCE_FIELDS, field, at);
    if (value == 0) {
      value = otherKeyAt(SOURCE_FIELDS, SOURCE_COUNT, at, limit);
      if (value == 0) return 0;
      field = <usize>found;
      store<u8>(SOURCE_AFTER + before, <u8>(field + 1));
    }
    if (seen & (1 << (<u32>field))) return 0;
    seen |= 1 << (<u32>field);
    before = field + 1;
    at = sourceFieldAt(<u32>field, skipSpace(value, limit), limit);
    if (at == 0) return 0;
    at = skipSpace(at, limit);
    const byte = <u32>load<u8>(at);
    if (byte == COMMA) continue;
    return byte == CLOSE && (seen & SOURCE_REQUIRED) == SOURCE_REQUIRED ? at + 1 : 0;
  }
  return 0;
}
