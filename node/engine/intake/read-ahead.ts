import type { Guided, Wait } from "../rate/price-use.ts";
import type { AccountRating } from "../rate/rate-accounts.ts";
import { keys } from "../store/key-spaces.ts";
import type { Intake } from "./intake.ts";

const DAY = 86_400_000;

/** What a chunk of records will ask the store for, collected first and read in few calls. */
export class ReadAhead {
  readonly #rating: AccountRating;
  readonly #owners: [account: string, epoch: string][] = [];
  readonly #starts: number[] = [];
  readonly #quantities = new Set<string>();
  #day = Number.NaN;

  constructor(rating: AccountRating) {
    this.#rating = rating;
  }

  /** Whatever a record asks for that will be rated by its account. */
  add(guide: Guided | Wait): void {
    if ("code" in guide) return;
    const { account, epoch, startMilliseconds } = guide;
    this.addOwner(account, epoch);
    this.addStart(startMilliseconds);
    if (!this.#rating.isInUse) return;
    for (const sponsor of this.#rating.sponsorsOf(guide)) this.addOwner(sponsor, epoch);
    for (const key of this.#rating.keysOf(guide)) this.#quantities.add(key);
  }

  addOwner(account: string, epoch: string): void {
    this.#owners.push([account, epoch]);
  }

  /** Of the starts of a day the first stands for all: a day is of one traffic month. */
  addStart(milliseconds: number): void {
    const day = Math.floor(milliseconds / DAY);
    if (day === this.#day) return;
    this.#day = day;
    this.#starts.push(milliseconds);
  }

  /**
   * @param prints of each record its id's fingerprint and its content's, in halves
   * @param idOf the id of the record whose fingerprints come at that place
   */
  async read(
    { session, seen, counters, writer }: Intake,
    prints: Uint32Array,
    idOf: (at: number) => string,
  ): Promise<void> {
    await seen.recall(prints);
    const hinted: string[] = [];
    for (let print = 0; print < prints.length && !seen.isAllNew; print += 4) {
      const first = seen.find(prints, print);
      if (first !== undefined) hinted.push(keys.source(idOf(print / 4)));
    }
    await session.prefetch(hinted);
    await session.prefetch(this.#quantities);
    this.#rating.learn(session, this.#quantities);
    await counters.prefetch(this.#owners);
    await writer.prefetchMonths(this.#starts);
  }
}
