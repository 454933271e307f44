import type { Hex } from "../../core/bytes.ts";
import { fromHex } from "../../core/bytes.ts";
import type { SourceRole } from "../../core/commitment/secrets.ts";
import { assert } from "../../core/errors.ts";
import type { Rated } from "../../core/rating/outcome.ts";
import { trafficMonth } from "../bill/billing-epoch.ts";
import type { EngineContext } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import type { DetachedUnit, StoreSession } from "../store/store-session.ts";
import { BYTES_HEADER, encodeInto } from "../store/stored-bytes.ts";
import type { BookState } from "../store/stored-types.ts";
import { BLOCK_CHARGES_MAX, ChargeBlock } from "./charge-block.ts";
import { type ChargeOrder, dealtOrder, givenOrder, OrderMemory } from "./charge-order.ts";
import type { BlockSecrets, LeafHasher } from "./hash-charges.ts";
import { BlockLayer } from "./lay-blocks.ts";
import { LeafTile } from "./leaf-tile.ts";
import { openCharge, type UnnumberedCharge } from "./number-charge.ts";
import {
  type ChargeNumbers,
  type PricedUse,
  STAGED,
  STAGED_WORDS,
  StagedCharges,
} from "./staged-charges.ts";
import { StagedOwners } from "./staged-owners.ts";
import type { CounterDevice, SubscriberCounter } from "./subscriber-counter.ts";
import type { SubscriberCounters } from "./subscriber-counters.ts";
import { ValueRoom } from "./value-room.ts";

/** Fewer charges are stored in the order in which they came: there is little to gain. */
const DEALT_MIN = 4_096;

/** So many are laid into blocks at once: the thread that hashes has work long before a unit of work is whole. */
const DEALT_MAX = 32_768;

/** Told where charges that stood under positions from `first` on stand now. */
export type OnMoved = (first: number, positionOf: Uint32Array) => void;

interface ClosedBlock {
  first: number;
  block: ChargeBlock;
  /** Memory of its leaf tile's value; the digests go straight to where they stand in it. */
  tile: Uint8Array;
  leaves: Uint8Array | Promise<Uint8Array>;
}

/** Memory of a unit of work's values: rows lie behind each other, as they are written. */
class UnitRooms {
  readonly rows = new ValueRoom();
  readonly tiles = new ValueRoom();

  startAnew(): void {
    this.rows.startAnew();
    this.tiles.startAnew();
  }
}

/** Memory of one unit of work after the other, of one file after the other: it grows to the largest. */
export class ChargeMemory {
  readonly staged = new StagedCharges();
  readonly order = new OrderMemory();
  /** Of the unit of work at hand, and of the one that is being written. */
  rooms: [UnitRooms, UnitRooms] = [new UnitRooms(), new UnitRooms()];
}

/**
 * Appends charges to a book: number and running total at once, in the order in which they come; rows by the
 * block, digests of all leaves by tiles, rows and leaf tile under the position of the first, once a unit
 * of work is whole. Until then a charge's position is the one that it would have in the order in which
 * they came; `onMoved` tells which it has. `save` puts everything into the session's unit of work;
 * nothing is durable before that is written.
 */
