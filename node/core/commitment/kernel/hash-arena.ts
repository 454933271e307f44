import { assert } from "../../errors.ts";
import {
  BLOCK_BYTES,
  DIGEST_BYTES,
  KERNEL_DATA_START,
  type Kernel,
  type KernelKind,
  SALTS_BYTES,
} from "./kernel.ts";
import { bestKernelKind, openKernel } from "./open-kernel.ts";

/** The byte that ends a message before the zeros (FIPS 202, B.2; keccak-256 has the older 01). */
const PADDING = { keccak: 0x01, shake: 0x1f } as const;

/** What one tile's blocks become: a digest of 32 bytes, or 96 bytes of salts. */
export type TileHash = keyof typeof PADDING;

/**
 * Memory in which many messages are put together column by column and hashed at once. Everything is
 * reserved once and used again for every tile, so nothing grows and no view is ever detached: tiles
 * of some 256 messages stay in the processor's cache.
 *
 * ```
 * const arena = new HashArena(1 << 20);
 * const leaves = arena.tile(256, "keccak");
 * const amounts = arena.numbers(256);
 * leaves.setLength(134);                     // once: every message has this length
 * leaves.placeNumbers(126, 8, amounts, 256); // fields, each a column
 * leaves.hash(256);                          // leaves.output: 256 digests of 32 bytes
 * ```
 */
export class HashArena {
  readonly kind: KernelKind;
  readonly #kernel: Kernel;
  readonly #end: number;
  #free = KERNEL_DATA_START;

  /** @param bytes all that will be reserved @param kind for tests; the fastest unless given */
  constructor(bytes: number, kind: KernelKind = bestKernelKind()) {
    this.#kernel = openKernel(bytes, kind);
    this.kind = this.#kernel.kind;
    this.#end = KERNEL_DATA_START + bytes;
  }

