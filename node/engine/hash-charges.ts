import { fromHex } from "../core/bytes.ts";
import { CHARGE_KIND, PARTY_TYPE } from "../core/commitment/charge-groups.ts";
import { HashArena, type HashTile } from "../core/commitment/kernel/hash-arena.ts";
import { BLOCK_BYTES } from "../core/commitment/kernel/kernel.ts";
import { textIdentity } from "../core/commitment/secrets.ts";
import { PROTOCOL_VERSION, TAG } from "../core/commitment/tags.ts";
import type { ChargeBlock } from "./charge-block.ts";

const TILE = 256;
/** Six tiles of 256 messages (136 bytes) and what they hash to (32, or 96), and a column. */
const ARENA_BYTES = 458_752;

/** What opens the rows of one owner: the epoch's key and pseudonym, and the tag of the device. */
export interface OwnerSecrets {
  epochKey: Uint8Array;
  pseudonym: Uint8Array;
  deviceTag: Uint8Array;
}

export interface BlockSecrets {
  /** By the block's owners. */
  owners: OwnerSecrets[];
  /** Key of the source tags of a row's traffic month. */
  monthKeyAt: (startMilliseconds: number) => Uint8Array;
}

/**
 * Leaf digests of whole blocks of charges, by tiles: what `leafOfStoredCharge` computes one by one.
 * The offsets are those of docs/PROTOCOL.md, sections 3 and 4; a property test holds both equal.
 */
export class ChargeHasher {
  readonly #salts: HashTile;
  readonly #sources: HashTile;
  readonly #accounts: HashTile;
  readonly #parties: HashTile;
  readonly #charges: HashTile;
  readonly #leaves: HashTile;
  readonly #number: BigUint64Array;
  #holdsEvents = false;
  #holdsScopes = false;

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

  /** @returns 32 bytes for each row */
  leavesOf(block: ChargeBlock, secrets: BlockSecrets): Uint8Array {
    const leaves = new Uint8Array(32 * block.count);
    const file = Uint8Array.from(Buffer.from(block.table.file, "hex"));
    this.#parties.placeEverywhere(51, file);
    this.#sources.placeEverywhere(33, Uint8Array.of(block.table.role));
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
    this.#placeFields(block, secrets, from, count);
    this.#placeNumbers(block, from, count);
    for (let i = 0; i < count; i++) {
      const text = block.table.texts[from + i];
      if (block.small.partyType[from + i] !== PARTY_TYPE.text || text === undefined) continue;
      const salt = this.#salts.output.slice(96 * i + 32, 96 * i + 64);
      this.#parties.blocks.set(textIdentity(salt, text), BLOCK_BYTES * i + 34);
    }
    this.#placeEventsRoots(block, from, count);
    this.#placeScopes(block, from, count);
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

  /** Messages of the salts and the source tags: a key, and the id at the end. */
  #placeIdentities(block: ChargeBlock, secrets: BlockSecrets, from: number, count: number): void {
    const salts = this.#salts.blocks;
    const sources = this.#sources.blocks;
    const { ids } = block;
    const { idEnd } = block.middle;
    for (let i = 0; i < count; i++) {
      const row = from + i;
      const idFrom = row === 0 ? 0 : (idEnd[row - 1] as number);
      const length = (idEnd[row] as number) - idFrom;
      const at = BLOCK_BYTES * i;
      const owner = secrets.owners[block.narrow.owner[row] as number] as OwnerSecrets;
      copy(owner.epochKey, 0, salts, at + 1, 32);
      copy(secrets.monthKeyAt(Number(block.wide.start[row])), 0, sources, at + 1, 32);
      copy(ids, idFrom, salts, at + 37, length);
      copy(ids, idFrom, sources, at + 34, length);
      pad(salts, at, 37 + length, 0x1f);
      pad(sources, at, 34 + length, 0x01);
    }
  }

  #placeFields(block: ChargeBlock, secrets: BlockSecrets, from: number, count: number): void {
    const salts = this.#salts.output;
    const tags = this.#sources.output;
    const accounts = this.#accounts.blocks;
    const parties = this.#parties.blocks;
    const charges = this.#charges.blocks;
    const { middle, narrow, small } = block;
    for (let i = 0; i < count; i++) {
      const row = from + i;
      const at = BLOCK_BYTES * i;
      const owner = secrets.owners[narrow.owner[row] as number] as OwnerSecrets;
      copy(salts, 96 * i, accounts, at + 2, 32);
      copy(salts, 96 * i + 32, parties, at + 2, 32);
      copy(salts, 96 * i + 64, charges, at + 2, 32);
      copy(owner.pseudonym, 0, accounts, at + 34, 32);
      copy(tags, 32 * i, accounts, at + 90, 24);
      copy(owner.deviceTag, 0, accounts, at + 114, 16);
      parties[at + 42] = small.partyType[row] as number;
      putBigEndian(parties, at + 75, 4, middle.length[row] as number);
      charges[at + 35] = small.service[row] as number;
      charges[at + 36] = small.flags[row] as number;
      putBigEndian(charges, at + 45, 2, narrow.sessionMinutes[row] as number);
      putBigEndian(charges, at + 79, 3, middle.visitedNetwork[row] as number);
      charges[at + 82] = small.class[row] as number;
      putBigEndian(charges, at + 83, 4, middle.tariffVersion[row] as number);
      putBigEndian(accounts, at + 70, 4, middle.chargeNumber[row] as number);
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

function putBigEndian(to: Uint8Array, at: number, width: number, value: number): void {
  let rest = value;
  for (let i = at + width - 1; i >= at; i--) {
    to[i] = rest & 0xff;
    rest >>>= 8;
  }
}