export class ChargeWriter {
  readonly #context: EngineContext;
  readonly #session: StoreSession;
  readonly #counters: SubscriberCounters;
  readonly #hasherOf: () => LeafHasher;
  readonly #onMoved: OnMoved;
  readonly #book: BookState;
  readonly #layer: BlockLayer;
  readonly #months = new Map<string, Uint8Array>();
  readonly #staged: StagedCharges;
  readonly #owners: StagedOwners;
  /** Keys of the traffic months of what is staged, by the numbers that rows have of them. */
  #stagedMonths: Uint8Array[] = [];
  /** Position of the first charge that is staged. */
  #first: number;
  /** Where the charges stand that were staged last. */
  #moved: { first: number; positionOf: Uint32Array } | undefined;
  /** Blocks of the unit of work at hand, as they lie in their values; and of the one that is being written. */
  #closed: ClosedBlock[] = [];
  #written: readonly ClosedBlock[] = [];
  readonly #memory: ChargeMemory;
  /** Ids of charges beside blocks, of the same two. */
  #alone = new Map<number, string>();
  #aloneWritten: ReadonlyMap<number, string> = new Map();
  #month: { from: number; to: number; key: Uint8Array } = {
    from: 0,
    to: 0,
    key: new Uint8Array(),
  };

  /** All charges are of one source file. @param fileSha256 hexadecimal */
  constructor(
    context: EngineContext,
    session: StoreSession,
    counters: SubscriberCounters,
    book: BookState,
    fileSha256: string,
    memory: ChargeMemory,
    hasherOf: () => LeafHasher,
    onMoved: OnMoved,
  ) {
    this.#context = context;
    this.#session = session;
    this.#counters = counters;
    this.#owners = new StagedOwners(counters);
    this.#book = book;
    this.#first = Number(book.pendingNext);
    this.#memory = memory;
    this.#staged = memory.staged;
    this.#staged.clear();
    for (const room of memory.rooms) room.startAnew();
    this.#hasherOf = hasherOf;
    this.#onMoved = onMoved;
    const { sourceRole: role } = context.profile;
    this.#layer = new BlockLayer({ file: fromHex(`0x${fileSha256.slice(0, 32)}`, 16), role });
  }

  /** Position of the next charge, until it is moved. */
  get position(): number {
    return this.#first + this.#staged.count;
  }

  /** Where a charge stands that got this position when it was added, if it was moved since. */
  placeOf(position: number): number {
    if (this.#moved === undefined || position >= this.#first) return position;
    const { first, positionOf } = this.#moved;
    const row = position - first;
    return row < 0 || row >= positionOf.length ? position : first + (positionOf[row] as number);
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
    if (position >= this.#first) {
      return position < this.position ? this.#staged.id(position - this.#first) : undefined;
    }
    const alone = this.#alone.get(position) ?? this.#aloneWritten.get(position);
    if (alone !== undefined) return alone;
    const holds = ({ first, block }: ClosedBlock) =>
      position >= first && position < first + block.count;
    const holding = this.#closed.find(holds) ?? this.#written.find(holds);
    return holding?.block.id(position - holding.first);
  }

  /** Whether columns hold the amounts and quantities of a charge. */
  fits(
    counter: SubscriberCounter,
    { quantity, secondQuantity }: Rated,
    amountNano: bigint,
  ): boolean {
    assert(amountNano >= 0n, "an amount is never negative");
    return (
      (amountNano | quantity | secondQuantity) >> 64n === 0n &&
      (this.#owners.totalOf(counter) + amountNano) >> 64n === 0n
    );
  }

  /** What `fits`. */
  add(counter: SubscriberCounter, use: PricedUse): void {
    if (this.#staged.count === DEALT_MAX) this.layBlocks();
    const staged = this.#staged;
    const at = staged.begin();
    staged.putAmount(at, use.amountNano);
    const isNumbered = this.#number(at, counter.deviceOf(use.device), use.rated.startMilliseconds);
    assert(isNumbered, "a running total stays within 64 bits");
    staged.putUse(at, use);
    staged.count++;
  }

  /** The same from numbers. @returns false, and adds nothing, where a block can not hold the charge */
  addNumbers(owner: CounterDevice, numbers: ChargeNumbers): boolean {
    if (this.#staged.count === DEALT_MAX) this.layBlocks();
    const staged = this.#staged;
    const at = staged.begin();
    staged.putSafeAmount(at, numbers.amountNano);
    if (!this.#number(at, owner, numbers.startMilliseconds)) return false;
    staged.putNumbers(at, numbers);
    staged.count++;
    return true;
  }

  /** Number and running total of the row at `at`, whose amount is there. */
  #number(at: number, device: CounterDevice, startMilliseconds: number): boolean {
    const owners = this.#owners;
    const { words } = this.#staged;
    const owner = owners.indexOf(device);
    if (owner === -1) return false;
    const subscriber = owners.subscriberOf[owner] as number;
    const low = words[at + STAGED.charged] as number;
    if (!owners.add(subscriber, low, words[at + STAGED.charged + 1] as number)) return false;
    words[at + STAGED.runningTotal] = owners.totals[2 * subscriber] as number;
    words[at + STAGED.runningTotal + 1] = owners.totals[2 * subscriber + 1] as number;
    words[at + STAGED.chargeNumber] = owners.numbers[subscriber] as number;
    words[at + STAGED.owner] = owner;
    words[at + STAGED.month] = this.#monthIn(this.#monthKeyAt(startMilliseconds));
    return true;
  }

  /** One charge that columns can not hold: a price made by hand, an amount beyond 64 bits. */
  addAlone(
    counter: SubscriberCounter,
    priced: UnnumberedCharge,
    role: SourceRole = this.#context.profile.sourceRole,
  ): void {
    this.layBlocks();
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

  /** What is staged becomes blocks: their order is decided, and their digests are under way. */
  layBlocks(): void {
    const staged = this.#staged;
    const { count } = staged;
    if (count === 0) return;
    const { rowAt, positionOf } = this.#order();
    if (rowAt !== positionOf) {
      this.#moved = { first: this.#first, positionOf };
      this.#onMoved(this.#first, positionOf);
    }
    for (let from = 0; from < count; from += BLOCK_CHARGES_MAX) {
      const rows = rowAt.subarray(from, from + BLOCK_CHARGES_MAX);
      const { block, secrets } = this.#layer.lay(staged, this.#owners, rows, this.#stagedMonths);
      this.#close(this.#first + from, block, secrets);
    }
    this.#settle(positionOf);
    this.#first += count;
    staged.clear();
    this.#stagedMonths = [];
  }

  #order(): ChargeOrder {
    const { count, words } = this.#staged;
    const { dealtChargesMin = DEALT_MIN } = this.#context.profile;
    if (count < dealtChargesMin) return givenOrder(count);
    const { subscriberOf, subscribers } = this.#owners;
    const { order } = this.#memory;
    const bySubscriber = order.subscribers(count);
    for (let row = 0; row < count; row++) {
      const owner = words[row * STAGED_WORDS + STAGED.owner] as number;
      bySubscriber[row] = subscriberOf[owner] as number;
    }
    return dealtOrder(bySubscriber, subscribers.length, order);
  }

  /** Tells the subscribers what they have now, and where: the places of each in the order of its numbers. */
  #settle(positionOf: Uint32Array): void {
    const { count, words } = this.#staged;
    const { subscriberOf, subscribers } = this.#owners;
    for (let row = 0; row < count; row++) {
      const owner = words[row * STAGED_WORDS + STAGED.owner] as number;
      const counter = subscribers[subscriberOf[owner] as number] as SubscriberCounter;
      const position = positionOf[row] as number;
      const inBlock = position % BLOCK_CHARGES_MAX;
      counter.addPlace(this.#first + position - inBlock, inBlock);
    }
    for (let at = 0; at < subscribers.length; at++) {
      this.#counters.touch(subscribers[at] as SubscriberCounter);
    }
    this.#owners.settle();
  }

  /**
   * Lays what is staged into blocks and puts them, book and counters into the session's unit of work, which
   * is to be detached then. The unit before it has to be written: its values' memory is used again.
   * @returns puts the leaf digests into the detached unit once they are there: no row is ever durable
   *   without its digest. It throws what the hasher throws; nothing of the unit is to be written then.
   */
  save(): (unit: DetachedUnit) => Promise<void> {
    this.layBlocks();
    this.#counters.save();
    const key = keys.book(this.#book.domain);
    const known = this.#session.peek<BookState>(key) ?? this.#book;
    this.#session.put(key, { ...known, pendingNext: String(this.#first) } satisfies BookState);
    const closed = this.#closed;
    this.#written = closed;
    this.#aloneWritten = this.#alone;
    this.#closed = [];
    this.#alone = new Map();
    const [written, next] = this.#memory.rooms;
    this.#memory.rooms = [next, written];
    next.startAnew();
    return async (unit) => {
      for (const { first, block, tile, leaves } of closed) {
        const { amountNano, start } = block.wide;
        const value = LeafTile.encodeInto(tile, await leaves, amountNano, start);
        unit.putLasting(keys.leaves(this.#book.domain, BigInt(first)), value);
      }
    };
  }

  #close(first: number, block: ChargeBlock, secrets: BlockSecrets): void {
    const parts = block.encode();
    const bytes = parts.reduce((sum, { length }) => sum + length, BYTES_HEADER);
    const [room] = this.#memory.rooms;
    const rows = encodeInto(room.rows.take(bytes), parts);
    const stored = ChargeBlock.decode(rows.subarray(BYTES_HEADER));
    this.#session.putCold(keys.rows(this.#book.domain, BigInt(first)), rows);
    const tile = room.tiles.take(LeafTile.valueBytes(stored.count));
    const leaves = this.#hasherOf().leavesOf(stored, secrets, LeafTile.digestsIn(tile));
    // Who fails is asked in `save`; until then nobody would take the refusal.
    if (leaves instanceof Promise) leaves.catch(() => {});
    this.#closed.push({ first, block: stored, tile, leaves });
  }

  /** Which of the staged months a key is of; most units of work have one or two. */
  #monthIn(key: Uint8Array): number {
    const months = this.#stagedMonths;
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
