import { SAFE_MAX } from "../../core/money/safe-integers.ts";
import type { UsageRecord } from "../../core/records/usage-record.ts";
import {
  type AllTotals,
  CONTROL_CLASSES,
  type ControlClass,
  type ControlTotals,
  type CountedUse,
  type IngestedFile,
  type StoredTotals,
} from "../store/stored-types.ts";

/*
 * Control totals: in = charged + priced at zero + suspended + duplicate + rejected + not billable +
 * dropped, in records, milliseconds and octets, for each file and for each hour of use. They say what
 * became of records until now: one that leaves suspense moves from one sum to another (move-totals.ts).
 */

export const nothing = (): ControlTotals => ({
  records: 0,
  durationMilliseconds: "0",
  octets: "0",
});

export function emptyFile(file: { name: string; sha256: string }): IngestedFile {
  return {
    name: file.name,
    sha256: file.sha256,
    done: 0,
    complete: false,
    in: nothing(),
    classes: Object.fromEntries(CONTROL_CLASSES.map((name) => [name, nothing()])) as Record<
      ControlClass,
      ControlTotals
    >,
    problems: [],
  };
}

export function emptyTotals(): AllTotals {
  const { in: all, classes } = emptyFile({ name: "", sha256: "" });
  return { files: 0, in: all, classes, leftSuspense: nothing() };
}

/** `a` with the records of `b` added. @param sign -1 to take them away */
export function withTotals<Totals extends StoredTotals>(
  a: Totals,
  b: StoredTotals,
  sign: 1 | -1 = 1,
): Totals {
  // In the order of the classes, so that the same totals are the same bytes however they came.
  const classes: Totals["classes"] = {};
  for (const name of CONTROL_CLASSES) {
    const [known, more] = [a.classes[name], b.classes[name]];
    if (more !== undefined) classes[name] = together(known ?? nothing(), more, sign);
    else if (known !== undefined) classes[name] = known;
  }
  return { ...a, in: together(a.in, b.in, sign), classes };
}

/** In minus all that became of it: zero in each part, or records were lost or counted twice. */
export function imbalanceOf({ in: taken, classes }: StoredTotals): ControlTotals {
  return Object.values(classes).reduce((left, one) => together(left, one, -1), taken);
}

export const isNothing = ({ records, durationMilliseconds, octets }: ControlTotals): boolean =>
  records === 0 && BigInt(durationMilliseconds) === 0n && BigInt(octets) === 0n;

/** @param sign -1 to take `b` away */
export const together = (a: ControlTotals, b: ControlTotals, sign: 1 | -1 = 1): ControlTotals => ({
  records: a.records + sign * b.records,
  durationMilliseconds: (
    BigInt(a.durationMilliseconds) +
    BigInt(sign) * BigInt(b.durationMilliseconds)
  ).toString(),
  octets: (BigInt(a.octets) + BigInt(sign) * BigInt(b.octets)).toString(),
});

/** Where a record without a readable start is counted; comes behind every hour. */
export const NO_HOUR = "none";

const HOUR = 3_600_000;
/** "2026-10-05T12" of a start in UTC, as all records have it. */
const hourOf = (start: string): string => start.slice(0, 13);

interface RunOfClass {
  records: number;
  milliseconds: number;
  octets: bigint;
  /** What is not in `octets` yet: an integer of any length costs more than a record. */
  fewOctets: number;
}

type RunOfHour = Map<ControlClass, RunOfClass>;

/** Control totals of a run of records, added in numbers; what could pass 2^53 is added apart. */
export class RunningTotals {
  readonly #hours = new Map<string, RunOfHour>();
  /** Records come nearly in order of time. */
  #last: { hour: string; run: RunOfHour; outcome?: ControlClass; found?: RunOfClass } | undefined;
  #all = 0;
  #hour = Number.NaN;
  #hourText = "";

