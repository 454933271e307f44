import { hashDocument } from "../../node/core/hash.ts";

/** Bytes that differ by name: salts and pseudonyms of books that nobody has to keep secret. */
export const bytesOf = (name: string, length = 32): Uint8Array =>
  hashDocument(new TextEncoder().encode(name)).slice(0, length);
