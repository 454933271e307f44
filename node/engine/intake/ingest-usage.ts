import { fromHex } from "../../core/bytes.ts";
import { assert } from "../../core/errors.ts";
import type { UsageLines } from "../../core/formats/usage-columns.ts";
import { UsageColumns } from "../../core/formats/usage-columns.ts";
import { lastClosing } from "../bill/bill-state.ts";
import { ChargeMemory, ChargeWriter } from "../number/charge-writer.ts";
import { ChargeHasher, type LeafHasher } from "../number/hash-charges.ts";
import { SubscriberCounters } from "../number/subscriber-counters.ts";
import type { EngineContext } from "../operator.ts";
import { type FollowTariff, UsePricer } from "../rate/price-use.ts";
import type { AccountRating } from "../rate/rate-accounts.ts";
import type { TariffShelf } from "../rate/tariff-shelf.ts";
import { keys } from "../store/key-spaces.ts";
import { StoreSession } from "../store/store-session.ts";
import { findRows, isBlock } from "../store/stored-rows.ts";
import type {
  BookState,
  ControlClass,
  IngestedFile,
  SourceSeen,
  StoredCharge,
  StoredCorrection,
} from "../store/stored-types.ts";
import { emptyFile } from "./control-totals.ts";
import { type Correction, correctCharge } from "./correct-charge.ts";
import { FileUnits, type IntakePause } from "./file-units.ts";
import { SEEN } from "./fingerprint.ts";
import type { AccountGuide } from "./guide-account.ts";
import { CHUNK_RECORDS, type Intake } from "./intake.ts";
import { recycleRecords } from "./recycle-records.ts";
import { SeenBefore } from "./seen-before.ts";
import { SeenIndex } from "./seen-index.ts";
import { ColumnTaker } from "./take-columns.ts";
import { RecordTaker, type UsageLine } from "./take-records.ts";
import { UnitTotals } from "./unit-totals.ts";

/** Records that become durable in one write, unless the profile says otherwise. */
const UNIT_RECORDS = 65_536;

export interface UsageFile {
  name: string;
  /** SHA-256 of the whole file, hexadecimal: the same file again is not taken in twice. */
  sha256: string;
  /** Objects, or columns where the format has them; an object's chunk ends before columns begin. */
  lines: UsageLines | OpenLines;
  /**
   * Resolved when the file was seen to its end, rejected when it is refused as a whole. Until then it is taken in
   * for two units of work at most and nothing is written, while nobody else has a turn: it is to be soon.
   */
  whole?: Promise<void>;
}

/** Lines of a file that are read once it is known how fingerprints are taken: then another thread can do it. */
export type OpenLines = (seeds: Uint32Array) => UsageLines;

/**
 * The first half of a record's life: dedupe, guide, rate, number. Records become durable by the unit,
 * each in one write together with how far the file was taken in: blocks of rows, leaf digests, the
 * index of records seen, counters, the book's next position. A crash leaves whole units; a restart
 * goes on behind the last of them, and nothing is lost or doubled.
 */
export class UsageIngest {
  readonly #context: EngineContext;
  readonly #pricer: UsePricer;
  /** Kept from file to file, refused ones too; let go when a write failed and memory may be ahead of the store. */
  #seen: SeenIndex | undefined;
  /** Has a megabyte of its own, so that it is made at first need and kept. */
  #hasher: LeafHasher | undefined;
  /** Kept from file to file. Let go with what failed: a hasher may still write into it. */
  #memory = new ChargeMemory();
  /** Kept likewise; what is stored is read again for each file. */
  #counters: SubscriberCounters | undefined;

  constructor(
    context: EngineContext,
    tariffs: TariffShelf,
    guide: AccountGuide,
    rating?: AccountRating,
    follow?: FollowTariff,
  ) {
    this.#context = context;
    this.#pricer = new UsePricer(context, tariffs, guide, undefined, rating, follow);
  }

  /** Of months whose keys were deleted. */
  forgetEpochs(isOver: (epoch: string) => boolean): void {
    this.#counters?.forgetEpochs(isOver);
  }

  /** Plans, counters and allowances as they are now. */
  get rating(): AccountRating {
    return this.#pricer.rating;
  }

  /** After versions of the tariff came, between two pieces of work. */
  takeRating(rating: AccountRating): void {
    this.#pricer.takeRating(rating);
  }

