import { fromHex } from "../../core/bytes.ts";
import { CHARGE_KIND, PARTY_TYPE } from "../../core/commitment/charge-groups.ts";
import { HashArena, type HashTile } from "../../core/commitment/kernel/hash-arena.ts";
import { BLOCK_BYTES } from "../../core/commitment/kernel/kernel.ts";
import { textIdentity } from "../../core/commitment/secrets.ts";
import { PROTOCOL_VERSION, TAG } from "../../core/commitment/tags.ts";
import type { ChargeBlock } from "./charge-block.ts";

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
  /** Columns of what a row's owner brings: placed by the kernel, which is faster than bytes one by one. */
  readonly #epochKeys: Uint8Array;
  readonly #pseudonyms: Uint8Array;
  readonly #deviceTags: Uint8Array;
  readonly #monthKeys: Uint8Array;
  readonly #views: { accounts: Fields; parties: Fields; charges: Fields };
  readonly #saltWords: Uint16Array;
  /** Lengths of the ids that stand in the messages, so that only what differs is ended anew. */
  readonly #idLengths = new Uint8Array(TILE);
  #holdsEvents = false;
  #holdsScopes = false;
  #holdsKinds = false;

  /** @param domain the book's */
  constructor(domain: Uint8Array) {
    const arena = new HashArena(ARENA_BYTES);
    this.#salts = arena.tile(TILE, "shake");
    this.#sources = arena.tile(TILE, "keccak");
    this.#accounts = arena.tile(TILE, "keccak");
    this.#parties = arena.tile(TILE, "keccak");
    this.#charges = arena.tile(TILE, "keccak");
    this.#leaves = arena.tile(TILE, "keccak");
    this.#number = arena.numbers(TILE);
    this.#epochKeys = arena.bytes(32 * TILE);
    this.#pseudonyms = arena.bytes(32 * TILE);
    this.#deviceTags = arena.bytes(16 * TILE);
    this.#monthKeys = arena.bytes(MONTH_KEY_BYTES * TILE);
    this.#saltWords = wordsOf(this.#salts.output);
    this.#views = {
      accounts: fieldsOf(this.#accounts),
      parties: fieldsOf(this.#parties),
      charges: fieldsOf(this.#charges),
    };
    this.#idLengths.fill(0xff);
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
    this.#gatherSecrets(block, secrets, from, count);
    this.#salts.placeBytes(1, 32, this.#epochKeys, count);
    this.#sources.placeBytes(1, MONTH_KEY_BYTES, this.#monthKeys, count);
    const salts = this.#salts.blocks;
    const sources = this.#sources.blocks;
    const { ids } = block;
    const { idEnd } = block.middle;
    let idAt = from === 0 ? 0 : (idEnd[from - 1] as number);
    for (let i = 0; i < count; i++) {
      const end = idEnd[from + i] as number;
      const length = end - idAt;
      const at = BLOCK_BYTES * i;
      for (let to = at + 34; idAt < end; idAt++, to++) {
        const byte = ids[idAt] as number;
        sources[to] = byte;
        salts[to + 3] = byte;
      }
      if (this.#idLengths[i] === length) continue;
      this.#idLengths[i] = length;
      pad(salts, at, 37 + length, 0x1f);
      pad(sources, at, 34 + length, 0x01);
    }
  }

  #gatherSecrets(block: ChargeBlock, secrets: BlockSecrets, from: number, count: number): void {
    const { owner } = block.narrow;
    const { owners, monthKeys, monthOf } = secrets;
    for (let i = 0; i < count; i++) {
      const at = OWNER_SECRET_BYTES * (owner[from + i] as number);
      copy(owners, at, this.#epochKeys, 32 * i, 32);
      copy(owners, at + 32, this.#pseudonyms, 32 * i, 32);
      copy(owners, at + 64, this.#deviceTags, 16 * i, 16);
      const month = MONTH_KEY_BYTES * (monthOf[from + i] as number);
      copy(monthKeys, month, this.#monthKeys, MONTH_KEY_BYTES * i, MONTH_KEY_BYTES);
    }
  }

  #placeFields(block: ChargeBlock, from: number, count: number): void {
    this.#accounts.placeBytes(34, 32, this.#pseudonyms, count);
    // The tag's first 24 bytes count; what comes behind them is the device tag's place.
    this.#accounts.placeBytes(90, 32, this.#sources.output, count);
    this.#accounts.placeBytes(114, 16, this.#deviceTags, count);
    const { accounts, parties, charges } = this.#views;
    const salts = this.#saltWords;
    const { middle, narrow, small } = block;
    for (let i = 0; i < count; i++) {
      const row = from + i;
      const at = BLOCK_BYTES * i;
      const word = (at >> 1) + 1;
      const salt = 48 * i;
      for (let w = 0; w < 16; w++) {
        accounts.words[word + w] = salts[salt + w] as number;
        parties.words[word + w] = salts[salt + 16 + w] as number;
        charges.words[word + w] = salts[salt + 32 + w] as number;
      }
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
  /** Every offset of a salt is even. */
  words: Uint16Array;
  view: DataView;
}

function fieldsOf({ blocks }: HashTile): Fields {
  const { buffer, byteOffset, byteLength } = blocks;
  return {
    bytes: blocks,
    words: wordsOf(blocks),
    view: new DataView(buffer, byteOffset, byteLength),
  };
}

const wordsOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Uint16Array =>
  new Uint16Array(buffer, byteOffset, byteLength / 2);

/** Cheaper than a view and a call for so few bytes. */
function copy(
  from: Uint8Array,
  fromAt: number,
  to: Uint8Array,
  toAt: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) to[toAt + i] = from[fromAt + i] as number;
}

/** Ends a message of `length` bytes whose block held a longer or shorter one before. */
function pad(blocks: Uint8Array, at: number, length: number, ending: number): void {
  blocks.fill(0, at + length, at + BLOCK_BYTES);
  blocks[at + length] = ending;
  blocks[at + BLOCK_BYTES - 1] = (blocks[at + BLOCK_BYTES - 1] as number) | 0x80;
}
