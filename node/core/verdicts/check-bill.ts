import { TallystickError } from "../errors.ts";
import { assignLines, type Candidate } from "./assign-lines.ts";
import type { BillLine } from "./bill-line.ts";
import { type ClockOffset, estimateClockOffset } from "./clock-offset.ts";
import type { DeviceEntry } from "./device-entry.ts";
import { type DeviceOnly, findDeviceOnly } from "./device-only.ts";
import { EntryIndex, type IndexedEntry } from "./entry-index.ts";
import {
  ALONE_COST,
  CandidateFinder,
  DUPLICATE_COST,
  type PairCandidate,
} from "./find-candidates.ts";
import {
  type JudgeContext,
  judgeAbsent,
  judgeDuplicate,
  judgeOutsidePeriod,
  judgePair,
  judgeUndecided,
} from "./judge-line.ts";
import { LogCoverage } from "./log-coverage.ts";
import { type Period, readPeriod } from "./period.ts";
import { compareLines, LinePreparer, type PreparedLine } from "./prepared-line.ts";
import type { PriceLine } from "./recompute-line.ts";
import { findRepeatedLines, type RepeatedLines } from "./repeated-lines.ts";
import { leaveOutShared } from "./shared-entries.ts";
import { TOLERANCES, type Tolerances } from "./tolerances.ts";
import { type LineVerdict, type UndecidedReason, VERDICTS, type Verdict } from "./verdict.ts";

const RANKS_TOLD_APART = 16;

export interface CheckBillInput {
  lines: readonly BillLine[];
  /** Of all logs together; each entry names its log. */
  deviceEntries: readonly DeviceEntry[];
  /** Of printed times that carry no zone or offset of their own. */
  zone: string;
  /** FROM/TO, half-open, in the zone; without it the bill's own first to last line. */
  period?: string;
  priceLine?: PriceLine;
  tolerances?: Partial<Tolerances>;
}

export interface BillCheck {
  /** In the bill's order. */
  lines: LineVerdict[];
  deviceOnly: DeviceOnly[];
  summary: BillSummary;
}

export interface BillSummary {
  lines: number;
  /** Only those that occur. */
  byVerdict: Partial<Record<Verdict, number>>;
  disputedNano: bigint;
  undecidedNano: bigint;
  currency: string;
  clockOffsetSeconds: number;
  /** Entries that stand in several logs and were counted once. */
  sharedEntries: number;
}

/**
 * Compares a bill with what the device itself logged: the best assignment over all lines at once,
 * then one verdict for each. Which line comes first in the bill or the log changes nothing.
 * @throws TallystickError `bill.no-lines`, `bill.mixed-currencies`, `zone.unknown`,
 *   `period.not-a-period`
 */
export function checkBill(input: CheckBillInput): BillCheck {
  const currency = currencyOf(input.lines);
  const tolerances = { ...TOLERANCES, ...input.tolerances };
  const preparer = new LinePreparer(input.zone);
  const prepared = input.lines.map((line) => preparer.prepare(line)).sort(compareLines);
  const period =
    input.period === undefined ? undefined : readPeriod(input.period, preparer.defaultZone);
  const coverage = new LogCoverage(input.deviceEntries);
  const { entries, shared } = leaveOutShared(input.deviceEntries);
  const index = new EntryIndex(entries);

  const verdicts = new Map<BillLine, LineVerdict>();
  const comparable = prepared.filter((line) => {
    const verdict = judgeAlone(line, period, coverage);
    if (verdict !== undefined) verdicts.set(line.line, verdict);
    return verdict === undefined;
  });
  const clock = estimateClockOffset(comparable, index, tolerances);
  const context: JudgeContext = {
    tolerances,
    priceLine: input.priceLine,
    shiftSeconds: clock.shiftSeconds,
  };
  const used = matchLines(comparable, index, coverage, clock, context, verdicts);
  const lines = input.lines.map((line) => verdicts.get(line) as LineVerdict);
  return {
    lines,
    deviceOnly: findDeviceOnly(
      index.entries,
      used,
      period ?? ownPeriod(prepared, clock, tolerances),
    ),
    summary: { ...summarise(lines, currency, clock.offsetSeconds), sharedEntries: shared },
  };
}

