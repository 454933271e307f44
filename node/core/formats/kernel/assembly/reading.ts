/*
 * What reads rows of a file into columns, in AssemblyScript (a TypeScript dialect that compiles to WebAssembly;
 * `npm run kernel`), with SIMD, over memory that two threads see. Where neither is to be had, the plain readers do
 * the same in JavaScript.
 */
import { DATA, FIELDS, NAME_KEY, ROOM, TOLD } from "./room";

export { takeAsterisk } from "./asterisk";
export { beginNames, forgetNames, nameCount } from "./names";
export { takeNdjson } from "./ndjson";
export { forgetPrints, takePrints } from "./prints";

/** Where caller and kernel meet, and where the caller's own memory begins. */
export function room(): usize {
  return ROOM;
}

export function dataStart(): usize {
  return DATA;
}

/** Places that the caller names as well, so that it can see that they are the same. */
export function told(): usize {
  return TOLD;
}

export function lists(): usize {
  return FIELDS;
}

export function nameKey(): usize {
  return NAME_KEY;
}
