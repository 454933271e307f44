import { equalBytes, fromHex } from "../../core/bytes.ts";
import { CHARGE_KIND, PARTY_TYPE } from "../../core/commitment/charge-groups.ts";
import { HashArena, type HashTile } from "../../core/commitment/kernel/hash-arena.ts";
import { BLOCK_BYTES, type KernelKind, SALTS_BYTES } from "../../core/commitment/kernel/kernel.ts";
import { RECORD_ID_BYTES_MAX, textIdentity } from "../../core/commitment/secrets.ts";
import { PROTOCOL_VERSION, TAG } from "../../core/commitment/tags.ts";
import { BLOCK_CHARGES_MAX, type ChargeBlock } from "./charge-block.ts";

const TILE = 256;
/** Six tiles of 256 messages (136 bytes) and what they hash to (32, or 96), and five columns. */
const ARENA_BYTES = 458_752;

/** Of one owner: epoch key (32), pseudonym (32), tag of the device (16). */
export const OWNER_SECRET_BYTES = 80;
const MONTH_KEY_BYTES = 32;

/** What opens the rows of a block; plain bytes, so that another thread can have them. */
export interface BlockSecrets {
  /** By the block's owners, `OWNER_SECRET_BYTES` each. */
  owners: Uint8Array;
  /** Keys of source tags, 32 bytes for each traffic month. */
  monthKeys: Uint8Array;
  /** Which of them a row's is. */
  monthOf: Uint16Array;
}

/** Leaf digests of blocks: of this thread, or of another one that answers later. */
export interface LeafHasher {
  /**
   * @param secrets may change once the call has returned; the block stays until the digests are there
   * @param into where they are put, if it is said
   * @returns 32 bytes for each row
   */
  leavesOf(
    block: ChargeBlock,
    secrets: BlockSecrets,
    into?: Uint8Array,
  ): Uint8Array | Promise<Uint8Array>;
}

/**
 * Leaf digests of whole blocks of charges, by tiles: what `leafOfStoredCharge` computes one by one.
 * The offsets are those of docs/PROTOCOL.md, sections 3 and 4; a property test holds both equal.
 */
export class ChargeHasher implements LeafHasher {
  readonly #salts: HashTile;
  readonly #sources: HashTile;
  readonly #accounts: HashTile;
  readonly #parties: HashTile;
  readonly #charges: HashTile;
  readonly #leaves: HashTile;
  readonly #number: BigUint64Array;
  /** Of the block's owners; and which is whose: placed by the kernel, which is faster than bytes one by one. */
  readonly #owners: { table: Uint8Array; stride: number; picks: Uint16Array };
  readonly #ids: Uint8Array;
  readonly #idEnds: Uint32Array;
  /** The month's key that stands in every message of the source tags; not set where months are mixed. */
  #month: Uint8Array | undefined;
  readonly #views: { accounts: Fields; parties: Fields; charges: Fields };
  #holdsEvents = false;
  #holdsScopes = false;
  #holdsKinds = false;

