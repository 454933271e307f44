import type { Hex } from "../../core/bytes.ts";
import { fromHex } from "../../core/bytes.ts";
import { CHARGE_FLAG, NO_DIGITS, NO_NETWORK } from "../../core/commitment/charge-groups.ts";
import { RECORD_ID_BYTES_MAX, type SourceRole } from "../../core/commitment/secrets.ts";
import { assert } from "../../core/errors.ts";
import type { Place } from "../../core/rating/compiled-rater.ts";
import type { Rated } from "../../core/rating/outcome.ts";
import type { RecordSource } from "../../core/records/usage-record.ts";
import { trafficMonth } from "../bill/billing-epoch.ts";
import type { EngineContext } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import type { StoreSession } from "../store/store-session.ts";
import { BYTES_HEADER, encodeInto } from "../store/stored-bytes.ts";
import type { AccountedPrice, BookState } from "../store/stored-types.ts";
import { BLOCK_CHARGES_MAX, ChargeBlock, putWhole } from "./charge-block.ts";
import { type LeafHasher, OWNER_SECRET_BYTES } from "./hash-charges.ts";
import { LeafTile } from "./leaf-tile.ts";
import { openCharge, type UnnumberedCharge } from "./number-charge.ts";
import type { SubscriberCounter, SubscriberCounters } from "./subscriber-counters.ts";
import { ValueRoom } from "./value-room.ts";

const OWNER_SECRET_WORDS = OWNER_SECRET_BYTES / 4;
const ID_BYTES = BLOCK_CHARGES_MAX * RECORD_ID_BYTES_MAX;

/** A rated record of a subscriber, before it has its number. */
export interface PricedUse {
  recordId: string;
  device: string;
  rated: Rated;
  amountNano: bigint;
  source: RecordSource | undefined;
  /** "0x" and 64 digits, when the record stands for events. */
  eventsRoot?: string | undefined;
  accounted?: AccountedPrice | undefined;
}

/** A row of columns with its price: one object that whoever fills it uses again. */
export interface ChargeNumbers {
  device: string;
  /** Where the record's id stands, in ASCII. */
  ids: Uint8Array;
  idFrom: number;
  idTo: number;
  place: Place;
  startMilliseconds: number;
  sessionMinutes: number;
  /** Whole units, at most 2^53. */
  quantity: number;
  secondQuantity: number;
  amountNano: bigint;
  /** Codes of the protocol. */
  service: number;
  direction: number;
  tariffVersion: number;
  byteOffset: number;
  byteLength: number;
}

/**
 * Appends charges to a book by the block: number and running total from the counters, digests of all
 * leaves by tiles, rows and leaf tile under the position of the first. `save` puts everything into
 * the session's unit of work; nothing is visible or durable before that is committed.
 */
