import { keccak_256, shake256 } from "@noble/hashes/sha3.js";
import { BLOCK_BYTES, DIGEST_BYTES, type Kernel, SALTS_BYTES } from "./kernel.ts";

const CHUNK_LEAVES = 32;
const SUM_BYTES = 16;
const SUM_MAX = (1n << 128n) - 1n;

/** The kernel in plain JavaScript, for where WebAssembly is missing or forbidden; slower by ten. */
export function plainKernel(memory: ArrayBuffer): Kernel {
  const bytes = new Uint8Array(memory);
  const view = new DataView(memory);
  const message = (at: number) => {
    const block = bytes.subarray(at, at + BLOCK_BYTES);
    return block.subarray(0, messageLength(block));
  };
  const sumAt = (at: number) =>
    (view.getBigUint64(at + 8, true) << 64n) | view.getBigUint64(at, true);
  const setSum = (at: number, sum: bigint) => {
    view.setBigUint64(at, BigInt.asUintN(64, sum), true);
    view.setBigUint64(at + 8, sum >> 64n, true);
  };
  const addSums = (from: number, count: number, to: number): boolean => {
    let sum = 0n;
    for (let i = 0; i < count; i++) sum += sumAt(from + i * SUM_BYTES);
    if (sum > SUM_MAX) return false;
    setSum(to, sum);
    return true;
  };
  return {
    kind: "plain",
    memory,
    hashBlocks(blocks, count, digests) {
      for (let i = 0; i < count; i++) {
        bytes.set(keccak_256(message(blocks + i * BLOCK_BYTES)), digests + i * DIGEST_BYTES);
      }
    },
    hashLong(blocks, count, digest) {
      const last = blocks + (count - 1) * BLOCK_BYTES;
      const end = last + message(last).length;
      bytes.set(keccak_256(bytes.subarray(blocks, end)), digest);
    },
    expandBlocks(blocks, count, salts) {
      for (let i = 0; i < count; i++) {
        const stream = shake256(message(blocks + i * BLOCK_BYTES), { dkLen: SALTS_BYTES });
        bytes.set(stream, salts + i * SALTS_BYTES);
      }
    },
    hashNodes(below, count, above) {
      const node = Uint8Array.of(0x01, ...new Uint8Array(2 * DIGEST_BYTES));
      for (let i = 0; i < count; i++) {
        const at = below + i * 2 * DIGEST_BYTES;
        node.set(bytes.subarray(at, at + 2 * DIGEST_BYTES), 1);
        bytes.set(keccak_256(node), above + i * DIGEST_BYTES);
      }
    },
    placeBytes(column, stride, width, count, to) {
      for (let i = 0; i < count; i++) {
        const at = column + i * stride;
        bytes.copyWithin(to + i * BLOCK_BYTES, at, at + width);
      }
    },
    placePicked(table, stride, picks, width, count, to) {
      for (let i = 0; i < count; i++) {
        const at = table + stride * view.getUint16(picks + 2 * i, true);
        bytes.copyWithin(to + i * BLOCK_BYTES, at, at + width);
      }
    },
    placeTexts(texts, ends, count, blocks, offset, ending) {
      let from = texts;
      for (let i = 0; i < count; i++) {
        const end = texts + view.getUint32(ends + 4 * i, true);
        const block = blocks + i * BLOCK_BYTES;
        const length = offset + end - from;
        bytes.copyWithin(block + offset, from, end);
        bytes.fill(0, block + length, block + BLOCK_BYTES);
        bytes[block + length] = ending;
        bytes[block + BLOCK_BYTES - 1] = (bytes[block + BLOCK_BYTES - 1] as number) | 0x80;
        from = end;
      }
    },
    placeNumbers(column, width, count, to) {
      for (let i = 0; i < count; i++) {
        for (let at = 0; at < width; at++) {
          bytes[to + i * BLOCK_BYTES + at] = bytes[column + i * 8 + width - 1 - at] as number;
        }
      }
    },
    chunkSums(amounts, leaves, chunks, sums, digests) {
      const block = new DataView(new ArrayBuffer(19));
      block.setUint8(0, 0x03);
      for (let i = 0; i < chunks; i++) {
        const count = Math.max(Math.min(leaves - i * CHUNK_LEAVES, CHUNK_LEAVES), 0);
        const sum = sums + i * SUM_BYTES;
        if (!addSums(amounts + i * CHUNK_LEAVES * SUM_BYTES, count, sum)) return 1;
        setBigEndian(block, 1, sumAt(sum));
        block.setUint16(17, count);
        bytes.set(keccak_256(new Uint8Array(block.buffer)), digests + i * DIGEST_BYTES);
      }
      return 0;
    },
    sumNodes(digests, sums, count, digestsAbove, sumsAbove) {
      const node = new Uint8Array(97);
      const block = new DataView(node.buffer);
      node[0] = 0x04;
      for (let i = 0; i < count; i++) {
        const left = digests + i * 2 * DIGEST_BYTES;
        const sum = sums + i * 2 * SUM_BYTES;
        node.set(bytes.subarray(left, left + DIGEST_BYTES), 1);
        setBigEndian(block, 33, sumAt(sum));
        node.set(bytes.subarray(left + DIGEST_BYTES, left + 2 * DIGEST_BYTES), 49);
        setBigEndian(block, 81, sumAt(sum + SUM_BYTES));
        if (!addSums(sum, 2, sumsAbove + i * SUM_BYTES)) return 1;
        bytes.set(keccak_256(node), digestsAbove + i * DIGEST_BYTES);
      }
      return 0;
    },
  };
}

function setBigEndian(block: DataView, at: number, sum: bigint): void {
  block.setBigUint64(at, sum >> 64n);
  block.setBigUint64(at + 8, BigInt.asUintN(64, sum));
}

/** Where the padding begins: the block's last bit, and the last byte before it that is not zero. */
function messageLength(block: Uint8Array): number {
  const last = BLOCK_BYTES - 1;
  if (((block[last] as number) & 0x7f) !== 0) return last;
  let at = last - 1;
  while (block[at] === 0) at--;
  return at;
}
