import type { Hex } from "../../core/bytes.ts";
import { CHARGE_KIND } from "../../core/commitment/charge-groups.ts";
import type { SourceRole } from "../../core/commitment/secrets.ts";
import { assert } from "../../core/errors.ts";
import type { AccountedPrice } from "../store/stored-types.ts";
import { type BlockOwner, BlockOwners } from "./block-owners.ts";

/*
 * The codec of a block of charges: columns of numbers, then what has no fixed width. Nothing
 * else knows how a block lies in bytes. Salts, tags and pseudonym are not in it: they follow from the
 * keys of epoch and traffic month and from the record's id (docs/PROTOCOL.md, section 3), so a block
 * opens nothing without keys, and deleting a key erases.
 *
 *   count (4) · bytes of ids (4) · owners (4) · bytes of owners (4) · bytes of the table (4) ·
 *   role (4) · first bytes of the source file's digest (16)
 *   columns of 8 bytes: WIDE; of 4: MIDDLE; of 2: NARROW; of 1: SMALL; each padded to 8 bytes
 *   ids in UTF-8, one after the other · owners (block-owners.ts)
 *   the table as JSON, none where it is empty: texts, roots of events, what plans made of prices,
 *   kinds of charges that are no usage
 *
 * All numbers little-endian and unsigned. About 100 bytes a charge, its id and its owner.
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
const HEADER_BYTES = 40;

type Wide = (typeof WIDE)[number];
type Middle = (typeof MIDDLE)[number];
type Narrow = (typeof NARROW)[number];
type Small = (typeof SMALL)[number];

interface Table {
  /** Other sides that are no numbers, by row. */
  texts: Record<number, string>;
  /** Of charges that stand for events, by row; absent when none does. */
  eventsRoots?: Record<number, Hex>;
  /** What accounts' plans made of prices, by row; absent where no plan did. */
  accounted?: Record<number, AccountedPrice>;
  /** Of all rows, where they are no usage: what a period's end made due. */
  kinds?: number[];
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

/** Of which file a block's rows are, and whose leg of the traffic; source tags depend on the role. */
export interface BlockSource {
  /** First 16 bytes of the source file's SHA-256. */
  file: Uint8Array;
  role: SourceRole;
}

/** Writes a whole number of at most 2^53 into a column of `halves`. */
export function putWhole(column: Uint32Array, row: number, value: number): void {
  column[2 * row] = value;
  column[2 * row + 1] = value / 2 ** 32;
}

/** A block in memory, of a fixed count: to be filled row by row, or as it was read. */
export class ChargeBlock {
  readonly source: BlockSource;
  readonly count: number;
  readonly wide: Record<Wide, BigUint64Array>;
  /** The same columns by halves of 32 bits, the lower first: a bigint for each number costs more. */
  readonly halves: Record<Wide, Uint32Array>;
  readonly middle: Record<Middle, Uint32Array>;
  readonly narrow: Record<Narrow, Uint16Array>;
  readonly small: Record<Small, Uint8Array>;
  ids: Uint8Array;
  owners = new BlockOwners();
  table: Table = { texts: {} };
  /** The block as it was decoded; undefined for one that was made. */
  payload: Uint8Array | undefined;
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array, count: number, ids: Uint8Array, source: BlockSource) {
    this.#bytes = bytes;
    this.count = count;
    this.ids = ids;
    this.source = source;
    let at = bytes.byteOffset + HEADER_BYTES;
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
    this.halves = {} as Record<Wide, Uint32Array>;
    for (const name of WIDE) {
      this.halves[name] = new Uint32Array(buffer, this.wide[name].byteOffset, 2 * count);
    }
    this.middle = columns(MIDDLE, 4, (offset) => new Uint32Array(buffer, offset, count));
    this.narrow = columns(NARROW, 2, (offset) => new Uint16Array(buffer, offset, count));
    this.small = columns(SMALL, 1, (offset) => new Uint8Array(buffer, offset, count));
  }

  static empty(count: number, source: BlockSource): ChargeBlock {
    assert(count > 0 && count <= BLOCK_CHARGES_MAX, `a block holds ${count} charges`);
    return new ChargeBlock(new Uint8Array(columnBytes(count)), count, new Uint8Array(), source);
  }

  /** The inverse of `encode`; the block lies in the payload. @param payload aligned to eight bytes */
  static decode(payload: Uint8Array): ChargeBlock {
    const header = new Uint32Array(payload.buffer, payload.byteOffset, 6);
    const [count = 0, idBytes = 0, owners = 0, ownerBytes = 0, tableBytes = 0, role = 0] = header;
    let at = columnBytes(count);
    const take = (length: number): Uint8Array => {
      at += length;
      return payload.subarray(at - length, at);
    };
    const source = { file: payload.slice(24, HEADER_BYTES), role: role as SourceRole };
    const block = new ChargeBlock(payload, count, take(idBytes), source);
    block.payload = payload;
    block.owners = new BlockOwners(take(ownerBytes), owners);
    if (tableBytes > 0) block.table = JSON.parse(decoder.decode(take(tableBytes))) as Table;
    return block;
  }

  /** In pieces, to be copied once. */
  encode(): Uint8Array[] {
    const { count, ids, owners, source, table } = this;
    const isPlain =
      table.eventsRoots === undefined &&
      table.accounted === undefined &&
      table.kinds === undefined &&
      Object.keys(table.texts).length === 0;
    const rest = isPlain ? new Uint8Array() : utf8.encode(JSON.stringify(table));
    const lengths = [count, ids.length, owners.count, owners.bytes.length, rest.length];
    new Uint32Array(this.#bytes.buffer, this.#bytes.byteOffset, 6).set([...lengths, source.role]);
    this.#bytes.set(source.file, 24);
    return [this.#bytes.subarray(0, columnBytes(count)), ids, owners.bytes, rest];
  }

  /** Ready for other rows, which set every column; owners and table are empty again. */
  clear(): void {
    this.owners.clear();
    this.table = { texts: {} };
  }

  /** All columns, header included: what a copy of the block elsewhere needs, with ids and owners. */
  get columns(): Uint8Array {
    return this.#bytes.subarray(0, columnBytes(this.count));
  }

  /** The first `count` rows as a block of their own. */
  shortened(count: number): ChargeBlock {
    if (count === this.count) return this;
    const short = ChargeBlock.empty(count, this.source);
    for (const name of WIDE) short.wide[name].set(this.wide[name].subarray(0, count));
    for (const name of MIDDLE) short.middle[name].set(this.middle[name].subarray(0, count));
    for (const name of NARROW) short.narrow[name].set(this.narrow[name].subarray(0, count));
    for (const name of SMALL) short.small[name].set(this.small[name].subarray(0, count));
    short.ids = this.ids.subarray(0, this.middle.idEnd[count - 1]);
    short.owners = this.owners;
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

  /** A code of `CHARGE_KIND`. */
  kind(row: number): number {
    return this.table.kinds?.[row] ?? CHARGE_KIND.usage;
  }

  owner(row: number): BlockOwner {
    return this.owners.at(this.narrow.owner[row] as number);
  }

  /** The owner's device alone, which is cheaper. */
  device(row: number): string {
    return this.owners.device(this.narrow.owner[row] as number);
  }
}
