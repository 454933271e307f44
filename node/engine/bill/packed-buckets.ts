import { assert } from "../../core/errors.ts";
import {
  NO_TEXT,
  PACKED,
  PACKED_ENTRY,
  PACKED_HEAD_WORDS,
} from "../../core/invoice/packed-line.ts";
import { canonicalJson } from "../../core/tariff/canonical-json.ts";
import type { ChargeBlock } from "../number/charge-block.ts";
import type { BillBucket } from "./bill-state.ts";

const utf8 = new TextEncoder();
const NAME_BYTES_MAX = 0xffff;
const FIRST_BYTES = 4_096;

/** Words that grow, and the bytes that they are. */
class Words {
  words = new Uint32Array(FIRST_BYTES / 4);
  bytes = new Uint8Array(this.words.buffer);
  length = 0;

  /** Where as many words can be written. */
  reserve(count: number): number {
    const needed = this.length + count;
    if (needed > this.words.length) {
      const words = new Uint32Array(2 * needed);
      words.set(this.words.subarray(0, this.length));
      this.words = words;
      this.bytes = new Uint8Array(words.buffer);
    }
    return this.length;
  }
}

/** @throws TallystickError `json.not-canonical`: half a surrogate pair has no UTF-8 form */
function requireWellFormed(text: string): void {
  if (!text.isWellFormed()) canonicalJson(text);
}

/** Text in UTF-8 where it stands, without memory of its own for what is ASCII. @returns its bytes */
function writeText(text: string, bytes: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) {
      requireWellFormed(text);
      return utf8.encodeInto(text, bytes.subarray(at)).written;
    }
    bytes[at + i] = code;
  }
  return text.length;
}

/**
 * The charges of a stretch of a book, packed (packed-line.ts) and sorted into the buckets of their
 * accounts. Used for one stretch after the other; what it holds grows to the largest.
 */
export class PackedBuckets {
  readonly #firsts: string[];
  readonly #filled: (Words | undefined)[] = [];
  #block: ChargeBlock | undefined;
  /** The columns of that block, each as words of 32 bits. */
  #halves: Uint32Array[] = [];

  constructor(buckets: readonly BillBucket[]) {
    this.#firsts = buckets.map(({ first }) => first);
  }

  /** A row of a block. */
  addRow(block: ChargeBlock, row: number): void {
    const { account, device } = block.owner(row);
    const text = block.table.texts[row];
    const { words, at } = this.#place(account, device, text);
    words[at] = block.middle.chargeNumber[row] as number;
    words[at + PACKED.kinds] =
      PACKED_ENTRY.usage |
      ((block.small.service[row] as number) << 8) |
      ((block.small.flags[row] as number) << 16) |
      ((block.small.partyType[row] as number) << 24);
    // Columns in the order of the packed words; without a bigint between.
    for (const [column, halves] of this.#halvesOf(block).entries()) {
      words[at + PACKED.nano + 2 * column] = halves[2 * row] as number;
      words[at + PACKED.nano + 2 * column + 1] = halves[2 * row + 1] as number;
    }
  }

  /** An entry whose line is written already. */
  addText(entry: number, account: string, number: bigint, line: string): void {
    assert(number < 2n ** 32n, `charge number ${number} fits 32 bits`);
    const { words, at } = this.#place(account, "", line);
    words[at] = Number(number);
    words[at + PACKED.kinds] = entry;
  }

  /** What every bucket got since the last call; the memory is used again. */
  *take(): Generator<{ bucket: number; bytes: Uint8Array }> {
    for (const [bucket, filled] of this.#filled.entries()) {
      if (filled === undefined || filled.length === 0) continue;
      yield { bucket, bytes: filled.bytes.subarray(0, 4 * filled.length) };
      filled.length = 0;
    }
  }

  #halvesOf(block: ChargeBlock): Uint32Array[] {
    if (block === this.#block) return this.#halves;
    const { wide } = block;
    this.#block = block;
    this.#halves = [
      wide.amountNano,
      wide.start,
      wide.quantity,
      wide.secondQuantity,
      wide.decidingDigits,
      wide.restDigits,
    ].map((column) => new Uint32Array(column.buffer, column.byteOffset, 2 * column.length));
    return this.#halves;
  }

  #place(account: string, device: string, text: string | undefined) {
    const bucket = this.#bucketOf(account);
    let to = this.#filled[bucket];
    if (to === undefined) {
      to = new Words();
      this.#filled[bucket] = to;
    }
    const characters = account.length + device.length + (text?.length ?? 0);
    // Three bytes a character of UTF-16 at most, and up to a whole word.
    const at = to.reserve(PACKED_HEAD_WORDS + Math.ceil((3 * characters) / 4));
    const { words, bytes } = to;
    const from = 4 * (at + PACKED_HEAD_WORDS);
    let end = from + writeText(account, bytes, from);
    const accountBytes = end - from;
    end += writeText(device, bytes, end);
    const deviceBytes = end - from - accountBytes;
    assert(accountBytes <= NAME_BYTES_MAX && deviceBytes <= NAME_BYTES_MAX, "names are short");
    const textBytes = text === undefined ? NO_TEXT : writeText(text, bytes, end);
    if (text !== undefined) end += textBytes;
    bytes.fill(0, end, 4 * Math.ceil(end / 4));
    words[at + PACKED.names] = accountBytes | (deviceBytes << 16);
    words[at + PACKED.text] = textBytes;
    to.length = Math.ceil(end / 4);
    return { words, at };
  }

  /** The last bucket whose first account is not behind the account; accounts are ASCII. */
  #bucketOf(account: string): number {
    const firsts = this.#firsts;
    let low = 0;
    let high = firsts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((firsts[middle] as string) <= account) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
