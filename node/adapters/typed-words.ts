import type { TypedDataField } from "ethers";
import { fromHex, type Hex } from "../core/bytes.ts";
import { assert } from "../core/errors.ts";
import { hashDocument } from "../core/hash.ts";
import { TypedDataEncoder } from "./evm-library.ts";

const WORD_BYTES = 32;
const WORD_TYPE = /^(?:uint(?<bits>[0-9]+)|bytes(?<length>[0-9]+))$/;

interface WordField {
  name: string;
  /** Of a number; else it is bytes of that length, at the word's start (EIP-712, encodeData). */
  bits?: number;
  length: number;
}

/**
 * Hashes one struct of typed data (EIP-712, hashStruct) whose fields are a word each: numbers without
 * sign, and bytes of fixed length. What ethers does for any struct takes ten times as long.
 */
export class TypedWords {
  readonly #fields: readonly WordField[];
  /** The type's hash and a word for each field; used again. */
  readonly #words: Uint8Array;

  private constructor(typeHash: Uint8Array, fields: readonly WordField[]) {
    this.#fields = fields;
    this.#words = new Uint8Array(WORD_BYTES * (1 + fields.length));
    this.#words.set(typeHash);
  }

  /** Undefined where the types are more than one such struct. */
  static of(types: Record<string, TypedDataField[]>): TypedWords | undefined {
    const [struct, ...others] = Object.values(types);
    if (struct === undefined || others.length > 0) return undefined;
    const fields = struct.map(({ name, type }): WordField | undefined => {
      const { bits, length } = WORD_TYPE.exec(type)?.groups ?? {};
      if (bits !== undefined) return { name, bits: Number(bits), length: WORD_BYTES };
      return length === undefined ? undefined : { name, length: Number(length) };
    });
    if (!fields.every((field) => field !== undefined)) return undefined;
    const encoder = TypedDataEncoder.from(types);
    const text = new TextEncoder().encode(encoder.encodeType(encoder.primaryType));
    return new TypedWords(hashDocument(text), fields);
  }

  hash(value: Record<string, unknown>): Uint8Array {
    for (const [at, { name, bits, length }] of this.#fields.entries()) {
      const from = WORD_BYTES * (at + 1);
      const word = this.#words.subarray(from, from + WORD_BYTES).fill(0);
      if (bits === undefined) word.set(fromHex(value[name] as Hex, length));
      else putNumber(word, value[name], bits);
    }
    return hashDocument(this.#words);
  }
}

function putNumber(word: Uint8Array, value: unknown, bits: number): void {
  const number = BigInt(value as bigint);
  assert(number >= 0n && number < 1n << BigInt(bits), `${number} is a number of ${bits} bits`);
  const digits = number.toString(16).padStart(2 * WORD_BYTES, "0");
  word.set(fromHex(`0x${digits}`, WORD_BYTES));
}
