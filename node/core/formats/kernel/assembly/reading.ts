/*
 * What reads rows of a file into columns, in AssemblyScript (a TypeScript dialect that compiles to WebAssembly;
 * `npm run kernel`), with SIMD, over memory that two threads see. Where neither is to be had, the plain readers do
 * the same in JavaScript.
 */
import { DATA, ROOM } from "./room";

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