export class ChargeWriter {
  readonly #context: EngineContext;
  readonly #session: StoreSession;
  readonly #counters: SubscriberCounters;
  readonly #hasherOf: () => LeafHasher;
  readonly #book: BookState;
  readonly #months = new Map<string, Uint8Array>();
  readonly #ids = Buffer.alloc(ID_BYTES);
  #file: Uint8Array = new Uint8Array(16);
  #block: ChargeBlock | undefined;
  /** What opens the block at hand: by its owners, and by its rows the traffic month. */
  readonly #secrets = new Uint8Array(OWNER_SECRET_BYTES * BLOCK_CHARGES_MAX);
  readonly #secretWords = new Uint32Array(this.#secrets.buffer);
  readonly #monthOf = new Uint16Array(BLOCK_CHARGES_MAX);
  readonly #blockMonths: Uint8Array[] = [];
  #first: number;
  #count = 0;
  #idAt = 0;
  #serial = 0;
  /** Blocks of the unit of work at hand, as they lie in their values. */
  #closed: { first: number; block: ChargeBlock; leaves: Uint8Array | Promise<Uint8Array> }[] = [];
  /** Columns that are filled again for every block of the file. */
  #columns: ChargeBlock | undefined;
  readonly #room = new ValueRoom();
  /** Ids of charges beside blocks, of the unit of work at hand. */
  readonly #alone = new Map<number, string>();
  #month: { from: number; to: number; key: Uint8Array } = {
    from: 0,
    to: 0,
    key: new Uint8Array(),
  };

  constructor(
    context: EngineContext,
    session: StoreSession,
    counters: SubscriberCounters,
    book: BookState,
    hasherOf: () => LeafHasher,
  ) {
    this.#context = context;
    this.#session = session;
    this.#counters = counters;
    this.#book = book;
    this.#first = Number(book.pendingNext);
    this.#hasherOf = hasherOf;
  }

  /** All rows until the next call are of this source file. @param sha256 hexadecimal */
  startFile(sha256: string): void {
    this.#close();
    this.#columns = undefined;
    this.#file = fromHex(`0x${sha256.slice(0, 32)}`, 16);
  }

  /** Position of the next charge. */
  get position(): number {
    return this.#first + this.#count;
  }

  /** Reads the keys of traffic months that `add` will ask for. */
  async prefetchMonths(starts: Iterable<number>): Promise<void> {
    const wanted = new Set<string>();
    for (const start of starts) {
      if (start >= this.#month.from && start < this.#month.to) continue;
      wanted.add(keys.monthKey(this.#book.domain, trafficMonth(start)));
    }
    await this.#session.prefetch(wanted);
  }

  /** The id of a charge that was added and is not durable yet. */
  idAt(position: number): string | undefined {
    if (position >= this.#first && position < this.position) {
      const row = position - this.#first;
      const { idEnd } = (this.#block as ChargeBlock).middle;
      return this.#ids.toString("utf8", row === 0 ? 0 : idEnd[row - 1], idEnd[row]);
    }
    const alone = this.#alone.get(position);
    if (alone !== undefined) return alone;
    const holding = this.#closed.find(
      ({ first, block }) => position >= first && position < first + block.count,
    );
    return holding?.block.id(position - holding.first);
  }

  add(counter: SubscriberCounter, use: PricedUse): void {
    this.#block ??= this.#emptyBlock();
    const { wide, halves, middle, narrow, small, table } = this.#block;
    const { rated, source } = use;
    const row = this.#count;
    this.#counters.count(counter, use.amountNano, this.#first, row);
    this.#idAt += this.#ids.write(use.recordId, this.#idAt, "utf8");
    middle.idEnd[row] = this.#idAt;
    narrow.owner[row] = this.#ownerOf(counter, use.device);
    middle.chargeNumber[row] = counter.chargeNumber;
    wide.amountNano[row] = use.amountNano;
    wide.runningTotalNano[row] = counter.runningTotalNano;
    putWhole(halves.start, row, rated.startMilliseconds);
    wide.quantity[row] = rated.quantity;
    wide.secondQuantity[row] = rated.secondQuantity;
    wide.decidingDigits[row] = rated.decidingDigits;
    wide.restDigits[row] = rated.partyText === undefined ? rated.restDigits : 0n;
    wide.originDigits[row] = rated.originDigits ?? NO_DIGITS;
    putWhole(halves.offset, row, source?.byteOffset ?? 0);
    middle.length[row] = source?.byteLength ?? 0;
    middle.tariffVersion[row] = rated.tariffVersion;
    middle.visitedNetwork[row] = rated.visitedNetwork ?? NO_NETWORK;
    narrow.sessionMinutes[row] = rated.sessionMinutes;
    small.service[row] = rated.service;
    small.flags[row] = rated.direction | (rated.wholeNumber ? CHARGE_FLAG.wholeNumber : 0);
    small.partyType[row] = rated.partyType;
    small.class[row] = rated.class ?? 0;
    if (rated.partyText !== undefined) table.texts[row] = rated.partyText;
    if (use.eventsRoot !== undefined) {
      table.eventsRoots ??= {};
      table.eventsRoots[row] = use.eventsRoot as Hex;
    }
    if (use.accounted !== undefined) {
      table.accounted ??= {};
      table.accounted[row] = use.accounted;
    }
    this.#monthOf[row] = this.#monthIn(this.#monthKeyAt(rated.startMilliseconds));
    if (++this.#count === BLOCK_CHARGES_MAX) this.#close();
  }

  /** The same from numbers. @returns false, and adds nothing, where a block can not hold the charge */
  addNumbers(counter: SubscriberCounter, numbers: ChargeNumbers): boolean {
    const { amountNano, place, startMilliseconds } = numbers;
    if ((amountNano | (counter.runningTotalNano + amountNano)) >> 64n !== 0n) return false;
    this.#block ??= this.#emptyBlock();
    const { wide, halves, middle, narrow, small, table } = this.#block;
    const row = this.#count;
    this.#counters.count(counter, amountNano, this.#first, row);
    for (let at = numbers.idFrom; at < numbers.idTo; at++) {
      this.#ids[this.#idAt++] = numbers.ids[at] as number;
    }
    middle.idEnd[row] = this.#idAt;
    narrow.owner[row] = this.#ownerOf(counter, numbers.device);
    middle.chargeNumber[row] = counter.chargeNumber;
    wide.amountNano[row] = amountNano;
    wide.runningTotalNano[row] = counter.runningTotalNano;
    putWhole(halves.start, row, startMilliseconds);
    putWhole(halves.quantity, row, numbers.quantity);
    putWhole(halves.secondQuantity, row, numbers.secondQuantity);
    wide.decidingDigits[row] = place.decidingDigits;
    wide.restDigits[row] = place.partyText === undefined ? place.restDigits : 0n;
    wide.originDigits[row] = NO_DIGITS;
    putWhole(halves.offset, row, numbers.byteOffset);
    middle.length[row] = numbers.byteLength;
    middle.tariffVersion[row] = numbers.tariffVersion;
    middle.visitedNetwork[row] = NO_NETWORK;
    narrow.sessionMinutes[row] = numbers.sessionMinutes;
    small.service[row] = numbers.service;
    small.flags[row] = numbers.direction | (place.wholeNumber ? CHARGE_FLAG.wholeNumber : 0);
    small.partyType[row] = place.partyType;
    small.class[row] = 0;
    if (place.partyText !== undefined) table.texts[row] = place.partyText;
    this.#monthOf[row] = this.#monthIn(this.#monthKeyAt(startMilliseconds));
    if (++this.#count === BLOCK_CHARGES_MAX) this.#close();
    return true;
  }

  /** One charge that columns can not hold: a price made by hand, an amount beyond 64 bits. */
  addAlone(
    counter: SubscriberCounter,
    priced: UnnumberedCharge,
    role: SourceRole = this.#context.profile.sourceRole,
  ): void {
    this.#close();
    const position = this.#first;
    this.#counters.count(counter, priced.amountNano, position, 0);
    const { domain } = this.#book;
    const { charge, leaf } = openCharge(fromHex(domain, 20), priced, {
      epoch: counter.state(),
      monthKey: this.#monthKeyAt(priced.startMilliseconds),
      role,
      chargeNumber: BigInt(counter.chargeNumber),
      runningTotalNano: counter.runningTotalNano,
    });
    this.#session.put(keys.rows(domain, BigInt(position)), charge);
    this.#session.putLasting(keys.leaves(domain, BigInt(position)), LeafTile.from([leaf]).encode());
    this.#alone.set(position, priced.recordId);
    this.#first = position + 1;
  }

  /**
   * Closes the block at hand and, once all leaf digests are there, puts them, book and counters into
   * the session's unit of work: no row is ever durable without its digest. The next charge is added
   * after the unit was committed: its values' memory is used again then.
   * @throws what the hasher throws; nothing of the unit is written then
   */
  async save(): Promise<void> {
    this.#close();
    for (const { first, block, leaves } of this.#closed) this.#putTile(first, block, await leaves);
    this.#counters.save();
    const key = keys.book(this.#book.domain);
    const known = this.#session.peek<BookState>(key) ?? this.#book;
    this.#session.put(key, { ...known, pendingNext: String(this.#first) } satisfies BookState);
    this.#closed = [];
    this.#alone.clear();
    this.#room.startAnew();
  }

  #putTile(first: number, { count, wide }: ChargeBlock, leaves: Uint8Array): void {
    const memory = this.#room.take(LeafTile.valueBytes(count));
    const value = LeafTile.encodeInto(memory, leaves, wide.amountNano, wide.start);
    this.#session.putLasting(keys.leaves(this.#book.domain, BigInt(first)), value);
  }

  #emptyBlock(): ChargeBlock {
    const { sourceRole: role } = this.#context.profile;
    this.#columns ??= ChargeBlock.empty(BLOCK_CHARGES_MAX, { file: this.#file, role });
    this.#columns.clear();
    return this.#columns;
  }

  #close(): void {
    if (this.#block === undefined || this.#count === 0) return;
    const block = this.#block.shortened(this.#count);
    block.ids = this.#ids.subarray(0, this.#idAt);
    const parts = block.encode();
    const bytes = parts.reduce((sum, { length }) => sum + length, BYTES_HEADER);
    const rows = encodeInto(this.#room.take(bytes), parts);
    const stored = ChargeBlock.decode(rows.subarray(BYTES_HEADER));
    const { domain } = this.#book;
    this.#session.putLasting(keys.rows(domain, BigInt(this.#first)), rows);
    const leaves = this.#hasherOf().leavesOf(stored, {
      owners: this.#secrets,
      monthKeys: Buffer.concat(this.#blockMonths),
      monthOf: this.#monthOf,
    });
    // Who fails is asked in `save`; until then nobody would take the refusal.
    if (leaves instanceof Promise) leaves.catch(() => {});
    this.#closed.push({ first: this.#first, block: stored, leaves });
    this.#first += this.#count;
    this.#block = undefined;
    this.#blockMonths.length = 0;
    this.#count = 0;
    this.#idAt = 0;
    this.#serial++;
  }

  #ownerOf(counter: SubscriberCounter, device: string): number {
    const owner = counter.deviceOf(device);
    if (owner.serial === this.#serial) return owner.index;
    owner.serial = this.#serial;
    owner.index = (this.#block as ChargeBlock).owners.push(owner.packed);
    const { secrets } = owner;
    const at = OWNER_SECRET_WORDS * owner.index;
    for (let word = 0; word < OWNER_SECRET_WORDS; word++) {
      this.#secretWords[at + word] = secrets[word] as number;
    }
    return owner.index;
  }

  /** Which of the block's months a key is of; most blocks have one. */
  #monthIn(key: Uint8Array): number {
    const months = this.#blockMonths;
    const last = months.length - 1;
    if (months[last] === key) return last;
    const found = months.indexOf(key);
    return found >= 0 ? found : months.push(key) - 1;
  }

  /** Made at first need; records come nearly in order of time, so the last one mostly holds. */
  #monthKeyAt(start: number): Uint8Array {
    if (start >= this.#month.from && start < this.#month.to) return this.#month.key;
    const month = trafficMonth(start);
    let key = this.#months.get(month);
    if (key === undefined) {
      const at = keys.monthKey(this.#book.domain, month);
      let stored = this.#session.peek<Hex>(at);
      if (stored === undefined) {
        stored = `0x${Buffer.from(this.#context.random.bytes(32)).toString("hex")}`;
        this.#session.put(at, stored);
      }
      key = fromHex(stored, 32);
      this.#months.set(month, key);
    }
    const from = Date.parse(`${month}-01T00:00:00Z`);
    const next = new Date(from);
    next.setUTCMonth(next.getUTCMonth() + 1);
    this.#month = { from, to: next.getTime(), key };
    return key;
  }
}

/** Whether columns hold the amounts and quantities of a charge. */
export function fitsBlock(counter: SubscriberCounter, rated: Rated, amountNano: bigint): boolean {
  const { quantity, secondQuantity } = rated;
  assert(amountNano >= 0n, "an amount is never negative");
  return (
    (amountNano | quantity | secondQuantity) >> 64n === 0n &&
    (counter.runningTotalNano + amountNano) >> 64n === 0n
  );
}
