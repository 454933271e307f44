import type { UsePricer } from "../rate/price-use.ts";
import { keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import { StoreSession } from "../store/store-session.ts";
import type { IngestedFile } from "../store/stored-types.ts";
import type { Intake } from "./intake.ts";
import { UnitsUnderWay } from "./units-under-way.ts";

/**
 * Lets others write between two units of work, who have to keep to a rhythm. They may cut and write a tick, note
 * what became final, work on claims, take tariffs and erase months that are over: charges that wait, accounts and
 * suspense are the intake's alone. The trees of a tick are built beside the intake (`seal-batch.ts`).
 */
export interface IntakePause {
  readonly isPauseAsked: boolean;
  pause(): Promise<void>;
}

export interface FileUnitsParts {
  store: Store;
  session: StoreSession;
  intake: Intake;
  pricer: UsePricer;
  chargeBook: string;
  file: { sha256: string; whole?: Promise<void> };
  /** Records that become durable in one write. */
  unitRecords: number;
  /** Whether nothing of the file is stored yet. */
  isNew: boolean;
  others: IntakePause | undefined;
}

/**
 * The units of work of one file: each is gathered while the one before is hashed and written, all of it in one
 * write together with how far the file was taken in. Between two of them the ledger's time moves on, and
 * others may write.
 */
export class FileUnits {
  readonly #parts: FileUnitsParts;
  readonly #underWay: UnitsUnderWay;
  #inUnit = 0;
  #isFirst: boolean;

  constructor(parts: FileUnitsParts) {
    this.#parts = parts;
    this.#isFirst = parts.isNew;
    this.#underWay = new UnitsUnderWay(parts.file.whole);
  }

  /** Records that the unit that is gathered has place for. */
  get room(): number {
    return this.#parts.unitRecords - this.#inUnit;
  }

  gathered(records: number): void {
    this.#inUnit += records;
    // Asked when the unit is whole, the ledger would be waited for. Its time is so much older: near enough for records.
    if (2 * this.#inUnit >= this.#parts.unitRecords) this.#parts.pricer.askAhead();
  }

  /** @throws why the file is refused */
  goOn(): Promise<void> {
    return this.#underWay.goOn();
  }

  /**
   * Begins to write what was gathered, once the unit before is durable.
   * @param onDurable told when this one is, too
   * @returns the file's state, with what changed while others had their turn
   */
  async save(gathered: IngestedFile, onDurable: () => void): Promise<IngestedFile> {
    const { store, session, intake, pricer, file } = this.#parts;
    // Before the index of records seen is saved, since it tells the index where charges stand.
    intake.writer.layBlocks();
    await this.#underWay.settle();
    const { firstPosition, repeated } = intake.before;
    const state = { ...gathered, firstPosition, repeated };
    session.put(keys.file(file.sha256), state);
    const isHeld = this.#underWay.holdsBack;
    const seenAt = Number(pricer.nowSeconds);
    const seenTo = intake.seen.gathered;
    if (!isHeld) await intake.seen.save(session, seenAt);
    const putLeaves = intake.writer.save();
    pricer.rating.save(session);
    await intake.unit.save(session, { sha256: file.sha256, isFirst: this.#isFirst });
    const unit = session.detach((key) => key.startsWith("book/"));
    const write = async () => {
      await putLeaves(unit);
      // One write: before it nothing of the unit is there, after it all is.
      await unit.write();
      intake.seen.noteDurable();
      onDurable();
    };
    if (!isHeld) this.#underWay.write(write);
    else {
      // A file that is refused leaves the index of records seen as it was: all of it is in memory still.
      const complete = async () => {
        const seen = new StoreSession(store);
        await intake.seen.save(seen, seenAt, seenTo);
        unit.takeOver(seen);
      };
      this.#underWay.hold({ complete, write });
    }
    if (intake.counters.isFull) {
      await this.#underWay.settle();
      intake.counters.letGo();
    }
    this.#inUnit = 0;
    this.#isFirst = false;
    const dropped = await this.#letOthersWrite();
    if (!state.complete) await pricer.readTime();
    return dropped === undefined ? state : { ...state, dropped };
  }

  /** Until all of it is durable. @throws why the file is refused, and what failed */
  settle(): Promise<void> {
    return this.#underWay.settle();
  }

  /** Whatever ended the intake, nothing is written behind its back. */
  end(): Promise<void> {
    return this.#underWay.end();
  }

  /** Where they ask for it. @returns what erasing months noted with the file that it dropped of it */
  async #letOthersWrite(): Promise<IngestedFile["dropped"]> {
    const { session, pricer, file, chargeBook, others } = this.#parts;
    if (others?.isPauseAsked !== true) return undefined;
    await this.#underWay.settle();
    await others.pause();
    // It may have taken long.
    pricer.dropNews();
    // Sealing moved its head.
    await session.readAgain(keys.book(chargeBook));
    await session.readAgain(keys.file(file.sha256));
    return session.peek<IngestedFile>(keys.file(file.sha256))?.dropped;
  }
}