/** What can be said about a line before it is compared with anything. */
function judgeAlone(
  prepared: PreparedLine,
  period: Period | undefined,
  coverage: LogCoverage,
): LineVerdict | undefined {
  const { readings, line } = prepared;
  const isInside = (at: number): boolean =>
    period === undefined || (at >= period.fromMs && at < period.toMs);
  if (!readings.some(isInside)) return judgeOutsidePeriod(prepared);
  if (line.direction === "forwarded") return judgeUndecided(prepared, "forwarded-leg");
  if (!coverage.logs(line.service)) return judgeUndecided(prepared, "not-a-logged-service");
  return undefined;
}

/** Judges all comparable lines; returns the columns of entries that are on a line. */
function matchLines(
  lines: readonly PreparedLine[],
  index: EntryIndex,
  coverage: LogCoverage,
  clock: ClockOffset,
  context: JudgeContext,
  verdicts: Map<BillLine, LineVerdict>,
): Set<number> {
  const finder = new CandidateFinder(index, context.tolerances, clock);
  const repeated = findRepeatedLines(lines, context.tolerances);
  const places = new ColumnPlaces(index.entries);
  const pairs = findAllPairs(lines, finder);
  const rows = pairs.map((candidates, row) =>
    toRow(candidates, repeated.slotsOfLine[row] ?? [], repeated.rankOfLine[row] ?? 0, places),
  );
  const { columns } = assignLines(rows, places.count + repeated.slotCount, ALONE_COST);
  const ownerOfEntry = new Map<number, number>();
  columns.forEach((column, row) => {
    const entry = column === undefined ? undefined : places.entryOf(column);
    if (entry !== undefined) ownerOfEntry.set(entry, row);
  });
  lines.forEach((line, row) => {
    const column = columns[row];
    const entry = column === undefined ? undefined : places.entryOf(column);
    const pair = pairs[row]?.find((candidate) => candidate.column === entry);
    const original = originalOf(row, column, columns, pairs, repeated, places, ownerOfEntry);
    let verdict: LineVerdict;
    if (pair !== undefined) verdict = judgePair(line, pair, context);
    else if (original !== undefined)
      verdict = judgeDuplicate(line, lines[original] as PreparedLine);
    else verdict = judgeUnmatched(line, coverage, clock);
    verdicts.set(line.line, verdict);
  });
  return new Set(ownerOfEntry.keys());
}

function findAllPairs(lines: readonly PreparedLine[], finder: CandidateFinder): PairCandidate[][] {
  const seen = new Map<string, number>();
  return lines.map((line) => {
    const same = `${line.key}|${line.readings[0]}`;
    const rank = seen.get(same) ?? 0;
    seen.set(same, rank + 1);
    return finder.find(line, rank);
  });
}

function toRow(
  pairs: readonly PairCandidate[],
  slots: readonly number[],
  rank: number,
  places: ColumnPlaces,
): Candidate[] {
  const row: Candidate[] = [];
  for (const { column, cost } of pairs) {
    for (const place of places.placesOf(column)) row.push({ column: place, cost });
  }
  // Of lines that say the same the first is the original and the others repeat it.
  const cost = DUPLICATE_COST + Math.max(0, RANKS_TOLD_APART - rank);
  for (const slot of slots) row.push({ column: places.count + slot, cost });
  return row;
}

