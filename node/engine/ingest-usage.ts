import { fromHex } from "../core/bytes.ts";
import { assert } from "../core/errors.ts";
import {
  type InspectLine,
  type InspectLines,
  isRecord,
  type Rejection,
} from "../core/formats/inspect-line.ts";
import type { UsageRecord } from "../core/records/usage-record.ts";
import { lastClosing } from "./bill-state.ts";
import { accountedPrice, SPONSOR_ROLE, sponsoredCharges, unnumbered } from "./charge-of-record.ts";
import { ChargeWriter, fitsBlock } from "./charge-writer.ts";
import { countedUse, emptyFile, RunningTotals, withRejections } from "./control-totals.ts";
import type { AccountGuide } from "./guide-account.ts";
import { ChargeHasher } from "./hash-charges.ts";
import { keys } from "./key-spaces.ts";
import type { EngineContext } from "./operator.ts";
import { type Guided, UsePricer, type Wait } from "./price-use.ts";
import type { AccountRating } from "./rate-accounts.ts";
import { recycleRecord } from "./recycle-record.ts";
import { fingerprintContent, SeenBefore } from "./seen-before.ts";
import { SEEN, SeenIndex } from "./seen-index.ts";
import { StoreSession } from "./store-session.ts";
import type { BookState, ControlClass, IngestedFile, SourceSeen } from "./stored-types.ts";
import { SubscriberCounters } from "./subscriber-counters.ts";
import { suspendRecord } from "./suspend-record.ts";
import type { TariffShelf } from "./tariff-shelf.ts";
import { UnitTotals } from "./unit-totals.ts";

/** Records that are looked up together. */
const CHUNK_RECORDS = 1_024;
/** Records that become durable in one write, unless the profile says otherwise. */
const UNIT_RECORDS = 65_536;

export interface UsageFile {
  name: string;
  /** SHA-256 of the whole file, hexadecimal: the same file again is not taken in twice. */
  sha256: string;
  lines: InspectLines;
}

const TOO_OLD = "record.too-old";

type UsageLine = Exclude<InspectLine, { file: unknown }>;

/** A record at its position in the file, with its fingerprint and what came before under it. */
interface Taken {
  record: UsageRecord;
  guide: Guided | Wait;
  position: number;
  high: number;
  low: number;
  first: number | undefined;
  twin: number | undefined;
}

/** Units of work of one file: what they share while it is taken in. */
interface Intake {
  session: StoreSession;
  seen: SeenIndex;
  counters: SubscriberCounters;
  writer: ChargeWriter;
  file: UsageFile;
  before: SeenBefore;
  /** Control totals by hour of what is not durable yet. */
  unit: UnitTotals;
  /** Of the chunk that is taken in now. */
  rejections: Rejection[];
}

/**
 * The first half of a record's life: dedupe, guide, rate, number. Records become durable by the unit,
 * each in one write together with how far the file was taken in: blocks of rows, leaf digests, the
 * index of records seen, counters, the book's next position. A crash leaves whole units; a restart
 * goes on behind the last of them, and nothing is lost or doubled.
 */
export class UsageIngest {
  readonly #context: EngineContext;
  readonly #pricer: UsePricer;
  /** Kept from file to file; let go when a write failed and memory may be ahead of the store. */
  #seen: SeenIndex | undefined;
  /** Has a megabyte of its own, so that it is made at first need and kept. */
  #hasher: ChargeHasher | undefined;

  constructor(
    context: EngineContext,
    tariffs: TariffShelf,
    guide: AccountGuide,
    rating?: AccountRating,
  ) {
    this.#context = context;
    this.#pricer = new UsePricer(context, tariffs, guide, undefined, rating);
  }

  /** From the next file on accounts are these. */
  useAccounts(guide: AccountGuide, rating: AccountRating): void {
    this.#pricer.useAccounts(guide, rating);
  }

  /** Plans, counters and allowances as they are now. */
  get rating(): AccountRating {
    return this.#pricer.rating;
  }

  async ingest(
    file: UsageFile,
    onProgress?: (records: number) => void,
  ): Promise<IngestedFile & { already: boolean }> {
    try {
      return await this.#ingest(file, onProgress);
    } catch (error) {
      this.#seen = undefined;
      this.#pricer.rating.forget();
      throw error;
    }
  }

