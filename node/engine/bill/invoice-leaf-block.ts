import { toHex } from "../../core/bytes.ts";
import { LeafTile } from "../number/leaf-tile.ts";
import { encodeBytes } from "../store/stored-bytes.ts";
import type { StoredInvoiceLeaf } from "../store/stored-types.ts";

/*
 * Leaves of invoices, packed: order key, digests of body and document, leaf (32 bytes each), charges in
 * nano-units (two words of 64 bits, little-endian, the lower first), length of the account's id (4),
 * the id in UTF-8, zeros up to a multiple of eight.
 *
 * While a run is on its way they wait in this form; as rows of the invoice book they stand in blocks:
 *
 *   count (4) · bytes of the epoch's name (4) · zero (4) · one (4), which tells it from a block of charges
 *   the epoch's name, zeros up to a multiple of eight · packed leaves in the order of their keys
 */

export const LEAF_BLOCK_MARK = 1;
const BLOCK_LEAVES_MAX = 512;
const HEADER_BYTES = 16;
const DIGEST_BYTES = 32;
const CHARGES_AT = 4 * DIGEST_BYTES;
const ID_LENGTH_AT = CHARGES_AT + 16;
const ID_AT = ID_LENGTH_AT + 4;

const utf8 = new TextEncoder();
const decoder = new TextDecoder();
const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/** Leaves of one invoice each, at any places of any memory. */
export interface PackedLeaf {
  memory: Uint8Array;
  at: number;
}

export interface InvoiceDigests {
  orderKey: Uint8Array;
  body: Uint8Array;
  document: Uint8Array;
  leaf: Uint8Array;
}

/** @returns the packed leaf, alone in its memory */
export function packLeaf(
  account: string,
  { orderKey, body, document, leaf }: InvoiceDigests,
  chargesNano: bigint,
): Uint8Array {
  const id = utf8.encode(account);
  const packed = new Uint8Array(padded(ID_AT + id.length));
  for (const [at, digest] of [orderKey, body, document, leaf].entries()) {
    packed.set(digest, at * DIGEST_BYTES);
  }
  const view = new DataView(packed.buffer);
  view.setBigUint64(CHARGES_AT, BigInt.asUintN(64, chargesNano), true);
  view.setBigUint64(CHARGES_AT + 8, chargesNano >> 64n, true);
  view.setUint32(ID_LENGTH_AT, id.length, true);
  packed.set(id, ID_AT);
  return packed;
}

export function* packedLeaves(memory: Uint8Array, from = 0): Generator<PackedLeaf> {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
  for (let at = from; at < memory.length; ) {
    yield { memory, at };
    at += padded(ID_AT + view.getUint32(at + ID_LENGTH_AT, true));
  }
}

/** By the bytes of their order keys. */
export function compareLeaves(a: PackedLeaf, b: PackedLeaf): number {
  for (let i = 0; i < DIGEST_BYTES; i++) {
    const difference = (a.memory[a.at + i] as number) - (b.memory[b.at + i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

const digestOf = ({ memory, at }: PackedLeaf, which: number): Uint8Array =>
  memory.subarray(at + DIGEST_BYTES * which, at + DIGEST_BYTES * (which + 1));

const viewOf = ({ memory, at }: PackedLeaf): DataView =>
  new DataView(memory.buffer, memory.byteOffset + at, ID_AT);

const bytesOf = (leaf: PackedLeaf): Uint8Array => {
  const length = padded(ID_AT + viewOf(leaf).getUint32(ID_LENGTH_AT, true));
  return leaf.memory.subarray(leaf.at, leaf.at + length);
};

/** What stands in the book under one position: a block, and the digests that a batch is sealed from. */
export function* encodeLeafBlocks(
  epoch: string,
  leaves: readonly PackedLeaf[],
): Generator<{ rows: Uint8Array; tile: Uint8Array; count: number }> {
  const name = utf8.encode(epoch);
  for (let from = 0; from < leaves.length; from += BLOCK_LEAVES_MAX) {
    const own = leaves.slice(from, from + BLOCK_LEAVES_MAX);
    const head = new Uint8Array(HEADER_BYTES + padded(name.length));
    new Uint32Array(head.buffer, 0, 4).set([own.length, name.length, 0, LEAF_BLOCK_MARK]);
    head.set(name, HEADER_BYTES);
    const tile = LeafTile.of(own.length);
    for (const [row, leaf] of own.entries()) {
      const view = viewOf(leaf);
      tile.digests.set(digestOf(leaf, 3), DIGEST_BYTES * row);
      tile.amounts[2 * row] = view.getBigUint64(CHARGES_AT, true);
      tile.amounts[2 * row + 1] = view.getBigUint64(CHARGES_AT + 8, true);
    }
    const rows = encodeBytes(head, ...own.map(bytesOf));
    yield { rows, tile: tile.encode(), count: own.length };
  }
}

/** Leaves of one run that stand in the invoice book one after the other. */
export class InvoiceLeafBlock {
  readonly count: number;
  readonly #epoch: string;
  readonly #leaves: PackedLeaf[];

  private constructor(epoch: string, leaves: PackedLeaf[]) {
    this.count = leaves.length;
    this.#epoch = epoch;
    this.#leaves = leaves;
  }

  /** @param payload aligned to four bytes */
  static isOne({ buffer, byteOffset }: Uint8Array): boolean {
    return new Uint32Array(buffer, byteOffset + 12, 1)[0] === LEAF_BLOCK_MARK;
  }

  /** @param payload aligned to four bytes */
  static decode(payload: Uint8Array): InvoiceLeafBlock {
    const { buffer, byteOffset } = payload;
    const nameBytes = new Uint32Array(buffer, byteOffset + 4, 1)[0] as number;
    const end = HEADER_BYTES + nameBytes;
    const epoch = decoder.decode(payload.subarray(HEADER_BYTES, end));
    return new InvoiceLeafBlock(epoch, [...packedLeaves(payload, padded(end))]);
  }

  /** A view of 32 bytes. */
  orderKey(row: number): Uint8Array {
    return digestOf(this.#leaves[row] as PackedLeaf, 0);
  }

  entry(row: number): StoredInvoiceLeaf {
    const leaf = this.#leaves[row] as PackedLeaf;
    const view = viewOf(leaf);
    const id = leaf.at + ID_AT;
    const low = view.getBigUint64(CHARGES_AT, true);
    return {
      account: decoder.decode(leaf.memory.subarray(id, id + view.getUint32(ID_LENGTH_AT, true))),
      epoch: this.#epoch,
      orderKey: toHex(digestOf(leaf, 0)),
      body: toHex(digestOf(leaf, 1)),
      document: toHex(digestOf(leaf, 2)),
      chargesNano: (low | (view.getBigUint64(CHARGES_AT + 8, true) << 64n)).toString(),
    };
  }
}
