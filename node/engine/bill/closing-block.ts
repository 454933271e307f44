import { NO_DIGITS, NO_NETWORK, PARTY_TYPE } from "../../core/commitment/charge-groups.ts";
import { deviceTag, RECORD_ID_BYTES_MAX, type SourceRole } from "../../core/commitment/secrets.ts";
import type { BillingPeriod } from "../../core/rating/billing-period.ts";
import { packedOwner } from "../number/block-owners.ts";
import { BLOCK_CHARGES_MAX, ChargeBlock, putWhole } from "../number/charge-block.ts";
import { ChargeHasher, OWNER_SECRET_BYTES } from "../number/hash-charges.ts";
import { LeafTile } from "../number/leaf-tile.ts";
import type { PackedEpoch } from "../number/stored-epoch.ts";
import { encodeBytes } from "../store/stored-bytes.ts";
import { closingId, componentsOf, type DueLines, dueStart, kindOfLine } from "./closing-lines.ts";

const WORD = 1n << 64n;
const DEVICE_BYTES_MAX = 0xffff;
const utf8 = new TextEncoder();

/** Three bytes a character of UTF-16 at most: short texts need not be encoded to know. */
const bytesFit = (text: string, bytesMax: number): boolean =>
  3 * text.length <= bytesMax || utf8.encode(text).length <= bytesMax;

interface FullBlock {
  rows: Uint8Array;
  tile: Uint8Array;
  count: number;
}

/** What all charges of a unit share. */
export interface BlockTerms {
  epoch: string;
  period: BillingPeriod;
  version: number;
  monthKey: Uint8Array;
}

/** Charges that a period's end makes due, written into blocks of columns with their leaf digests. */
export class ClosingBlocks {
  readonly #hasher: ChargeHasher;
  readonly #role: SourceRole;
  #full: FullBlock[] = [];
  #block: ChargeBlock | undefined;
  #count = 0;
  readonly #ids = new Uint8Array(BLOCK_CHARGES_MAX * RECORD_ID_BYTES_MAX);
  #idAt = 0;
  readonly #secrets = new Uint8Array(OWNER_SECRET_BYTES * BLOCK_CHARGES_MAX);
  readonly #monthOf = new Uint16Array(BLOCK_CHARGES_MAX);

  constructor(domain: Uint8Array, role: SourceRole) {
    this.#hasher = new ChargeHasher(domain);
    this.#role = role;
  }

  /** Whether columns hold an account's charges. */
  static fits(
    account: string,
    state: PackedEpoch,
    period: BillingPeriod,
    { charges }: DueLines,
  ): boolean {
    const sumNano = charges.reduce((sum, { line }) => sum + line.amountNano, 0n);
    if (state.runningTotalNano + sumNano >= WORD) return false;
    return charges.every(
      ({ at, line }) =>
        bytesFit(closingId(account, period, at), RECORD_ID_BYTES_MAX) &&
        bytesFit(line.name, DEVICE_BYTES_MAX),
    );
  }

  /** Appends an account's charges and counts them in its state; places name the block by its index. */
  add(
    account: string,
    state: PackedEpoch,
    terms: BlockTerms,
    { charges, taxNano }: DueLines,
  ): void {
    for (const charge of charges) this.#addLine(account, state, terms, charge);
    state.taxNano += taxNano;
  }

  #addLine(
    account: string,
    state: PackedEpoch,
    { epoch, period, version, monthKey }: BlockTerms,
    { at, line }: DueLines["charges"][number],
  ): void {
    this.#block ??= this.#empty();
    const { owners, wide, halves, middle, narrow, small, table } = this.#block;
    const row = this.#count++;
    state.lastChargeNumber++;
    state.runningTotalNano += line.amountNano;
    state.places.push(this.#full.length, row);
    this.#idAt += utf8.encodeInto(
      closingId(account, period, at),
      this.#ids.subarray(this.#idAt),
    ).written;
    middle.idEnd[row] = this.#idAt;
    narrow.owner[row] = owners.push(packedOwner({ account, epoch, device: line.name }));
    this.#placeSecrets(row, state.secrets, line.name);
    middle.chargeNumber[row] = state.lastChargeNumber;
    wide.amountNano[row] = line.amountNano;
    wide.runningTotalNano[row] = state.runningTotalNano;
    putWhole(halves.start, row, dueStart(period));
    middle.tariffVersion[row] = version;
    // A charge without use (charge-groups.ts); what is not set here is zero.
    wide.decidingDigits[row] = NO_DIGITS;
    wide.restDigits[row] = NO_DIGITS;
    wide.originDigits[row] = NO_DIGITS;
    middle.visitedNetwork[row] = NO_NETWORK;
    small.partyType[row] = PARTY_TYPE.none;
    table.kinds?.push(kindOfLine(line));
    if (table.accounted !== undefined) {
      table.accounted[row] = { scopes: [], components: componentsOf(line), moves: [] };
    }
    if (this.#count === BLOCK_CHARGES_MAX) this.#close(monthKey);
  }

  #placeSecrets(row: number, secrets: Uint8Array, device: string): void {
    const epochKey = secrets.subarray(0, 32);
    const at = OWNER_SECRET_BYTES * row;
    this.#secrets.set(epochKey, at);
    this.#secrets.set(secrets.subarray(84, 116), at + 32);
    this.#secrets.set(deviceTag(epochKey, device), at + 64);
  }

  /** All blocks since the last call. */
  take({ monthKey }: BlockTerms): FullBlock[] {
    this.#close(monthKey);
    const full = this.#full;
    this.#full = [];
    return full;
  }

  #empty(): ChargeBlock {
    const block = ChargeBlock.empty(BLOCK_CHARGES_MAX, {
      file: new Uint8Array(16),
      role: this.#role,
    });
    block.table = { texts: {}, accounted: {}, kinds: [] };
    return block;
  }

  #close(monthKey: Uint8Array): void {
    if (this.#block === undefined) return;
    const block = this.#block.shortened(this.#count);
    block.ids = this.#ids.subarray(0, this.#idAt);
    const leaves = this.#hasher.leavesOf(block, {
      owners: this.#secrets,
      monthKeys: monthKey,
      monthOf: this.#monthOf,
    });
    const { amountNano, start } = block.wide;
    const tile = new Uint8Array(LeafTile.valueBytes(block.count));
    LeafTile.encodeInto(tile, leaves, amountNano, start);
    this.#full.push({ rows: encodeBytes(...block.encode()), tile, count: block.count });
    this.#block = undefined;
    this.#count = 0;
    this.#idAt = 0;
  }
}