/** Which other line a line repeats, if it took a duplicate's place or its entry is another's. */
function originalOf(
  row: number,
  column: number | undefined,
  columns: readonly (number | undefined)[],
  pairs: readonly PairCandidate[][],
  repeated: RepeatedLines,
  places: ColumnPlaces,
  ownerOfEntry: ReadonlyMap<number, number>,
): number | undefined {
  if (column !== undefined) {
    const group = repeated.linesOfSlot[column - places.count] ?? [];
    const isOriginal = (other: number): boolean => (columns[other] ?? -1) < places.count;
    return group.find((other) => other !== row && isOriginal(other));
  }
  const agreeing = pairs[row]?.find(({ evidence }) => evidence === "agrees");
  return agreeing === undefined ? undefined : ownerOfEntry.get(agreeing.column);
}

function judgeUnmatched(
  line: PreparedLine,
  coverage: LogCoverage,
  clock: ClockOffset,
): LineVerdict {
  const reason: UndecidedReason = "log-does-not-cover";
  const offset = clock.offsetSeconds + clock.shiftSeconds;
  return coverage.covers(line, offset) ? judgeAbsent(line) : judgeUndecided(line, reason);
}

/** A long message is one entry and may be several lines: it has as many places as segments. */
class ColumnPlaces {
  readonly #firstPlace: Int32Array;
  readonly #entryOfPlace: number[] = [];

  constructor(entries: readonly IndexedEntry[]) {
    this.#firstPlace = new Int32Array(entries.length + 1);
    entries.forEach(({ entry }, column) => {
      this.#firstPlace[column] = this.#entryOfPlace.length;
      for (let i = 0; i < entry.units; i++) this.#entryOfPlace.push(column);
    });
    this.#firstPlace[entries.length] = this.#entryOfPlace.length;
  }

  get count(): number {
    return this.#entryOfPlace.length;
  }

  entryOf(place: number): number | undefined {
    return this.#entryOfPlace[place];
  }

  *placesOf(column: number): Generator<number> {
    const end = this.#firstPlace[column + 1] as number;
    for (let place = this.#firstPlace[column] as number; place < end; place++) yield place;
  }
}

/** From the first to the last line, both included, seen from the device's clock. */
function ownPeriod(
  lines: readonly PreparedLine[],
  clock: ClockOffset,
  tolerances: Tolerances,
): Period {
  let [fromMs, toMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { readings } of lines) {
    for (const reading of readings) {
      fromMs = Math.min(fromMs, reading);
      toMs = Math.max(toMs, reading);
    }
  }
  const offset = (clock.offsetSeconds + clock.shiftSeconds) * 1000;
  return {
    fromMs: fromMs - offset - tolerances.startSecondsMax * 1000,
    toMs: toMs - offset - tolerances.startSecondsMin * 1000 + 1,
  };
}

function summarise(
  lines: readonly LineVerdict[],
  currency: string,
  clockOffsetSeconds: number,
): Omit<BillSummary, "sharedEntries"> {
  const byVerdict: Partial<Record<Verdict, number>> = {};
  let disputedNano = 0n;
  let undecidedNano = 0n;
  for (const { verdict, disputedNano: disputed, line } of lines) {
    byVerdict[verdict] = (byVerdict[verdict] ?? 0) + 1;
    disputedNano += disputed;
    if (verdict === "undecided") undecidedNano += line.amountNano;
  }
  const ordered = VERDICTS.filter((verdict) => byVerdict[verdict] !== undefined);
  return {
    lines: lines.length,
    byVerdict: Object.fromEntries(ordered.map((verdict) => [verdict, byVerdict[verdict]])),
    disputedNano,
    undecidedNano,
    currency,
    clockOffsetSeconds,
  };
}

function currencyOf(lines: readonly BillLine[]): string {
  const [first] = lines;
  if (first === undefined) throw new TallystickError("bill.no-lines", "The bill has no lines.");
  const other = lines.find((line) => line.currency !== first.currency);
  if (other === undefined) return first.currency;
  throw new TallystickError(
    "bill.mixed-currencies",
    `Line ${first.line} is in ${first.currency}, line ${other.line} in ${other.currency}. Check each currency as a bill of its own.`,
  );
}
