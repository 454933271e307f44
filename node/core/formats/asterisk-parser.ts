import { ZoneClock } from "../records/zone-clock.ts";
import { ASTERISK, AsteriskRecords, type Refusal, readAsteriskRow } from "./asterisk-record.ts";
import { AsteriskZone, type SteadySpan, uniqueIdEpochMs } from "./asterisk-zone.ts";
import { type CsvFault, type CsvRow, isFault } from "./csv-rows.ts";
import { FileTally } from "./file-tally.ts";
import type { InspectLine, ParseOptions } from "./inspect-line.ts";
import { MemoryRepetitionIndex, type RepetitionIndex } from "./repetition-index.ts";
import type { OtherLine } from "./usage-columns.ts";

/** Makes lines of the rows of one file, in their order, and tells of the file at its end. */
export class AsteriskParser {
  readonly tally: FileTally;
  readonly #zone: AsteriskZone;
  readonly #records: AsteriskRecords;
  readonly #uniqueIds: RepetitionIndex;
  #position = 0;

  /** @throws TallystickError `zone.unknown` */
  constructor(options: ParseOptions) {
    this.#uniqueIds = (options.repetitions ?? (() => new MemoryRepetitionIndex()))();
    this.tally = new FileTally(ASTERISK, options);
    this.#zone = new AsteriskZone(
      options.zone === undefined ? undefined : new ZoneClock(options.zone),
    );
    this.#records = new AsteriskRecords(options);
  }

  report(): InspectLine {
    const { count, first } = this.#uniqueIds.finish(10);
    if (count > 0) {
      const [one] = first;
      this.tally.problems({
        code: "asterisk.repeated-unique-id",
        message: `${count} rows have a unique id that an earlier row has (row ${one?.position} that of row ${one?.firstPosition}): legs of one call, or one row written twice.`,
        count,
        positions: first.map(({ position }) => position),
      });
    }
    return this.tally.report();
  }

  discard(): void {
    this.#uniqueIds.discard();
    this.tally.discard();
  }

  /** Rows so far, refused ones included. */
  get position(): number {
    return this.#position;
  }

  line(row: CsvRow | CsvFault): OtherLine {
    const position = ++this.#position;
    const refuse = ({ code, message, field }: Refusal): OtherLine =>
      this.tally.reject({
        code,
        message,
        position,
        line: row.line,
        byte: row.byteOffset,
        ...(field === undefined ? {} : { field }),
      });
    if (isFault(row)) return refuse(row);
    const said = readAsteriskRow(row.fields);
    if ("code" in said) return refuse(said);
    const { billable, billableSeconds, charged, ended, started, uniqueId } = said;
    if (billable && billableSeconds > (ended.localMs - charged.localMs) / 1000) {
      this.tally.problem(
        "asterisk.billsec-exceeds-call",
        `billsec is more than lies between answer and end (first: ${billableSeconds} s on line ${row.line}).`,
        position,
      );
    }
    this.#uniqueIds.add(uniqueId, position);
    const offsetMs = this.#zone.offsetOf(
      started.localMs,
      uniqueIdEpochMs(uniqueId),
      (code, message) => this.tally.problem(code, message, position),
    );
    return this.tally.accept(this.#records.record(said, offsetMs, row, position), position);
  }

  /**
   * Of a stamp that leaves no doubt: what to take from it for UTC, in milliseconds; NaN where `line` has to
   * look at the row, since it may teach or contradict.
   */
  steadyOffset(localMs: number, epochMs: number): number {
    return this.#zone.steadyOffset(localMs, epochMs);
  }

  /** Of which stamps that is known already. */
  get steadySpan(): SteadySpan | undefined {
    return this.#zone.steadySpan;
  }

  /** Counts rows that somebody else read, as `line` would have. @param durationSeconds of all of them */
  pass(rows: number, billable: number, durationSeconds: number): void {
    this.#position += rows;
    this.tally.count(rows, billable, durationSeconds);
  }
}
