import { assert } from "../../core/errors.ts";
import {
  PACKED,
  PACKED_ENTRY,
  PACKED_HEAD_WORDS,
  packedWords,
} from "../../core/invoice/packed-line.ts";
import type { InvoiceLines } from "../../core/invoice/write-document.ts";
import { readBytes } from "../store/stored-bytes.ts";
import { type JoinedBytes, partOf } from "./joined-bytes.ts";

interface Stretch {
  words: Uint32Array;
  bytes: Uint8Array;
}

/** An account's lines, as places of packed charges in the order of their numbers. */
export class OwnLines implements InvoiceLines {
  readonly #stretches: readonly Stretch[];
  readonly #charges: number[] = [];
  readonly #credits: number[] = [];
  #areInOrder = true;

  constructor(stretches: readonly Stretch[]) {
    this.#stretches = stretches;
  }

  add(stretch: number, at: number): void {
    const { words } = this.#stretches[stretch] as Stretch;
    const entry = (words[at + PACKED.kinds] as number) & 0xff;
    const places = entry === PACKED_ENTRY.creditText ? this.#credits : this.#charges;
    places.push(stretch, at);
    // Numbers count from 1 without gaps.
    this.#areInOrder &&= words[at] === places.length / 2;
  }

  /** Whether exactly the lines up to these numbers are there. */
  hasWhole(lastCharge: bigint, lastCredit: bigint): boolean {
    return (
      this.#areInOrder &&
      BigInt(this.#charges.length / 2) === lastCharge &&
      BigInt(this.#credits.length / 2) === lastCredit
    );
  }

  eachCharge(take: (words: Uint32Array, bytes: Uint8Array, at: number) => void): void {
    this.#each(this.#charges, take);
  }

  eachCredit(take: (words: Uint32Array, bytes: Uint8Array, at: number) => void): void {
    this.#each(this.#credits, take);
  }

  #each(
    places: readonly number[],
    take: (words: Uint32Array, bytes: Uint8Array, at: number) => void,
  ): void {
    for (let i = 0; i < places.length; i += 2) {
      const { words, bytes } = this.#stretches[places[i] as number] as Stretch;
      take(words, bytes, places[i + 1] as number);
    }
  }
}

/** Packed charges by their accounts. */
export class PackedLines {
  readonly #stretches: Stretch[] = [];
  readonly #byAccount = new Map<string, OwnLines>();

  /** @throws TallystickError `store.value-damaged` */
  constructor(keys: readonly string[], values: JoinedBytes) {
    for (const [index, key] of keys.entries()) {
      const value = partOf(values, index);
      assert(value !== undefined, `what was gathered under ${key} is handed over`);
      const payload = readBytes(key, value);
      const stretch = this.#stretches.length;
      const words = new Uint32Array(payload.buffer);
      this.#stretches.push({ words, bytes: payload });
      for (let at = 0; at < words.length; at += packedWords(words, at)) {
        this.#ownerOf(words, payload, at).add(stretch, at);
      }
    }
  }

  of(account: string): OwnLines {
    return this.#byAccount.get(account) ?? new OwnLines(this.#stretches);
  }

  #ownerOf(words: Uint32Array, bytes: Uint8Array, at: number): OwnLines {
    const from = 4 * (at + PACKED_HEAD_WORDS);
    const end = from + ((words[at + PACKED.names] as number) & 0xffff);
    let account = "";
    for (let i = from; i < end; i++) account += String.fromCharCode(bytes[i] as number);
    let own = this.#byAccount.get(account);
    if (own === undefined) {
      own = new OwnLines(this.#stretches);
      this.#byAccount.set(account, own);
    }
    return own;
  }
}