  /** A column of bytes: values of one width, one after the other. */
  bytes(length: number): Uint8Array {
    const at = this.#free;
    // Words are aligned, so that a column can be seen as 32 or 64 bit numbers too.
    this.#free += Math.ceil(length / 16) * 16;
    assert(this.#free <= this.#end, `the arena holds ${this.#end - KERNEL_DATA_START} bytes`);
    return new Uint8Array(this.#kernel.memory, at, length);
  }

  /** Columns of unsigned numbers of 16 and of 32 bits. */
  shorts(count: number): Uint16Array {
    const { buffer, byteOffset } = this.bytes(2 * count);
    return new Uint16Array(buffer, byteOffset, count);
  }

  words(count: number): Uint32Array {
    const { buffer, byteOffset } = this.bytes(4 * count);
    return new Uint32Array(buffer, byteOffset, count);
  }

  /** A column of unsigned numbers of 64 bits. As a Uint32Array: the lower half first. */
  numbers(count: number): BigUint64Array {
    const { buffer, byteOffset } = this.bytes(8 * count);
    return new BigUint64Array(buffer, byteOffset, count);
  }

  /**
   * Replaces `count` digests by the tree above them, level by level, until its root lies at the
   * column's beginning; missing siblings are `fills` (docs/PROTOCOL.md, section 5).
   * @param digests of this arena, with room for one more digest than `count`
   */
  reduceToRoot(digests: Uint8Array, count: number, fills: readonly Uint8Array[]): void {
    assert(digests.buffer === this.#kernel.memory, "the digests lie in this arena");
    assert(digests.length >= (count + 1) * DIGEST_BYTES, "the digests have room for a fill");
    let width = count;
    for (let level = 0; width > 1; level++, width = Math.ceil(width / 2)) {
      if (width % 2 === 1) digests.set(fills[level] as Uint8Array, width * DIGEST_BYTES);
      const { byteOffset } = digests;
      this.#kernel.hashNodes(byteOffset, Math.ceil(width / 2), byteOffset);
    }
  }

  /** Room for one message at a time, of at most `length` bytes. */
  longMessage(length: number): LongMessage {
    const blocks = this.bytes((Math.floor(length / BLOCK_BYTES) + 1) * BLOCK_BYTES);
    return new LongMessage(this.#kernel, blocks, this.bytes(DIGEST_BYTES));
  }

  /** Room for `capacity` messages of at most 135 bytes, and for what they hash to. */
  tile(capacity: number, hash: TileHash): HashTile {
    const blocks = this.bytes(capacity * BLOCK_BYTES);
    const output = this.bytes(capacity * (hash === "keccak" ? DIGEST_BYTES : SALTS_BYTES));
    return new HashTile(this.#kernel, blocks, output, hash);
  }
}

export class HashTile {
  readonly capacity: number;
  /** Message i begins at 136 i. */
  readonly blocks: Uint8Array;
  /** Digest i begins at 32 i, salts at 96 i; itself a column that can be placed into another tile. */
  readonly output: Uint8Array;
  readonly #kernel: Kernel;
  readonly #hash: TileHash;

  constructor(kernel: Kernel, blocks: Uint8Array, output: Uint8Array, hash: TileHash) {
    this.capacity = blocks.length / BLOCK_BYTES;
    this.blocks = blocks;
    this.output = output;
    this.#kernel = kernel;
    this.#hash = hash;
  }

  /** Ends every message after `length` bytes (at most 135): once, for messages of one length. */
  setLength(length: number): void {
    for (let i = 0; i < this.capacity; i++) this.setLengthOf(i, length);
  }

  /** Ends message `i`, whatever stood in its block before. */
  setLengthOf(i: number, length: number): void {
    assert(i < this.capacity && length < BLOCK_BYTES, `message ${i} of ${length} bytes fits`);
    const at = i * BLOCK_BYTES;
    this.blocks.fill(0, at + length, at + BLOCK_BYTES);
    this.blocks[at + length] = PADDING[this.#hash];
    this.blocks[at + BLOCK_BYTES - 1] = (this.blocks[at + BLOCK_BYTES - 1] as number) | 0x80;
  }

  /** The same bytes into every message: tags, versions, a domain. */
  placeEverywhere(offset: number, value: Uint8Array): void {
    this.#check(offset, value.length, this.capacity);
    for (let i = 0; i < this.capacity; i++) this.blocks.set(value, i * BLOCK_BYTES + offset);
  }

  /**
   * `width` bytes of each message at `offset`, from a column of this arena.
   * @param stride from one value's beginning to the next one's
   */
  placeBytes(
    offset: number,
    width: number,
    column: Uint8Array,
    count: number,
    stride = width,
  ): void {
    this.#check(offset, width, count);
    this.#checkColumn(column, count === 0 ? 0 : stride * (count - 1) + width);
    const to = this.blocks.byteOffset + offset;
    this.#kernel.placeBytes(column.byteOffset, stride, width, count, to);
  }

  /**
   * The same from the rows of a table of this arena, as `picks` name them by their numbers.
   * @param stride from one row's beginning to the next one's
   */
  placePicked(
    offset: number,
    width: number,
    { table, stride, picks }: { table: Uint8Array; stride: number; picks: Uint16Array },
    count: number,
  ): void {
    this.#check(offset, width, count);
    let last = -1;
    for (let i = 0; i < count; i++) last = Math.max(last, picks[i] as number);
    this.#checkColumn(picks, 2 * count);
    this.#checkColumn(table, last < 0 ? 0 : stride * last + width);
    const to = this.blocks.byteOffset + offset;
    this.#kernel.placePicked(table.byteOffset, stride, picks.byteOffset, width, count, to);
  }

  /**
   * Texts of this arena, one after the other, each the end of its message, from `offset` on.
   * @param ends where each of them ends, counted from the beginning of `texts`
   */
  placeTexts(offset: number, texts: Uint8Array, ends: Uint32Array, count: number): void {
    this.#check(offset, 0, count);
    this.#checkColumn(ends, 4 * count);
    let from = 0;
    for (let i = 0; i < count; i++) {
      const length = (ends[i] as number) - from;
      assert(length >= 0 && offset + length < BLOCK_BYTES, "a text lies in its message");
      from += length;
    }
    this.#checkColumn(texts, from);
    const { byteOffset: blocks } = this.blocks;
    const ending = PADDING[this.#hash];
    this.#kernel.placeTexts(texts.byteOffset, ends.byteOffset, count, blocks, offset, ending);
  }

  /** Numbers of this arena, big-endian in `width` bytes (1 to 8); what does not fit is cut off. */
  placeNumbers(offset: number, width: number, column: BigUint64Array, count: number): void {
    assert(width >= 1 && width <= 8, "a number has 1 to 8 bytes");
    this.#check(offset, width, count);
    this.#checkColumn(column, 8 * count);
    this.#kernel.placeNumbers(column.byteOffset, width, count, this.blocks.byteOffset + offset);
  }

  /** Hashes the first `count` messages into `output`. */
  hash(count: number): void {
    assert(count <= this.capacity, `${count} messages fit a tile of ${this.capacity}`);
    const { byteOffset: from } = this.blocks;
    const { byteOffset: to } = this.output;
    if (this.#hash === "keccak") this.#kernel.hashBlocks(from, count, to);
    else this.#kernel.expandBlocks(from, count, to);
  }

  #check(offset: number, width: number, count: number): void {
    assert(offset + width < BLOCK_BYTES && count <= this.capacity, "a field lies in its message");
  }

  #checkColumn(
    column: Uint8Array | Uint16Array | Uint32Array | BigUint64Array,
    bytes: number,
  ): void {
    const isHere = column.buffer === this.#kernel.memory && column.byteLength >= bytes;
    assert(isHere, "a column lies in the same arena and is long enough");
  }
}

/** keccak-256 of whole documents. */
export class LongMessage {
  readonly lengthMax: number;
  readonly #kernel: Kernel;
  readonly #blocks: Uint8Array;
  readonly #digest: Uint8Array;

  constructor(kernel: Kernel, blocks: Uint8Array, digest: Uint8Array) {
    this.lengthMax = blocks.length - 1;
    this.#kernel = kernel;
    this.#blocks = blocks;
    this.#digest = digest;
  }

  /** @param message at most `lengthMax` bytes @returns 32 bytes */
  hash(message: Uint8Array): Uint8Array {
    const { length } = message;
    assert(length <= this.lengthMax, `a message of ${length} bytes fits`);
    // There is always room for padding: of a whole number of blocks, it is a block of its own.
    const count = Math.floor(length / BLOCK_BYTES) + 1;
    const end = count * BLOCK_BYTES;
    this.#blocks.set(message);
    this.#blocks.fill(0, length, end);
    this.#blocks[length] = PADDING.keccak;
    this.#blocks[end - 1] = (this.#blocks[end - 1] as number) | 0x80;
    this.#kernel.hashLong(this.#blocks.byteOffset, count, this.#digest.byteOffset);
    return this.#digest.slice();
  }
}
