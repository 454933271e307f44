import { NAME_KEY_WORDS } from "../../../node/core/formats/keyed-hash.ts";

/** The same in every run, and another one for another seed. */
export const nameKeyOf = (seed: number): Uint32Array =>
  Uint32Array.from({ length: NAME_KEY_WORDS }, (_, at) =>
    Math.imul(2 * at + seed + 1, 0x9e37_79b1),
  );

export const NAME_KEY = nameKeyOf(0);
