import { TallystickError } from "../../core/errors.ts";
import { below, keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import { StoreSession } from "../store/store-session.ts";
import { getJson, scanJson } from "../store/stored-json.ts";
import type { StoredBatch, StoredTick } from "../store/stored-types.ts";
import { OpenTicks, type TicksStanding } from "./open-ticks.ts";
import type { Outbox } from "./outbox.ts";
import type { Settled } from "./outbox-journal.ts";

/** Batches in one transaction; the contract takes no more than a hundred. */
const BATCHES_PER_TRANSACTION = 50;
/**
 * Commitments on their way from which on further ticks are kept back, to go several in a transaction:
 * a ledger that was away for a day gets a hundred transactions and not fifteen hundred.
 */
const ON_THE_WAY_MAX = 4;
/** Ticks whose block times are compared with the outbox at a start. */
const RECHECKED_TICKS = 256;

const KEY = /^commit-tick:(\d+):/;

/**
 * Brings sealed batches to the ledger, one tick in one transaction where it fits, and writes the
 * block time back when it is final. A tick is durable before it comes here; a crash at any point
 * leaves it without a block time, and the next start takes it up again under the same keys. Which
 * ticks go together is durable before the outbox has them, so that none goes twice.
 */
export class TickCommitter {
  readonly #store: Store;
  readonly #outbox: Outbox;
  readonly #open: OpenTicks;
  /** Number of the newest tick that the outbox has. */
  #enqueuedThrough = 0n;
  /** Told when further ticks were handed over. */
  #waiting: (() => void)[] = [];

  constructor(store: Store, outbox: Outbox) {
    this.#store = store;
    this.#outbox = outbox;
    this.#open = new OpenTicks(store);
  }

  /**
   * Hands every open tick to the outbox that it does not have yet, the oldest first: a tick that a
   * failed write or a full outbox kept back goes before those that were sealed after it. While enough
   * are on their way the rest waits for the next call, and then goes several in a transaction.
   */
  async enqueueOpen(): Promise<void> {
    let group: StoredTick[] = [];
    for await (const tick of this.#open.from(this.#enqueuedThrough + 1n)) {
      const isBound = await this.#isBound(tick);
      // Behind one that is not bound none is: they are decided on in order.
      if (!isBound && group.length === 0 && !this.#hasRoom()) return;
      const isFull = group.length > 0 && batchesOf([...group, tick]) > BATCHES_PER_TRANSACTION;
      if (isBound || isFull) {
        if (!(await this.#enqueueTogether(group))) return;
        group = [];
      }
      if (isBound) await this.#enqueue(await this.#carriedWith(tick));
      else group.push(tick);
    }
    await this.#enqueueTogether(group);
  }

  /** Waits until the outbox is done with the tick, well or not; `note` tells which. */
  async untilSettled({ number }: StoredTick): Promise<void> {
    while (BigInt(number) > this.#enqueuedThrough) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    for (const { key } of await this.#partsOf(await this.#stored(number))) {
      await this.#outbox.settled(key);
    }
  }

  /** Notes how the tick ended, if it has. Done again it writes the same. */
  async note(numbered: Pick<StoredTick, "number">): Promise<"final" | "waiting" | "refused"> {
    const session = new StoreSession(this.#store);
    const at = keys.tick(BigInt(numbered.number));
    const tick = (await session.get<StoredTick>(at)) as StoredTick;
    let blockTime = "";
    for (const { key, batches } of await this.#partsOf(tick)) {
      const settled = await this.#outbox.find(key);
      if (settled === undefined) return "waiting";
      if (settled.error !== undefined) {
        session.put(at, { ...tick, refused: settled.error } satisfies StoredTick);
        await session.commit();
        return "refused";
      }
      blockTime = settled.blockTime.toString();
      for (const { domain, sequence } of batches) {
        const place = keys.batch(domain, BigInt(sequence));
        const batch = (await session.get<StoredBatch>(place)) as StoredBatch;
        session.put(place, { ...batch, blockTime });
      }
    }
    session.put(at, { ...tick, blockTime } satisfies StoredTick);
    await session.commit();
    this.#open.noteFinal(BigInt(tick.number));
    return "final";
  }

  /** A settlement that came again: the ledger had lost it, and took it anew in another block. */
  async noteAgain({ key, blockTime }: Settled): Promise<void> {
    const number = KEY.exec(key)?.[1];
    if (number === undefined) return;
    const first = await getJson<StoredTick>(this.#store, keys.tick(BigInt(number)));
    for (const tick of first === undefined ? [] : await this.#carriedWith(first)) {
      if (tick.blockTime === undefined || tick.blockTime === blockTime.toString()) continue;
      await this.note(tick);
    }
  }

  /** Notes how ticks ended, the oldest first, up to one that is on its way. */
  async noteOpen(): Promise<void> {
    for await (const tick of this.#open.all()) {
      if ((await this.note(tick)) === "waiting") return;
    }
  }

  /** How many are not final, since when, and which of them the ledger refuses. */
  standing(): Promise<TicksStanding> {
    return this.#open.standing(this.#enqueuedThrough);
  }

  /** @throws TallystickError `commit.refused` while the ledger does not take a tick */
  async assertNotRefused(): Promise<void> {
    const { refused } = await this.standing();
    if (refused !== undefined) throw refusedError(refused);
  }

  /**
   * At start: what was sealed is enqueued under its key and noted if it is final; what the ledger
   * refused is tried once more, since the reason may be gone (a suspended member, a key that was
   * rotated); and block times that changed while nobody listened are noted.
   */
  async recover(): Promise<void> {
    for await (const tick of this.#open.all()) await this.#prepareRetry(tick);
    await this.enqueueOpen();
    await this.noteOpen();
    let compared = 0;
    for await (const tick of this.#open.newestFirst()) {
      if (++compared > RECHECKED_TICKS) break;
      if (tick.blockTime === undefined) continue;
      const last = (await this.#partsOf(tick)).at(-1) as Part;
      const settled = await this.#outbox.find(last.key);
      if (settled !== undefined) await this.noteAgain(settled);
    }
  }

  async #prepareRetry(tick: StoredTick): Promise<void> {
    if (tick.refused === undefined && (await this.note(tick)) !== "refused") return;
    const { refused: _, ...rest } = tick;
    const session = new StoreSession(this.#store);
    session.put(keys.tick(BigInt(tick.number)), { ...rest, retries: (tick.retries ?? 0) + 1 });
    await session.commit();
  }

  /** Whether it was decided already in which transaction the tick goes. */
  async #isBound(tick: StoredTick): Promise<boolean> {
    if (tick.carriedBy !== undefined) return true;
    const [first] = await this.#partsOf(tick);
    return first !== undefined && (await this.#outbox.has(first.key));
  }

  #hasRoom(): boolean {
    const onTheWay = this.#outbox.pending().filter(({ key }) => KEY.test(key)).length;
    return onTheWay < ON_THE_WAY_MAX;
  }

  /** @returns false when they are kept back, and all that come after them */
  async #enqueueTogether(group: readonly StoredTick[]): Promise<boolean> {
    const [first] = group;
    if (first === undefined) return true;
    if (!this.#hasRoom()) return false;
    if (group.length === 1) await this.#enqueue(group);
    else {
      const carried = group.map((tick) => ({ ...tick, carriedBy: first.number }));
      const session = new StoreSession(this.#store);
      for (const tick of carried) session.put(keys.tick(BigInt(tick.number)), tick);
      await session.commit();
      await this.#enqueue(carried);
    }
    return true;
  }

  /** The ticks that go with this one in a transaction, in order; itself alone when none does. */
  async #carriedWith(tick: StoredTick): Promise<StoredTick[]> {
    const { carriedBy } = tick;
    if (carriedBy === undefined) return [tick];
    const range = { from: keys.tick(BigInt(carriedBy)), to: below("tick/").to };
    const together: StoredTick[] = [];
    for await (const { value } of scanJson<StoredTick>(this.#store, range)) {
      if (value.carriedBy !== carriedBy) break;
      together.push(value);
    }
    return together;
  }

  /** @param ticks one, or all that go together */
  async #enqueue(ticks: readonly StoredTick[]): Promise<void> {
    const [first, ...others] = ticks;
    const last = ticks.at(-1);
    if (first === undefined || last === undefined) return;
    const parts = await this.#partsOf(first);
    const [own] = parts;
    if (own !== undefined) own.batches.push(...others.flatMap(({ batches }) => batches));
    for (const { key, batches } of parts) {
      const calls = batches.map(({ domain, sequence, commitment }) => [
        domain,
        BigInt(sequence),
        commitment,
      ]);
      await this.#outbox.enqueue({
        key,
        purpose: "commit batches",
        duty: "commit",
        call: { contract: "books", method: "commitMany", args: [calls] },
      });
    }
    if (BigInt(last.number) > this.#enqueuedThrough) this.#enqueuedThrough = BigInt(last.number);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** The transactions that bring the tick, with its own batches in them. */
  async #partsOf(tick: StoredTick): Promise<Part[]> {
    if (tick.carriedBy !== undefined) {
      const isFirst = tick.carriedBy === tick.number;
      const first = isFirst ? tick : await this.#stored(tick.carriedBy);
      return [{ key: await this.#keyOf(first, 0), batches: [...tick.batches] }];
    }
    const parts: Part[] = [];
    for (let at = 0; at < tick.batches.length; at += BATCHES_PER_TRANSACTION) {
      const key = await this.#keyOf(tick, parts.length);
      parts.push({ key, batches: tick.batches.slice(at, at + BATCHES_PER_TRANSACTION) });
    }
    return parts;
  }

  /** Under a key once refused the refusal stands for good, so that a part refused has another. */
  async #keyOf({ number, retries = 0 }: StoredTick, part: number): Promise<string> {
    const first = `commit-tick:${number}:${part}`;
    for (let retry = 0; retry < retries; retry++) {
      const key = retry === 0 ? first : `${first}:${retry}`;
      if ((await this.#outbox.find(key))?.error === undefined) return key;
    }
    return retries === 0 ? first : `${first}:${retries}`;
  }

  async #stored(number: string): Promise<StoredTick> {
    return (await getJson<StoredTick>(this.#store, keys.tick(BigInt(number)))) as StoredTick;
  }
}

const batchesOf = (ticks: readonly StoredTick[]): number =>
  ticks.reduce((sum, { batches }) => sum + batches.length, 0);

const refusedError = ({ number, refused }: StoredTick): TallystickError =>
  new TallystickError(
    "commit.refused",
    `The ledger refused tick ${number}: ${refused?.name} ${JSON.stringify(refused?.values)}. Nothing more is sealed; find the reason, then start the node again.`,
  );

interface Part {
  key: string;
  batches: StoredTick["batches"];
}
