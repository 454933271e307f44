import { type InspectLine, isRecord } from "../../core/formats/inspect-line.ts";
import type { UsageRecord } from "../../core/records/usage-record.ts";
import type { Guided, UsePricer, Wait } from "../rate/price-use.ts";
import { keys } from "../store/key-spaces.ts";
import type { ControlClass, IngestedFile, SourceSeen } from "../store/stored-types.ts";
import { accountedPrice, SPONSOR_ROLE, sponsoredCharges, unnumbered } from "./charge-of-record.ts";
import { countedUse, RunningTotals } from "./control-totals.ts";
import { SEEN } from "./fingerprint.ts";
import type { Intake } from "./intake.ts";
import { ReadAhead } from "./read-ahead.ts";
import { suspendRecord } from "./suspend-record.ts";
import { beginTelling, withTold } from "./told-records.ts";

const TOO_OLD = "record.too-old";

export type UsageLine = Exclude<InspectLine, { file: unknown }>;

/** A record at its position in the file, with its fingerprints and what came before under them. */
interface Taken {
  record: UsageRecord;
  guide: Guided | Wait;
  position: number;
  /** As `prints` of columns: of the id, then of the content. */
  prints: Uint32Array;
  first: number | undefined;
  twin: number | undefined;
}

/** Takes records in one by one: dedupe, rate, number; or suspends, rejects or counts them. */
export class RecordTaker {
  readonly #pricer: UsePricer;
  readonly #intake: Intake;

  constructor(pricer: UsePricer, intake: Intake) {
    this.#pricer = pricer;
    this.#intake = intake;
  }

  /** Lines of one file, whose records do not reach the store before the unit of work does. */
  async takeChunk(chunk: readonly UsageLine[], before: IngestedFile): Promise<IngestedFile> {
    const intake = this.#intake;
    const guided = chunk.map((line) => this.guide(line));
    const ahead = new ReadAhead(this.#pricer.rating);
    const prints: number[] = [];
    const ids: string[] = [];
    for (const [at, guide] of guided.entries()) {
      if (guide === undefined) continue;
      const record = chunk[at] as UsageRecord;
      prints.push(...this.printsOf(record));
      ids.push(record.id);
      ahead.add(guide);
    }
    await ahead.read(intake, Uint32Array.from(prints), (at) => ids[at] as string);
    const totals = new RunningTotals();
    beginTelling(intake, before);
    for (let at = 0; at < chunk.length; at++) {
      const line = chunk[at] as UsageLine;
      const taken = this.take(line, guided[at], before.done + at + 1);
      // Only what looks as if it came before asks the store, and waits for it.
      const outcome = typeof taken === "string" ? taken : await taken;
      totals.add(outcome, isRecord(line) ? line : undefined);
    }
    intake.unit.add(totals);
    return withTold(totals.addedTo(before), intake);
  }

  /** Undefined for what asks for nothing: no record, or not billable. */
  guide(line: UsageLine): Guided | Wait | undefined {
    return isRecord(line) && line.billable ? this.#pricer.guide(line) : undefined;
  }

  /** Of the id, then of the content, each in halves. */
  printsOf(record: UsageRecord): Uint32Array {
    const { prints } = this.#intake.seen;
    prints.fingerprint(SEEN.id, record.id);
    const { high, low } = prints;
    prints.ofContent(record);
    return Uint32Array.of(high, low, prints.high, prints.low);
  }

  take(
    line: UsageLine,
    guide: Guided | Wait | undefined,
    position: number,
  ): ControlClass | Promise<ControlClass> {
    const { seen, rejections } = this.#intake;
    if (!isRecord(line)) {
      rejections.push(line.rejected);
      return "rejected";
    }
    if (guide === undefined) return "notBillable";
    const prints = this.printsOf(line);
    const first = seen.find(prints, 0);
    const twin = seen.find(prints, 2);
    const taken: Taken = { record: line, guide, position, prints, first, twin };
    if (first === undefined && twin === undefined) return this.#takeNew(taken, "");
    return this.#takeAgain(taken);
  }

  async #takeAgain(taken: Taken): Promise<ControlClass> {
    const { before } = this.#intake;
    const { first, twin, record } = taken;
    if (first !== undefined && (await before.isOf(first, record.id))) {
      await this.#tellFirst(taken.position, record.id, first);
      return "duplicate";
    }
    return this.#takeNew(taken, twin === undefined ? "" : await before.named(twin));
  }

  async #tellFirst(position: number, record: string, place: number): Promise<void> {
    const { before, duplicates, duplicatesRoom } = this.#intake;
    if (duplicates.length >= duplicatesRoom) return;
    duplicates.push({ position, record, first: await before.firstOf(place, record) });
  }

  #takeNew(taken: Taken, twinName: string): ControlClass {
    const { seen, session, writer, fileSha256 } = this.#intake;
    const { record, guide, position, prints, first, twin } = taken;
    const at = writer.position;
    const outcome =
      twin === undefined
        ? this.#price(record, guide, position)
        : this.#suspend(record, suspected(twinName));
    const isCharge = outcome === "charged" || outcome === "pricedAtZero";
    // Charges beside it, of who pays with it, may have moved it.
    const place = isCharge ? writer.placeOf(at) : 0;
    seen.add(prints, 0, place);
    if (twin === undefined) seen.add(prints, 2, place);
    // Also where another id has the same fingerprint: the index names only the first of them.
    if (!isCharge || first !== undefined) {
      session.put(keys.source(record.id), {
        file: fileSha256,
        position,
        outcome,
      } satisfies SourceSeen);
    }
    return outcome;
  }

  #price(record: UsageRecord, guide: Guided | Wait, position: number): ControlClass {
    const { counters, writer, fileSha256, rejections } = this.#intake;
    if ("code" in guide) return this.#suspend(record, guide);
    const found = this.#pricer.price(record, guide, fileSha256);
    if (found.outcome === "not-billable") return "notBillable";
    if (found.outcome === "wait") {
      if (found.wait.code === TOO_OLD) {
        rejections.push({ position, ...found.wait });
        return "rejected";
      }
      return this.#suspend(record, found.wait);
    }
    const { rated, use, amountNano, hand } = found.priced;
    const counter = counters.of(guide.account, guide.epoch);
    if (hand === undefined && writer.fits(counter, rated, amountNano)) {
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

  #suspend(record: UsageRecord, wait: Wait): "suspended" {
    const { session, fileSha256 } = this.#intake;
    const counted = countedUse(record, fileSha256);
    return suspendRecord(session, record, wait, this.#pricer.nowSeconds, counted);
  }
}

const suspected = (twinName: string): Wait => ({
  code: "duplicate.suspected",
  message: `The same content came before under another id${twinName}; recycle it by its id if both are real.`,
});
