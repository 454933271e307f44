import { getRandomValues } from "node:crypto";
import { NAME_KEY_WORDS } from "../core/formats/keyed-hash.ts";

/** For the names of one file, or of one table of devices; nobody else is told it. */
export function newNameKey(): Uint32Array {
  return getRandomValues(new Uint32Array(NAME_KEY_WORDS));
}
