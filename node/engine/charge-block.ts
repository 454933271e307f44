import type { Hex } from "../core/bytes.ts";
import type { SourceRole } from "../core/commitment/secrets.ts";
import { assert } from "../core/errors.ts";
import type { AccountedPrice } from "./stored-types.ts";

/*
 * The codec of a block of usage charges: columns of numbers, then what has no fixed width. Nothing
 * else knows how a block lies in bytes. Salts, tags and pseudonym are not in it: they follow from the
 * keys of epoch and traffic month and from the record's id (docs/PROTOCOL.md, section 3), so a block
 * opens nothing without keys, and deleting a key erases.
 *
 *   count (4) · bytes of ids (4) · bytes of the table (4) · zero (4)
 *   columns of 8 bytes: WIDE; of 4: MIDDLE; of 2: NARROW; of 1: SMALL; each padded to 8 bytes
 *   ids in UTF-8, one after the other · the table as JSON: file, owners, texts, roots of events
 *
 * All numbers little-endian and unsigned. About 110 bytes a charge, and its id.
 */

/** Charges in one block: some 80 kB, a read that serves all of them. */
export const BLOCK_CHARGES_MAX = 512;

const WIDE = [
  "amountNano",
  "runningTotalNano",
  "start",
  "quantity",
  "secondQuantity",
  "decidingDigits",
  "restDigits",
  "originDigits",
  "offset",
] as const;
const MIDDLE = ["chargeNumber", "length", "tariffVersion", "visitedNetwork", "idEnd"] as const;
const NARROW = ["owner", "sessionMinutes"] as const;
const SMALL = ["service", "flags", "partyType", "class"] as const;
const HEADER_BYTES = 16;

type Wide = (typeof WIDE)[number];
type Middle = (typeof MIDDLE)[number];
type Narrow = (typeof NARROW)[number];
type Small = (typeof SMALL)[number];

/** Whose a charge is; the epoch's keys open it. */
export interface BlockOwner {
  account: string;
  epoch: string;
  device: string;
}

interface Table {
  /** Whose leg of the traffic it is; source tags depend on it. */
  role: SourceRole;
  /** First 16 bytes of the source file's SHA-256, hexadecimal without prefix. */
  file: string;
  owners: BlockOwner[];
  /** Other sides that are no numbers, by row. */
  texts: Record<number, string>;
  /** Of charges that stand for events, by row; absent when none does. */
  eventsRoots?: Record<number, Hex>;
  /** What accounts' plans made of prices, by row; absent where no plan did. */
  accounted?: Record<number, AccountedPrice>;
}

const utf8 = new TextEncoder();
const decoder = new TextDecoder();
const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/** Bytes of all columns of a block of `count` charges, header included. */
function columnBytes(count: number): number {
  return (
    HEADER_BYTES +
    WIDE.length * 8 * count +
    MIDDLE.length * padded(4 * count) +
    NARROW.length * padded(2 * count) +
    SMALL.length * padded(count)
  );
}

/** A block in memory, of a fixed count: to be filled row by row, or as it was read. */
export class ChargeBlock {
  readonly count: number;
  readonly wide: Record<Wide, BigUint64Array>;
  readonly middle: Record<Middle, Uint32Array>;
  readonly narrow: Record<Narrow, Uint16Array>;
  readonly small: Record<Small, Uint8Array>;
  ids: Uint8Array;
  table: Table;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  private constructor(
    bytes: Uint8Array<ArrayBuffer>,
    count: number,
    ids: Uint8Array,
    table: Table,
  ) {
    this.#bytes = bytes;
    this.count = count;
    this.ids = ids;
    this.table = table;
    let at = HEADER_BYTES;
    const columns = <Name extends string, Column>(
      names: readonly Name[],
      width: number,
      make: (offset: number) => Column,
    ) => {
      const made = {} as Record<Name, Column>;
      for (const name of names) {
        made[name] = make(at);
        at += padded(width * count);
      }
      return made;
    };
    const { buffer } = bytes;
    this.wide = columns(WIDE, 8, (offset) => new BigUint64Array(buffer, offset, count));
    this.middle = columns(MIDDLE, 4, (offset) => new Uint32Array(buffer, offset, count));
    this.narrow = columns(NARROW, 2, (offset) => new Uint16Array(buffer, offset, count));
    this.small = columns(SMALL, 1, (offset) => new Uint8Array(buffer, offset, count));
  }

  static empty(count: number, file: string, role: SourceRole): ChargeBlock {
    assert(count > 0 && count <= BLOCK_CHARGES_MAX, `a block holds ${count} charges`);
    const bytes = new Uint8Array(columnBytes(count));
    return new ChargeBlock(bytes, count, new Uint8Array(), { role, file, owners: [], texts: {} });
  }

  /** The inverse of `encode`. @param payload at the start of its buffer */
  static decode(payload: Uint8Array<ArrayBuffer>): ChargeBlock {
    assert(payload.byteOffset === 0, "a payload has a buffer of its own");
    const [count = 0, idBytes = 0, tableBytes = 0] = new Uint32Array(payload.buffer, 0, 3);
    const idsAt = columnBytes(count);
    const ids = payload.subarray(idsAt, idsAt + idBytes);
    const table = payload.subarray(idsAt + idBytes, idsAt + idBytes + tableBytes);
    return new ChargeBlock(payload, count, ids, JSON.parse(decoder.decode(table)) as Table);
  }

  /** In pieces, to be copied once. */
  encode(): Uint8Array[] {
    const table = utf8.encode(JSON.stringify(this.table));
    new Uint32Array(this.#bytes.buffer, 0, 3).set([this.count, this.ids.length, table.length]);
    return [this.#bytes.subarray(0, columnBytes(this.count)), this.ids, table];
  }

  /** The first `count` rows as a block of their own. */
  shortened(count: number): ChargeBlock {
    if (count === this.count) return this;
    const { file, role } = this.table;
    const short = ChargeBlock.empty(count, file, role);
    for (const name of WIDE) short.wide[name].set(this.wide[name].subarray(0, count));
    for (const name of MIDDLE) short.middle[name].set(this.middle[name].subarray(0, count));
    for (const name of NARROW) short.narrow[name].set(this.narrow[name].subarray(0, count));
    for (const name of SMALL) short.small[name].set(this.small[name].subarray(0, count));
    short.ids = this.ids.subarray(0, this.middle.idEnd[count - 1]);
    short.table = this.table;
    return short;
  }

  idBytes(row: number): Uint8Array {
    const { idEnd } = this.middle;
    return this.ids.subarray(row === 0 ? 0 : idEnd[row - 1], idEnd[row]);
  }

  id(row: number): string {
    return decoder.decode(this.idBytes(row));
  }

  owner(row: number): BlockOwner {
    return this.table.owners[this.narrow.owner[row] as number] as BlockOwner;
  }
}
