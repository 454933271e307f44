/** Whose a charge is; the epoch's keys open it. */
export interface BlockOwner {
  account: string;
  epoch: string;
  device: string;
}

const LENGTHS_BYTES = 6;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

let scratch = new Uint8Array(1_024);

/** Three lengths of two bytes (little-endian), then account, epoch and device in UTF-8. */
export function packedOwner({ account, epoch, device }: BlockOwner): Uint8Array {
  const texts = [account, epoch, device];
  // Three bytes a character of UTF-16 at most; written where it stands, since each owner is packed once.
  const room = LENGTHS_BYTES + 3 * (account.length + epoch.length + device.length);
  if (room > scratch.length) scratch = new Uint8Array(2 * room);
  let at = LENGTHS_BYTES;
  for (let i = 0; i < texts.length; i++) {
    const { written } = encoder.encodeInto(texts[i] as string, scratch.subarray(at));
    scratch[2 * i] = written & 0xff;
    scratch[2 * i + 1] = written >>> 8;
    at += written;
  }
  return scratch.slice(0, at);
}

/**
 * The owners of a block's rows, each once, one after the other in bytes. Text is made of an owner when
 * it is asked for: whoever reads one row of 512 reads one owner.
 */
export class BlockOwners {
  #bytes: Uint8Array;
  #length: number;
  #count: number;
  /** Where each owner begins; found at first need. */
  #starts: number[] | undefined;
  readonly #known: BlockOwner[] = [];

  constructor(bytes: Uint8Array = new Uint8Array(), count = 0) {
    this.#bytes = bytes;
    this.#length = bytes.length;
    this.#count = count;
  }

  static of(owners: Iterable<BlockOwner>): BlockOwners {
    const made = new BlockOwners();
    for (const owner of owners) made.push(packedOwner(owner));
    return made;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** @param packed as `packedOwner` makes it @returns the owner's index */
  push(packed: Uint8Array): number {
    const end = this.#length + packed.length;
    if (end > this.#bytes.length) {
      const longer = new Uint8Array(Math.max(2 * this.#bytes.length, end, 4_096));
      longer.set(this.bytes);
      this.#bytes = longer;
    }
    // Cheaper than a call for so few bytes.
    for (let i = 0; i < packed.length; i++) {
      this.#bytes[this.#length + i] = packed[i] as number;
    }
    this.#length = end;
    this.#starts = undefined;
    return this.#count++;
  }

  clear(): void {
    this.#length = 0;
    this.#count = 0;
    this.#starts = undefined;
    this.#known.length = 0;
  }

  at(index: number): BlockOwner {
    const known = this.#known[index];
    if (known !== undefined) return known;
    this.#starts ??= this.#findStarts();
    const from = this.#starts[index] as number;
    let at = from + LENGTHS_BYTES;
    const text = (i: number): string => {
      const end = at + this.#lengthOf(from, i);
      const found = decoder.decode(this.#bytes.subarray(at, end));
      at = end;
      return found;
    };
    const owner = { account: text(0), epoch: text(1), device: text(2) };
    this.#known[index] = owner;
    return owner;
  }

  /** The device of an owner; the rest is not made into text. */
  device(index: number): string {
    return decoder.decode(this.deviceBytes(index));
  }

  /** The same in UTF-8, where it lies. */
  deviceBytes(index: number): Uint8Array {
    this.#starts ??= this.#findStarts();
    const from = this.#starts[index] as number;
    const at = from + LENGTHS_BYTES + this.#lengthOf(from, 0) + this.#lengthOf(from, 1);
    return this.#bytes.subarray(at, at + this.#lengthOf(from, 2));
  }

  *[Symbol.iterator](): Generator<BlockOwner> {
    for (let index = 0; index < this.#count; index++) yield this.at(index);
  }

  #findStarts(): number[] {
    const starts: number[] = [];
    let at = 0;
    for (let i = 0; i < this.#count; i++) {
      starts.push(at);
      const length = this.#lengthOf(at, 0) + this.#lengthOf(at, 1) + this.#lengthOf(at, 2);
      at += LENGTHS_BYTES + length;
    }
    return starts;
  }

  #lengthOf(from: number, part: number): number {
    return (
      (this.#bytes[from + 2 * part] as number) + 256 * (this.#bytes[from + 2 * part + 1] as number)
    );
  }
}
