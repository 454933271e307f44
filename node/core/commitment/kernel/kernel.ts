/** Bytes of one block of keccak-256 and SHAKE256: where a message lies, padding included. */
export const BLOCK_BYTES = 136;
export const DIGEST_BYTES = 32;
/** What SHAKE256 yields for the three salts of a record. */
export const SALTS_BYTES = 96;

/** `simd` hashes up to four messages at once, `scalar` one; `plain` needs no WebAssembly. */
export const KERNEL_KINDS = ["simd", "scalar", "plain"] as const;
export type KernelKind = (typeof KERNEL_KINDS)[number];

/** Addresses below belong to the kernel itself. */
export const KERNEL_DATA_START = 65_536;

/**
 * Hashing over a memory of fixed size. Addresses and counts are the caller's to keep inside
 * `memory`; arena.ts and batch-trees.ts do. What each function does stands in `assembly/keccak.ts`.
 */
export interface Kernel {
  readonly kind: KernelKind;
  readonly memory: ArrayBuffer;
  hashBlocks(blocks: number, count: number, digests: number): void;
  /** One message over `count` blocks, the last of them padded. */
  hashLong(blocks: number, count: number, digest: number): void;
  expandBlocks(blocks: number, count: number, salts: number): void;
  hashNodes(below: number, count: number, above: number): void;
  placeBytes(column: number, stride: number, width: number, count: number, to: number): void;
  placePicked(
    table: number,
    stride: number,
    picks: number,
    width: number,
    count: number,
    to: number,
  ): void;
  placeTexts(
    texts: number,
    ends: number,
    count: number,
    blocks: number,
    offset: number,
    ending: number,
  ): void;
  placeNumbers(column: number, width: number, count: number, to: number): void;
  /** 1 when a sum does not fit 128 bits, else 0. */
  chunkSums(amounts: number, leaves: number, chunks: number, sums: number, digests: number): number;
  sumNodes(
    digests: number,
    sums: number,
    count: number,
    digestsAbove: number,
    sumsAbove: number,
  ): number;
}