  async #ingest(
    file: UsageFile,
    onProgress?: (records: number) => void,
  ): Promise<IngestedFile & { already: boolean }> {
    const { store, profile } = this.#context;
    const session = new StoreSession(store);
    const known = await session.get<IngestedFile>(keys.file(file.sha256));
    let state = known ?? emptyFile(file);
    if (state.complete) return { ...state, already: true };
    const intake = await this.#open(session, file);
    const { before } = intake;
    before.firstPosition = state.firstPosition ?? intake.writer.position;
    before.repeated = state.repeated ?? 0;
    const unitRecords = profile.ingestUnitRecords ?? UNIT_RECORDS;
    const chunkRecords = Math.min(CHUNK_RECORDS, unitRecords);
    const { done } = state;
    let position = 0;
    let inUnit = 0;
    let isFirst = known === undefined;
    let chunk: UsageLine[] = [];
    const save = async () => {
      const { firstPosition, repeated } = before;
      state = { ...state, firstPosition, repeated };
      session.put(keys.file(file.sha256), state);
      intake.seen.save(session, Number(this.#pricer.nowSeconds));
      intake.writer.save();
      this.#pricer.rating.save(session);
      await intake.unit.save(session, { sha256: file.sha256, isFirst });
      // One write: before it nothing of the unit is there, after it all is.
      await session.commit((key) => key.startsWith("book/"));
      inUnit = 0;
      isFirst = false;
      onProgress?.(position);
    };
    for await (const block of file.lines) {
      for (const line of Array.isArray(block) ? block : [block]) {
        if ("file" in line) {
          const problems = line.file.problems.map(({ code, message }) => ({ code, message }));
          state = { ...state, problems };
          continue;
        }
        if (++position <= done) continue;
        chunk.push(line);
        inUnit++;
        if (chunk.length < chunkRecords && inUnit < unitRecords) continue;
        state = await this.#takeChunk(intake, chunk, state);
        chunk = [];
        if (inUnit >= unitRecords) await save();
      }
    }
    state = { ...(await this.#takeChunk(intake, chunk, state)), complete: true };
    if (before.repeated > 0) {
      state = { ...state, problems: [...state.problems, repeatedProblem(before.repeated)] };
    }
    await save();
    return { ...state, already: false };
  }

  async #open(session: StoreSession, file: UsageFile): Promise<Intake> {
    const { random, profile } = this.#context;
    const { chargeBook } = profile.agreement;
    await this.#pricer.startAt(await lastClosing(session));
    const now = Number(this.#pricer.nowSeconds);
    this.#seen ??= await SeenIndex.load(this.#context, session, now);
    const book = await session.get<BookState>(keys.book(chargeBook));
    assert(book !== undefined, `book ${chargeBook} is open`);
    const counters = new SubscriberCounters(session, random, chargeBook);
    const writer = new ChargeWriter(this.#context, session, counters, book, () => {
      this.#hasher ??= new ChargeHasher(fromHex(chargeBook, 20));
      return this.#hasher;
    });
    writer.startFile(file.sha256);
    const seen = this.#seen;
    const before = new SeenBefore(this.#context, session, writer, file.sha256);
    const unit = new UnitTotals();
    return { session, seen, counters, writer, file, before, unit, rejections: [] };
  }

  /** Rates a record again that waited in suspense. @returns undefined when it does not wait */
  recycle(recordId: string): Promise<ControlClass | undefined> {
    return recycleRecord(this.#context, this.#pricer, recordId);
  }

  /** One file of lines, whose records do not reach the store before the unit of work does. */
  async #takeChunk(
    intake: Intake,
    chunk: readonly UsageLine[],
    before: IngestedFile,
  ): Promise<IngestedFile> {
    await this.#pricer.readTime();
    const guided = chunk.map((line) =>
      isRecord(line) && line.billable ? this.#pricer.guide(line) : undefined,
    );
    await this.#prefetch(intake, chunk, guided);
    const totals = new RunningTotals();
    intake.rejections = [];
    for (let at = 0; at < chunk.length; at++) {
      const line = chunk[at] as UsageLine;
      if (!isRecord(line)) {
        totals.add("rejected", undefined);
        intake.rejections.push(line.rejected);
        continue;
      }
      const guide = guided[at];
      if (guide === undefined) {
        totals.add("notBillable", line);
        continue;
      }
      const outcome = this.#take(intake, line, guide, before.done + at + 1);
      // Only what looks as if it came before asks the store, and waits for it.
      totals.add(typeof outcome === "string" ? outcome : await outcome, line);
    }
    intake.unit.add(totals);
    return withRejections(totals.addedTo(before), intake.rejections);
  }

  async #prefetch(
    { session, seen, counters, writer }: Intake,
    chunk: readonly UsageLine[],
    guided: readonly (Guided | Wait | undefined)[],
  ): Promise<void> {
    const owners: [string, string][] = [];
    const starts: number[] = [];
    const prints: number[] = [];
    const { rating } = this.#pricer;
    const quantities = new Set<string>();
    for (const [at, guide] of guided.entries()) {
      if (guide === undefined) continue;
      const record = chunk[at] as UsageRecord;
      seen.fingerprint(SEEN.id, record.id);
      prints.push(seen.high, seen.low);
      fingerprintContent(seen, record);
      prints.push(seen.high, seen.low);
      if ("code" in guide) continue;
      owners.push([guide.account, guide.epoch]);
      starts.push(guide.startMilliseconds);
      if (!rating.isInUse) continue;
      for (const sponsor of rating.sponsorsOf(guide)) owners.push([sponsor, guide.epoch]);
      for (const key of rating.keysOf(guide)) quantities.add(key);
    }
    await seen.recall(prints);
    const hinted: string[] = [];
    for (let at = 0, print = 0; at < guided.length; at++) {
      if (guided[at] === undefined) continue;
      const first = seen.find(prints[print] as number, prints[print + 1] as number);
      if (first !== undefined) hinted.push(keys.source((chunk[at] as UsageRecord).id));
      print += 4;
    }
    await session.prefetch(hinted);
    await session.prefetch(quantities);
    rating.learn(session, quantities);
    await counters.prefetch(owners);
    await writer.prefetchMonths(starts);
  }

  #take(
    intake: Intake,
    record: UsageRecord,
    guide: Guided | Wait,
    position: number,
  ): ControlClass | Promise<ControlClass> {
    const { seen } = intake;
    seen.fingerprint(SEEN.id, record.id);
    const { high, low } = seen;
    const first = seen.find(high, low);
    fingerprintContent(seen, record);
    const twin = seen.find(seen.high, seen.low);
    const taken: Taken = { record, guide, position, high, low, first, twin };
    if (first === undefined && twin === undefined) return this.#takeNew(intake, taken, "");
    return this.#takeAgain(intake, taken);
  }

  async #takeAgain(intake: Intake, taken: Taken): Promise<ControlClass> {
    const { first, twin, record } = taken;
    if (first !== undefined && (await intake.before.isOf(first, record.id))) return "duplicate";
    fingerprintContent(intake.seen, record);
    return this.#takeNew(intake, taken, twin === undefined ? "" : await intake.before.named(twin));
  }

  /** The content's fingerprint is the index's last. */
  #takeNew(intake: Intake, taken: Taken, twinName: string): ControlClass {
    const { seen, writer, file } = intake;
    const { record, guide, position, high, low, first, twin } = taken;
    const { high: contentHigh, low: contentLow } = seen;
    const at = writer.position;
    const outcome =
      twin === undefined
        ? this.#price(intake, record, guide, position)
        : this.#suspend(intake, record, suspected(twinName));
    const isCharge = outcome === "charged" || outcome === "pricedAtZero";
    const place = isCharge ? at : 0;
    seen.add(high, low, place);
    if (twin === undefined) seen.add(contentHigh, contentLow, place);
    // Also where another id has the same fingerprint: the index names only the first of them.
    if (!isCharge || first !== undefined) {
      intake.session.put(keys.source(record.id), {
        file: file.sha256,
        position,
        outcome,
      } satisfies SourceSeen);
    }
    return outcome;
  }

  #price(
    intake: Intake,
    record: UsageRecord,
    guide: Guided | Wait,
    position: number,
  ): ControlClass {
    const { counters, writer, file } = intake;
    if ("code" in guide) return this.#suspend(intake, record, guide);
    const found = this.#pricer.price(record, guide, file.sha256);
    if (found.outcome === "not-billable") return "notBillable";
    if (found.outcome === "wait") {
      if (found.wait.code === TOO_OLD) {
        intake.rejections.push({ position, ...found.wait });
        return "rejected";
      }
      return this.#suspend(intake, record, found.wait);
    }
    const { rated, use, amountNano, hand } = found.priced;
    const counter = counters.of(guide.account, guide.epoch);
    if (hand === undefined && fitsBlock(counter, rated, amountNano)) {
      const { id: recordId, source, eventsRoot } = record;
      const { device } = guide;
      const accounted = accountedPrice(use);
      writer.add(counter, { recordId, device, rated, amountNano, source, eventsRoot, accounted });
    } else writer.addAlone(counter, unnumbered(found.priced));
    for (const paid of sponsoredCharges(found.priced)) {
      writer.addAlone(counters.of(paid.account, paid.epoch), paid, SPONSOR_ROLE);
    }
    return amountNano === 0n ? "pricedAtZero" : "charged";
  }

  #suspend({ session, file }: Intake, record: UsageRecord, wait: Wait): "suspended" {
    const counted = countedUse(record, file.sha256);
    return suspendRecord(session, record, wait, this.#pricer.nowSeconds, counted);
  }
}

const suspected = (twinName: string): Wait => ({
  code: "duplicate.suspected",
  message: `The same content came before under another id${twinName}; recycle it by its id if both are real.`,
});

const repeatedProblem = (count: number) => ({
  code: "file.duplicate-record",
  message: `${count} of the records repeat an earlier one of this file. They are charged once.`,
});
