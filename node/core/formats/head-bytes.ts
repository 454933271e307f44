/** How much of a file decides about its format. By itself, since whoever only reads a head needs no format. */
export const HEAD_BYTES = 65_536;
