import { randomBytes } from "node:crypto";
import type { EntryFolder } from "../../node/engine/intake/entry-folder.ts";
import { SEEN } from "../../node/engine/intake/fingerprint.ts";
import { SeenIndex } from "../../node/engine/intake/seen-index.ts";
import type { Store } from "../../node/engine/store/store.ts";
import { StoreSession } from "../../node/engine/store/store-session.ts";

const UNIT_RECORDS = 60;
/** So few that runs are folded and merged all the time. */
const MEMORY_ENTRIES = 256;
/** Nothing becomes too old. */
const NOW = 1_800_000_000;
const UNITS_KEY = "soak/units";

/** Units of records that the index of records seen takes in one after the other, each in one write. */
export class SeenUnits {
  readonly #session: StoreSession;
  readonly #index: SeenIndex;
  /** How many the store has. */
  #units: number;

  private constructor(session: StoreSession, index: SeenIndex, units: number) {
    this.#session = session;
    this.#index = index;
    this.#units = units;
  }

  static async load(store: Store, entryFolder?: EntryFolder): Promise<SeenUnits> {
    const session = new StoreSession(store);
    const units = (await session.get<number>(UNITS_KEY)) ?? 0;
    const index = await SeenIndex.load(
      {
        store,
        random: { bytes: (length) => new Uint8Array(randomBytes(length)) },
        profile: {
          agreement: { maxRecordAgeSeconds: BigInt(NOW) },
          seenEntriesInMemory: MEMORY_ENTRIES,
        },
        ...(entryFolder === undefined ? {} : { entryFolder }),
      },
      session,
      NOW,
    );
    return new SeenUnits(session, index, units);
  }

  get units(): number {
    return this.#units;
  }

  /** Takes the next unit in; it is durable once the promise resolves. */
  async takeNext(): Promise<void> {
    const prints = this.#printsOf(this.#units);
    await this.#index.recall(prints);
    for (let at = 0; at < UNIT_RECORDS; at++) {
      this.#index.add(prints, 2 * at, positionOf(this.#units, at));
    }
    await this.#index.save(this.#session, NOW);
    this.#session.put(UNITS_KEY, this.#units + 1);
    await this.#session.commit((key) => key === UNITS_KEY);
    this.#units++;
  }

  /** Records of a unit that are not found where they were put, or that are found and were never taken in. */
  async wrong(unit: number): Promise<number> {
    const prints = this.#printsOf(unit);
    await this.#index.recall(prints);
    let wrong = 0;
    for (let at = 0; at < UNIT_RECORDS; at++) {
      const expected = unit < this.#units ? positionOf(unit, at) : undefined;
      if (this.#index.find(prints, 2 * at) !== expected) wrong++;
    }
    return wrong;
  }

  #printsOf(unit: number): Uint32Array {
    const { prints } = this.#index;
    return Uint32Array.from({ length: 2 * UNIT_RECORDS }, (_, word) => {
      prints.fingerprint(SEEN.id, `record-${unit}-${word >> 1}`);
      return word % 2 === 0 ? prints.high : prints.low;
    });
  }
}

const positionOf = (unit: number, at: number): number => unit * UNIT_RECORDS + at + 1;
