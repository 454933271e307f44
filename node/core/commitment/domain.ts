import { PackedBytes } from "../bytes.ts";
import { hash } from "../hash.ts";
import { PROTOCOL_VERSION, TAG } from "./tags.ts";

/** docs/PROTOCOL.md, section 2. */
export const BOOK_KIND = { charges: 1, credits: 2, invoices: 3, taxes: 4 } as const;
export type BookKind = (typeof BOOK_KIND)[keyof typeof BOOK_KIND];

export interface BookIdentity {
  chainId: bigint;
  /** Address of the contract that keeps the commitments, 20 bytes. */
  books: Uint8Array;
  /** Member id, 20 bytes. */
  operator: Uint8Array;
  /** Agreement id, 32 bytes. */
  agreement: Uint8Array;
  kind: BookKind;
  /** Counts from 1 within (operator, agreement, kind). */
  number: bigint;
}

/** The domain (20 bytes) that binds a leaf to its book; it is also the book's id on the ledger. */
export function bookDomain(book: BookIdentity): Uint8Array {
  return hash(
    new PackedBytes()
      .unsigned(TAG.domain, 1)
      .unsigned(PROTOCOL_VERSION, 1)
      .unsigned(book.chainId, 32)
      .raw(book.books, 20)
      .raw(book.operator, 20)
      .raw(book.agreement, 32)
      .unsigned(book.kind, 1)
      .unsigned(book.number, 8),
  ).slice(12);
}