  async ingest(
    file: UsageFile,
    onProgress?: (records: number) => void,
    others?: IntakePause,
  ): Promise<IngestedFile & { already: boolean }> {
    try {
      return await this.#ingest(file, onProgress, others);
    } catch (error) {
      // Loading it again costs as much as all else of a small file.
      if (this.#seen?.takeBack() === false) this.#seen = undefined;
      this.#memory = new ChargeMemory();
      this.#counters = undefined;
      this.#pricer.rating.forget();
      throw error;
    }
  }

  async #ingest(
    file: UsageFile,
    onProgress?: (records: number) => void,
    others?: IntakePause,
  ): Promise<IngestedFile & { already: boolean }> {
    const { store, profile } = this.#context;
    const session = new StoreSession(store);
    const known = await session.get<IngestedFile>(keys.file(file.sha256));
    let state = known ?? emptyFile(file);
    if (state.complete) return { ...state, already: true };
    const intake = await this.#open(session, file);
    const { before } = intake;
    const records = new RecordTaker(this.#pricer, intake);
    const columns = new ColumnTaker(this.#pricer, intake, records);
    before.firstPosition = state.firstPosition ?? intake.writer.position;
    before.repeated = state.repeated ?? 0;
    const unitRecords = profile.ingestUnitRecords ?? UNIT_RECORDS;
    const chunkRecords = Math.min(CHUNK_RECORDS, unitRecords);
    const { done } = state;
    let position = 0;
    let chunk: UsageLine[] = [];
    const parts = {
      store,
      session,
      intake,
      pricer: this.#pricer,
      chargeBook: profile.agreement.chargeBook,
    };
    const units = new FileUnits({
      ...parts,
      file,
      unitRecords,
      isNew: known === undefined,
      others,
    });
    const save = async () => {
      const saved = position;
      state = await units.save(state, () => onProgress?.(saved));
    };
    const lines = typeof file.lines === "function" ? file.lines(intake.seen.seeds) : file.lines;
    try {
      for await (const block of lines) {
        await units.goOn();
        if (block instanceof UsageColumns) {
          state = await records.takeChunk(chunk, state);
          chunk = [];
          const skipped = Math.min(block.count, Math.max(0, done - position));
          position += skipped;
          columns.begin(block, skipped);
          for (let row = skipped; row < block.count; ) {
            const rows = Math.min(block.count - row, chunkRecords, units.room);
            state = await columns.take(block, row, row + rows, state);
            position += rows;
            row += rows;
            units.gathered(rows);
            if (units.room === 0) await save();
          }
          continue;
        }
        for (const line of Array.isArray(block) ? block : [block]) {
          if ("file" in line) {
            const problems = line.file.problems.map(({ code, message }) => ({ code, message }));
            state = { ...state, problems };
            continue;
          }
          if (++position <= done) continue;
          chunk.push(line);
          units.gathered(1);
          if (chunk.length < chunkRecords && units.room > 0) continue;
          state = await records.takeChunk(chunk, state);
          chunk = [];
          if (units.room === 0) await save();
        }
      }
      state = { ...(await records.takeChunk(chunk, state)), complete: true };
      if (before.repeated > 0) {
        state = { ...state, problems: [...state.problems, repeatedProblem(before.repeated)] };
      }
      await save();
      await units.settle();
    } finally {
      await units.end();
    }
    intake.counters.rest();
    return { ...state, already: false };
  }

  async #open(session: StoreSession, file: UsageFile): Promise<Intake> {
    const { random, profile } = this.#context;
    const { chargeBook } = profile.agreement;
    await this.#pricer.startAt(await lastClosing(session));
    const now = Number(this.#pricer.nowSeconds);
    this.#seen ??= await this.#loadSeen(now);
    const book = await session.get<BookState>(keys.book(chargeBook));
    assert(book !== undefined, `book ${chargeBook} is open`);
    this.#counters ??= new SubscriberCounters(session, random, chargeBook);
    const counters = this.#counters;
    counters.begin(session);
    const seen = this.#seen;
    const writer = new ChargeWriter(
      this.#context,
      session,
      counters,
      book,
      file.sha256,
      this.#memory,
      () => {
        const domain = fromHex(chargeBook, 20);
        this.#hasher ??= this.#context.leafHasher?.(domain) ?? new ChargeHasher(domain);
        return this.#hasher;
      },
      (first, positionOf) => seen.move(first, positionOf),
    );
    const before = new SeenBefore(this.#context, session, writer, file);
    const unit = new UnitTotals();
    const fileSha256 = file.sha256;
    const told = { rejections: [], duplicates: [], duplicatesRoom: 0 };
    return { session, seen, counters, writer, fileSha256, before, unit, ...told };
  }

  /** @throws TallystickError `correction.…`; see `correctCharge` */
  async correct(correction: Correction): Promise<StoredCorrection & { already: boolean }> {
    try {
      return await correctCharge(
        this.#context,
        this.#pricer,
        (session, recordId) => this.#placeOf(session, recordId),
        correction,
      );
    } catch (error) {
      this.#pricer.rating.forget();
      throw error;
    }
  }

  /** Position in the book of the charge of a record. */
  async #placeOf(session: StoreSession, recordId: string): Promise<number | undefined> {
    const { store, profile } = this.#context;
    this.#seen ??= await this.#loadSeen(Number(this.#pricer.nowSeconds));
    const { prints } = this.#seen;
    prints.fingerprint(SEEN.id, recordId);
    const print = Uint32Array.of(prints.high, prints.low);
    await this.#seen.recall(print);
    const position = this.#seen.find(print, 0);
    if (position === undefined) return undefined;
    const found =
      position === 0
        ? undefined
        : await findRows(store, profile.agreement.chargeBook, BigInt(position));
    const id =
      found === undefined || !isBlock(found.rows)
        ? (found?.rows as StoredCharge | undefined)?.recordId
        : found.rows.id(position - Number(found.first));
    if (id === recordId) return position;
    return (await session.get<SourceSeen>(keys.source(recordId)))?.charge;
  }

  get isPrepared(): boolean {
    return this.#seen !== undefined;
  }

  /** Loads the index of records seen, so that the first file does not wait for it: while it is being sent. */
  async prepare(): Promise<void> {
    this.#seen ??= await this.#loadSeen(Number(await this.#context.time.seconds()));
  }

  /** What loading writes, as a fresh store's key, is durable at once: what follows may be refused, the index stays. */
  async #loadSeen(now: number): Promise<SeenIndex> {
    const session = new StoreSession(this.#context.store);
    const seen = await SeenIndex.load(this.#context, session, now);
    await session.commit();
    return seen;
  }

  /** Rates records again that waited in suspense, in one unit of work. @returns those that waited */
  recycle(recordIds: readonly string[]): Promise<Map<string, ControlClass>> {
    return recycleRecords(this.#context, this.#pricer, recordIds);
  }
}

const repeatedProblem = (count: number) => ({
  code: "file.duplicate-record",
  message: `${count} of the records repeat an earlier one of this file. They are charged once.`,
});