  /** @param domain the book's @param kind the fastest kernel unless another is to agree with it */
  constructor(domain: Uint8Array, kind?: KernelKind) {
    const arena = new HashArena(ARENA_BYTES, kind);
    this.#salts = arena.tile(TILE, "shake");
    this.#sources = arena.tile(TILE, "keccak");
    this.#accounts = arena.tile(TILE, "keccak");
    this.#parties = arena.tile(TILE, "keccak");
    this.#charges = arena.tile(TILE, "keccak");
    this.#leaves = arena.tile(TILE, "keccak");
    this.#number = arena.numbers(TILE);
    this.#owners = {
      table: arena.bytes(OWNER_SECRET_BYTES * BLOCK_CHARGES_MAX),
      stride: OWNER_SECRET_BYTES,
      picks: arena.shorts(TILE),
    };
    this.#ids = arena.bytes(RECORD_ID_BYTES_MAX * TILE);
    this.#idEnds = arena.words(TILE);
    this.#views = {
      accounts: fieldsOf(this.#accounts),
      parties: fieldsOf(this.#parties),
      charges: fieldsOf(this.#charges),
    };
    this.#salts.placeEverywhere(0, Uint8Array.of(TAG.recordSalts));
    this.#sources.placeEverywhere(0, Uint8Array.of(TAG.sourceTag));
    for (const [tile, tag, length] of [
      [this.#accounts, TAG.accountGroup, 130],
      [this.#parties, TAG.partyGroup, 111],
      [this.#charges, TAG.chargeGroup, 135],
      [this.#leaves, TAG.leaf, 134],
    ] as const) {
      tile.setLength(length);
      tile.placeEverywhere(0, Uint8Array.of(tag, PROTOCOL_VERSION));
    }
    this.#charges.placeEverywhere(34, Uint8Array.of(CHARGE_KIND.usage));
    this.#leaves.placeEverywhere(2, domain);
  }

  leavesOf(
    block: ChargeBlock,
    secrets: BlockSecrets,
    leaves: Uint8Array = new Uint8Array(32 * block.count),
  ): Uint8Array {
    this.#parties.placeEverywhere(51, block.source.file);
    this.#sources.placeEverywhere(33, Uint8Array.of(block.source.role));
    const { owners } = secrets;
    this.#owners.table.set(owners.subarray(0, OWNER_SECRET_BYTES * BLOCK_CHARGES_MAX));
    for (let from = 0; from < block.count; from += TILE) {
      const count = Math.min(TILE, block.count - from);
      this.#hashTile(block, secrets, from, count);
      leaves.set(this.#leaves.output.subarray(0, 32 * count), 32 * from);
    }
    return leaves;
  }

  #hashTile(block: ChargeBlock, secrets: BlockSecrets, from: number, count: number): void {
    this.#placeIdentities(block, secrets, from, count);
    this.#salts.hash(count);
    this.#sources.hash(count);
    this.#placeFields(block, from, count);
    this.#placeNumbers(block, from, count);
    for (let i = 0; i < count; i++) {
      const text = block.table.texts[from + i];
      if (block.small.partyType[from + i] !== PARTY_TYPE.text || text === undefined) continue;
      const salt = this.#salts.output.slice(96 * i + 32, 96 * i + 64);
      this.#parties.blocks.set(textIdentity(salt, text), BLOCK_BYTES * i + 34);
    }
    this.#placeEventsRoots(block, from, count);
    this.#placeScopes(block, from, count);
    this.#placeKinds(block, from, count);
    this.#accounts.hash(count);
    this.#parties.hash(count);
    this.#charges.hash(count);
    this.#leaves.placeBytes(22, 32, this.#accounts.output, count);
    this.#leaves.placeBytes(54, 32, this.#parties.output, count);
    this.#leaves.placeBytes(86, 32, this.#charges.output, count);
    this.#leaves.hash(count);
  }

  /** Zero for all but charges of events, which are rare: written only where there are, or were, such. */
  #placeEventsRoots(block: ChargeBlock, from: number, count: number): void {
    const { eventsRoots } = block.table;
    const at = (i: number) => BLOCK_BYTES * i + 79;
    if (this.#holdsEvents) {
      for (let i = 0; i < TILE; i++) this.#parties.blocks.fill(0, at(i), at(i) + 32);
      this.#holdsEvents = false;
    }
    if (eventsRoots === undefined) return;
    for (let i = 0; i < count; i++) {
      const root = eventsRoots[from + i];
      if (root !== undefined) this.#parties.blocks.set(fromHex(root, 32), at(i));
    }
    this.#holdsEvents = true;
  }

  /** Zero for charges of prices without counters. */
  #placeScopes(block: ChargeBlock, from: number, count: number): void {
    const { accounted } = block.table;
    const at = (i: number, slot: number) => BLOCK_BYTES * i + 87 + 24 * slot;
    if (this.#holdsScopes) {
      for (let i = 0; i < TILE; i++) this.#charges.blocks.fill(0, at(i, 0), at(i, 2));
      this.#holdsScopes = false;
    }
    if (accounted === undefined) return;
    const { blocks } = this.#charges;
    const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.byteLength);
    for (let i = 0; i < count; i++) {
      for (const [slot, move] of (accounted[from + i]?.scopes ?? []).entries()) {
        blocks.set(fromHex(move.scope, 8), at(i, slot));
        view.setBigUint64(at(i, slot) + 8, BigInt(move.scopeSequence));
        view.setBigUint64(at(i, slot) + 16, BigInt(move.counterBefore));
      }
    }
    this.#holdsScopes = true;
  }

  /** Usage, but for blocks of what a period's end made due. */
  #placeKinds({ table: { kinds } }: ChargeBlock, from: number, count: number): void {
    if (kinds === undefined && !this.#holdsKinds) return;
    this.#charges.placeEverywhere(34, Uint8Array.of(CHARGE_KIND.usage));
    this.#holdsKinds = kinds !== undefined;
    for (let i = 0; kinds !== undefined && i < count; i++) {
      this.#charges.blocks[BLOCK_BYTES * i + 34] = kinds[from + i] as number;
    }
  }

  /** Messages of the salts and the source tags: a key, and the id at the end. */
  #placeIdentities(block: ChargeBlock, secrets: BlockSecrets, from: number, count: number): void {
    const { picks } = this.#owners;
    picks.set(block.narrow.owner.subarray(from, from + count));
    this.#salts.placePicked(1, 32, this.#owners, count);
    this.#placeMonths(secrets, from, count);
    const { idEnd } = block.middle;
    const before = from === 0 ? 0 : (idEnd[from - 1] as number);
    for (let i = 0; i < count; i++) this.#idEnds[i] = (idEnd[from + i] as number) - before;
    this.#ids.set(block.ids.subarray(before, idEnd[from + count - 1]));
    this.#salts.placeTexts(37, this.#ids, this.#idEnds, count);
    this.#sources.placeTexts(34, this.#ids, this.#idEnds, count);
  }

  /** Keys of the source tags. Nearly all blocks are of the month that the one before was of. */
  #placeMonths({ monthKeys, monthOf }: BlockSecrets, from: number, count: number): void {
    const keyOf = (month: number) =>
      monthKeys.subarray(MONTH_KEY_BYTES * month, MONTH_KEY_BYTES * (month + 1));
    const first = monthOf[from] as number;
    let row = 0;
    while (row < count && monthOf[from + row] === first) row++;
    if (row === count) {
      const key = keyOf(first);
      if (this.#month !== undefined && equalBytes(this.#month, key)) return;
      this.#sources.placeEverywhere(1, key);
      this.#month = key.slice();
      return;
    }
    this.#month = undefined;
    for (let i = 0; i < count; i++) {
      this.#sources.blocks.set(keyOf(monthOf[from + i] as number), BLOCK_BYTES * i + 1);
    }
  }

  #placeFields(block: ChargeBlock, from: number, count: number): void {
    const { table, stride, picks } = this.#owners;
    this.#accounts.placePicked(34, 32, { table: table.subarray(32), stride, picks }, count);
    // The tag's first 24 bytes count; what comes behind them is the device tag's place.
    this.#accounts.placeBytes(90, 32, this.#sources.output, count);
    this.#accounts.placePicked(114, 16, { table: table.subarray(64), stride, picks }, count);
    const salts = this.#salts.output;
    this.#accounts.placeBytes(2, 32, salts, count, SALTS_BYTES);
    this.#parties.placeBytes(2, 32, salts.subarray(32), count, SALTS_BYTES);
    this.#charges.placeBytes(2, 32, salts.subarray(64), count, SALTS_BYTES);
    const { accounts, parties, charges } = this.#views;
    const { middle, narrow, small } = block;
    for (let i = 0; i < count; i++) {
      const row = from + i;
      const at = BLOCK_BYTES * i;
      accounts.view.setUint32(at + 70, middle.chargeNumber[row] as number);
      parties.bytes[at + 42] = small.partyType[row] as number;
      parties.view.setUint32(at + 75, middle.length[row] as number);
      const { bytes, view } = charges;
      bytes[at + 35] = small.service[row] as number;
      bytes[at + 36] = small.flags[row] as number;
      view.setUint16(at + 45, narrow.sessionMinutes[row] as number);
      const network = middle.visitedNetwork[row] as number;
      bytes[at + 79] = network >>> 16;
      view.setUint16(at + 80, network & 0xffff);
      bytes[at + 82] = small.class[row] as number;
      view.setUint32(at + 83, middle.tariffVersion[row] as number);
    }
  }

  #placeNumbers(block: ChargeBlock, from: number, count: number): void {
    const { wide } = block;
    const place = (tile: HashTile, offset: number, column: BigUint64Array): void => {
      this.#number.set(column.subarray(from, from + count));
      tile.placeNumbers(offset, 8, this.#number, count);
    };
    place(this.#accounts, 82, wide.runningTotalNano);
    place(this.#parties, 34, wide.restDigits);
    place(this.#parties, 67, wide.offset);
    place(this.#charges, 37, wide.start);
    place(this.#charges, 47, wide.quantity);
    place(this.#charges, 55, wide.secondQuantity);
    place(this.#charges, 63, wide.decidingDigits);
    place(this.#charges, 71, wide.originDigits);
    place(this.#leaves, 126, wide.amountNano);
  }
}

/** A tile's messages in the widths that fields are written in. */
interface Fields {
  bytes: Uint8Array;
  view: DataView;
}

function fieldsOf({ blocks }: HashTile): Fields {
  const { buffer, byteOffset, byteLength } = blocks;
  return { bytes: blocks, view: new DataView(buffer, byteOffset, byteLength) };
}
