import { fromHex } from "../../core/bytes.ts";
import { HashArena, type HashTile } from "../../core/commitment/kernel/hash-arena.ts";
import { BLOCK_BYTES } from "../../core/commitment/kernel/kernel.ts";
import { PROTOCOL_VERSION, TAG } from "../../core/commitment/tags.ts";
import type { InvoiceDigests } from "./invoice-leaf-block.ts";

/** Invoices that are hashed at once: tiles of this size stay in the processor's cache. */
export const INVOICE_TILE = 256;
/** Five tiles of messages (136 bytes) and what they hash to (32, of salts 96). */
const ARENA_BYTES = INVOICE_TILE * (5 * BLOCK_BYTES + 4 * 32 + 96) + 1_024;

/** What an invoice's leaf binds beside its document. */
export interface InvoiceNumbers {
  lastChargeNumber: bigint;
  lastCreditNumber: bigint;
  chargesNano: bigint;
  creditsNano: bigint;
  taxNano: bigint;
}

/**
 * Salts and leaves of invoices by tiles: what `invoiceSalts`, `leafPartsOfStoredInvoice` and
 * `invoiceLeaf` compute one by one. The offsets are those of docs/PROTOCOL.md, sections 3 and 7; a
 * property test holds both equal.
 */
export class InvoiceHasher {
  readonly #salts: HashTile;
  readonly #bodies: HashTile;
  readonly #documents: HashTile;
  readonly #orderKeys: HashTile;
  readonly #leaves: HashTile;

  /** @param domain the invoice book's @param run number of the billing run */
  constructor(domain: Uint8Array, run: bigint) {
    const arena = new HashArena(ARENA_BYTES);
    const tile = (tag: number, length: number) => {
      const made = arena.tile(INVOICE_TILE, "keccak");
      made.setLength(length);
      made.placeEverywhere(0, Uint8Array.of(tag, PROTOCOL_VERSION));
      return made;
    };
    this.#bodies = tile(TAG.invoiceBody, 114);
    this.#documents = tile(TAG.invoiceDocument, 98);
    this.#orderKeys = tile(TAG.orderKey, 42);
    this.#leaves = tile(TAG.invoiceLeaf, 134);
    const recordId = new TextEncoder().encode(`invoice:${run}`);
    this.#salts = arena.tile(INVOICE_TILE, "shake");
    this.#salts.setLength(37 + recordId.length);
    this.#salts.placeEverywhere(0, Uint8Array.of(TAG.recordSalts));
    this.#salts.placeEverywhere(37, recordId);
    const runBytes = new Uint8Array(8);
    new DataView(runBytes.buffer).setBigUint64(0, run);
    this.#orderKeys.placeEverywhere(34, runBytes);
    this.#leaves.placeEverywhere(2, domain);
  }

  /** Draws the salts of as many invoices as there are subscribers: at most a tile. */
  open(subscribers: readonly { epochKey: string; pseudonym: string }[]): void {
    for (const [at, { epochKey, pseudonym }] of subscribers.entries()) {
      const from = at * BLOCK_BYTES;
      const bytes = fromHex(pseudonym, 32);
      this.#salts.blocks.set(fromHex(epochKey, 32), from + 1);
      this.#bodies.blocks.set(bytes, from + 34);
      this.#orderKeys.blocks.set(bytes, from + 2);
    }
    this.#salts.hash(subscribers.length);
  }

  /** Salt of the body, pseudonym, and salt of the document; views that the next tile writes over. */
  opened(at: number): [Uint8Array, Uint8Array, Uint8Array] {
    const salts = this.#salts.output.subarray(96 * at, 96 * (at + 1));
    const pseudonym = at * BLOCK_BYTES + 34;
    return [
      salts.subarray(0, 32),
      this.#bodies.blocks.subarray(pseudonym, pseudonym + 32),
      salts.subarray(32, 64),
    ];
  }

  place(at: number, numbers: InvoiceNumbers, documentHash: Uint8Array): void {
    const [bodySalt, , documentSalt] = this.opened(at);
    const from = at * BLOCK_BYTES;
    this.#bodies.blocks.set(bodySalt, from + 2);
    this.#documents.blocks.set(documentSalt, from + 2);
    this.#documents.blocks.set(documentHash, from + 34);
    const body = viewOf(this.#bodies);
    body.setBigUint64(from + 66, numbers.lastChargeNumber);
    body.setBigUint64(from + 74, numbers.lastCreditNumber);
    setUint128(body, from + 82, numbers.creditsNano);
    setUint128(body, from + 98, numbers.taxNano);
    setUint128(viewOf(this.#leaves), from + 118, numbers.chargesNano);
  }

  /** Hashes the first `count` invoices. */
  close(count: number): void {
    this.#bodies.hash(count);
    this.#documents.hash(count);
    this.#orderKeys.hash(count);
    this.#leaves.placeBytes(22, 32, this.#orderKeys.output, count);
    this.#leaves.placeBytes(54, 32, this.#bodies.output, count);
    this.#leaves.placeBytes(86, 32, this.#documents.output, count);
    this.#leaves.hash(count);
  }

  /** Views, as `opened`. */
  digests(at: number): InvoiceDigests {
    const digest = (tile: HashTile) => tile.output.subarray(32 * at, 32 * (at + 1));
    return {
      orderKey: digest(this.#orderKeys),
      body: digest(this.#bodies),
      document: digest(this.#documents),
      leaf: digest(this.#leaves),
    };
  }
}

const viewOf = ({ blocks }: HashTile): DataView =>
  new DataView(blocks.buffer, blocks.byteOffset, blocks.length);

function setUint128(view: DataView, at: number, value: bigint): void {
  view.setBigUint64(at, value >> 64n);
  view.setBigUint64(at + 8, BigInt.asUintN(64, value));
}