  /** @param record undefined for a row that is none */
  add(outcome: ControlClass, record: UsageRecord | undefined): void {
    this.#all++;
    const run = this.#runOf(record === undefined ? NO_HOUR : hourOf(record.start), outcome);
    run.records++;
    if (record === undefined) return;
    const { durationSeconds } = record;
    if (durationSeconds !== undefined) run.milliseconds += millisecondsOf(durationSeconds);
    if (hasOctets(record)) run.octets += octetsOf(record);
  }

  /** The same of a row. @param octets whole, and at most 2^52; NaN and the duration NaN where it says none */
  addNumbers(
    outcome: ControlClass,
    startMilliseconds: number,
    durationSeconds: number,
    octets: number,
  ): void {
    this.#all++;
    const run = this.#runOf(this.#hourAt(startMilliseconds), outcome);
    run.records++;
    if (!Number.isNaN(durationSeconds)) run.milliseconds += millisecondsOf(durationSeconds);
    if (Number.isNaN(octets)) return;
    run.fewOctets += octets;
    if (run.fewOctets > SAFE_MAX) addFewOctets(run);
  }

  #hourAt(milliseconds: number): string {
    const hour = Math.floor(milliseconds / HOUR);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#hourText = hourOf(new Date(milliseconds).toISOString());
    }
    return this.#hourText;
  }

  /** The file's state with these records counted, in and in their classes. */
  addedTo(state: IngestedFile): IngestedFile {
    let sum = { ...state, done: state.done + this.#all };
    for (const [, totals] of this.byHour()) sum = withTotals(sum, totals);
    return sum;
  }

  *byHour(): Generator<[hour: string, totals: StoredTotals]> {
    for (const [hour, run] of this.#hours) {
      const totals: StoredTotals = { in: nothing(), classes: {} };
      for (const outcome of CONTROL_CLASSES) {
        const counted = run.get(outcome);
        if (counted === undefined) continue;
        addFewOctets(counted);
        const { records, milliseconds, octets } = counted;
        const own = { records, durationMilliseconds: String(milliseconds), octets: String(octets) };
        totals.classes[outcome] = own;
        totals.in = together(totals.in, own);
      }
      yield [hour, totals];
    }
  }

  #runOf(hour: string, outcome: ControlClass): RunOfClass {
    if (this.#last?.hour !== hour) {
      const run = this.#hours.get(hour) ?? new Map<ControlClass, RunOfClass>();
      this.#hours.set(hour, run);
      this.#last = { hour, run };
    }
    const last = this.#last;
    // And nearly all are of one class.
    if (last.outcome === outcome && last.found !== undefined) return last.found;
    const { run } = last;
    let found = run.get(outcome);
    if (found === undefined) {
      found = { records: 0, milliseconds: 0, octets: 0n, fewOctets: 0 };
      run.set(outcome, found);
    }
    last.outcome = outcome;
    last.found = found;
    return found;
  }
}

function addFewOctets(run: RunOfClass): void {
  if (run.fewOctets > 0) run.octets += BigInt(run.fewOctets);
  run.fewOctets = 0;
}

/** How control totals count a record of a file. */
export function countedUse(record: UsageRecord, file: string): CountedUse {
  const { start, durationSeconds } = record;
  return {
    file,
    hour: hourOf(start),
    durationMilliseconds: String(
      durationSeconds === undefined ? 0 : millisecondsOf(durationSeconds),
    ),
    octets: String(hasOctets(record) ? octetsOf(record) : 0n),
  };
}

const hasOctets = ({ totalOctets, uplinkOctets, downlinkOctets }: UsageRecord): boolean =>
  totalOctets !== undefined || uplinkOctets !== undefined || downlinkOctets !== undefined;

const octetsOf = ({ totalOctets, uplinkOctets, downlinkOctets }: UsageRecord): bigint =>
  totalOctets !== undefined
    ? BigInt(totalOctets)
    : BigInt(uplinkOctets ?? 0) + BigInt(downlinkOctets ?? 0);

/**
 * Exact where a duration has three decimals at most; of a finer one, which waits in suspense, the nearest. A
 * run has at most some thousand records of 1e9 s.
 */
const millisecondsOf = (seconds: number): number => Math.round(seconds * 1000);
