import { isRecord } from "../../core/formats/inspect-line.ts";
import { PRINT_WORDS, type UsageColumns } from "../../core/formats/usage-columns.ts";
import { RowPricer, type Served } from "../rate/price-columns.ts";
import type { Guided, UsePricer, Wait } from "../rate/price-use.ts";
import type { ControlClass, IngestedFile } from "../store/stored-types.ts";
import { RunningTotals } from "./control-totals.ts";
import { SEEN } from "./fingerprint.ts";
import { CHUNK_RECORDS, type Intake } from "./intake.ts";
import { ReadAhead } from "./read-ahead.ts";
import type { RecordTaker, UsageLine } from "./take-records.ts";
import { beginTelling, withTold } from "./told-records.ts";

/**
 * Takes rows of columns in: what is usual by numbers, without an object a record; every other row as the
 * record that it stands for, by `RecordTaker`, in its place. Books and totals are the same either way.
 */
export class ColumnTaker {
  readonly #pricer: UsePricer;
  readonly #intake: Intake;
  readonly #records: RecordTaker;
  readonly #rows: RowPricer;
  /** By their fingerprints: another id that has the same is looked at as a record, too. */
  readonly #handPriced = new Set<number>();
  /** Of a row that is taken by numbers: whose it is. */
  readonly #served: (Served | undefined)[] = [];
  /** Of every other row of the chunk. */
  readonly #lines: (UsageLine | undefined)[] = [];
  readonly #guided: (Guided | Wait | undefined)[] = [];

  constructor(pricer: UsePricer, intake: Intake, records: RecordTaker) {
    this.#pricer = pricer;
    this.#intake = intake;
    this.#records = records;
    this.#rows = new RowPricer(pricer);
    const { prints } = intake.seen;
    for (const id of pricer.handPricedIds) {
      prints.fingerprint(SEEN.id, id);
      this.#handPriced.add(keyOf(prints.high, prints.low));
    }
  }

  /** Before rows from `from` on are taken. */
  begin(columns: UsageColumns, from: number): void {
    const { seen } = this.#intake;
    if (!columns.hasPrints) seen.prints.ofColumns(columns);
    const prints = columns.prints.subarray(PRINT_WORDS * from, PRINT_WORDS * columns.count);
    seen.readAhead(prints, PRINT_WORDS * CHUNK_RECORDS);
  }

  /** Rows `from` to `to`, at most a chunk of them, of the columns that were begun. */
  async take(
    columns: UsageColumns,
    from: number,
    to: number,
    before: IngestedFile,
  ): Promise<IngestedFile> {
    const intake = this.#intake;
    this.#rows.begin(columns);
    const ahead = new ReadAhead(this.#pricer.rating);
    for (let row = from; row < to; row++) this.#look(columns, row, row - from, ahead);
    const prints = columns.prints.subarray(PRINT_WORDS * from, PRINT_WORDS * to);
    await ahead.read(intake, prints, (at) => this.#idOf(columns, from + at, at));
    const totals = new RunningTotals();
    beginTelling(intake, before);
    for (let row = from; row < to; row++) {
      const at = row - from;
      const taken = this.#takeRow(columns, row, at, before.done + at + 1);
      const outcome = typeof taken === "string" ? taken : await taken;
      const line = this.#lines[at];
      if (line === undefined) {
        const seconds = columns.durationSeconds[row] as number;
        totals.addNumbers(outcome, columns.start[row] as number, seconds, columns.octets(row));
      } else totals.add(outcome, isRecord(line) ? line : undefined);
    }
    intake.unit.add(totals);
    return withTold(totals.addedTo(before), intake);
  }

  /** Whose the row is, and what it will ask for; its line where it is not taken by numbers. */
  #look(columns: UsageColumns, row: number, at: number, ahead: ReadAhead): void {
    const { counters } = this.#intake;
    this.#lines[at] = undefined;
    this.#guided[at] = undefined;
    this.#served[at] = undefined;
    const isPlain = columns.isPlain[row] === 1;
    if (isPlain && columns.isBillable[row] === 0) return;
    const isUsual = isPlain && !this.#isHandPriced(columns.prints, PRINT_WORDS * row);
    const served = isUsual ? this.#rows.guide(columns, row) : undefined;
    // What a plan's price may ask of the store is read ahead, so it has to be known by now.
    const { isInUse } = this.#pricer.rating;
    if (served !== undefined && (!isInUse || this.#rows.price(columns, row, served))) {
      this.#served[at] = served;
      if (served.owner === undefined || served.countersAge !== counters.age) {
        ahead.addOwner(served.account, served.epoch);
      }
      ahead.addStart(columns.start[row] as number);
      return;
    }
    const line = columns.lineAt(row);
    this.#lines[at] = line;
    const guide = this.#records.guide(line);
    this.#guided[at] = guide;
    if (guide === undefined || !isRecord(line)) return;
    columns.prints.set(this.#records.printsOf(line), PRINT_WORDS * row);
    ahead.add(guide);
  }

  #isHandPriced(prints: Uint32Array, at: number): boolean {
    if (this.#handPriced.size === 0) return false;
    return this.#handPriced.has(keyOf(prints[at] as number, prints[at + 1] as number));
  }

  #idOf(columns: UsageColumns, row: number, at: number): string {
    const line = this.#lines[at];
    if (line !== undefined) return isRecord(line) ? line.id : "";
    return columns.id(row);
  }

  #takeRow(
    columns: UsageColumns,
    row: number,
    at: number,
    position: number,
  ): ControlClass | Promise<ControlClass> {
    const { seen, writer, counters } = this.#intake;
    const line = this.#lines[at];
    if (line !== undefined) return this.#records.take(line, this.#guided[at], position);
    const served = this.#served[at];
    if (served === undefined) return "notBillable";
    const { prints } = columns;
    const print = PRINT_WORDS * row;
    const isNew =
      seen.isAllNew ||
      (seen.find(prints, print) === undefined && seen.find(prints, print + 2) === undefined);
    if (!isNew || !this.#rows.price(columns, row, served)) {
      return this.#takeAsRecord(columns, row, position);
    }
    if (served.owner === undefined || served.countersAge !== counters.age) {
      served.owner = counters.of(served.account, served.epoch).deviceOf(served.device);
      served.countersAge = counters.age;
    }
    const place = writer.position;
    const { priced } = this.#rows;
    // Another row of the chunk may have the same.
    if (!seen.addBoth(prints, print, place)) return this.#takeAsRecord(columns, row, position);
    if (!writer.addNumbers(served.owner, priced)) {
      seen.takeBothBack();
      return this.#takeAsRecord(columns, row, position);
    }
    return priced.amountNano === 0 ? "pricedAtZero" : "charged";
  }

  #takeAsRecord(
    columns: UsageColumns,
    row: number,
    position: number,
  ): ControlClass | Promise<ControlClass> {
    const record = columns.recordOf(columns, row);
    return this.#records.take(record, this.#records.guide(record), position);
  }
}

/** Of two halves nearly always another number; of the same halves always the same. */
const keyOf = (high: number, low: number): number => high * 2 ** 32 + low;
