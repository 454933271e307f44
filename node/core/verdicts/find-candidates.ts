import type { ClockOffset } from "./clock-offset.ts";
import { agreeingDurations, type DurationRange, durationAgrees } from "./compare-duration.ts";
import type { EntryIndex, IndexedEntry } from "./entry-index.ts";
import { compareNumbers, type NumberMatch } from "./normalise-number.ts";
import type { PreparedLine } from "./prepared-line.ts";
import { QUARTER_HOUR_SECONDS, SHIFT_SECONDS_MAX, type Tolerances } from "./tolerances.ts";

/** What speaks for a line being an entry, the strongest first. */
export type Evidence =
  | "agrees"
  | "agrees-shifted"
  | "agrees-weakly"
  | "answered-elsewhere"
  | "duration-differs"
  | "unanswered"
  | "shifted"
  | "number-differs"
  | "time-differs";

export interface PairCandidate {
  column: number;
  cost: number;
  evidence: Evidence;
  indexed: IndexedEntry;
  startDifferenceSeconds: number;
}

/**
 * Base costs. An agreement weighs more than any two others together, so that no true pair is broken
 * to explain two doubtful lines; being alone costs most.
 */
export const ALONE_COST = 1000;
export const DUPLICATE_COST = 550;
const COST: Record<Evidence, number> = {
  agrees: 0,
  "agrees-shifted": 100,
  "agrees-weakly": 530,
  "answered-elsewhere": 540,
  "duration-differs": 600,
  unanswered: 650,
  shifted: 700,
  "number-differs": 800,
  "time-differs": 880,
};
const FINE_COST_MAX = 95;
const OTHER_DIRECTION_COST = 20;

const CANDIDATES_MAX = 64;
const FAR_CANDIDATES_MAX = 12;

const IS_AGREEMENT: ReadonlySet<Evidence> = new Set(["agrees", "agrees-shifted"]);

interface NearWindow {
  from: number;
  to: number;
  centre: number;
  rank: number;
}

type NearFinder = (prepared: PreparedLine, window: NearWindow) => IndexedEntry[];

/** Which entries a line can be, and what each would say about it. */
export class CandidateFinder {
  readonly #index: EntryIndex;
  readonly #tolerances: Tolerances;
  readonly #offset: number;
  readonly #shift: number;

  constructor(index: EntryIndex, tolerances: Tolerances, clock: ClockOffset) {
    this.#index = index;
    this.#tolerances = tolerances;
    this.#offset = clock.offsetSeconds;
    this.#shift = clock.shiftSeconds;
  }

  /** @param rank how many lines before this one have its number and time */
  find(prepared: PreparedLine, rank: number): PairCandidate[] {
    const best = new Map<number, PairCandidate>();
    const keep = (candidate: PairCandidate | undefined): void => {
      if (candidate === undefined) return;
      const known = best.get(candidate.column);
      if (known === undefined || candidate.cost < known.cost) best.set(candidate.column, candidate);
    };
    const durations = agreeingDurations(prepared.line, this.#tolerances);
    const shifts = this.#shift === 0 ? [0] : [0, this.#shift];
    const compareNear = (finder: NearFinder): void => {
      for (const reading of prepared.readings) {
        for (const shift of shifts) {
          for (const found of finder(prepared, this.#window(prepared, reading, shift, rank))) {
            keep(this.#nearCandidate(prepared, found, reading, shift, durations));
          }
        }
      }
    };
    compareNear(this.#withItsNumber);
    // A line that has a call of its own is not looked for at other times and numbers: if another
    // line has that call already, it is a duplicate rather than some distant call.
    if ([...best.values()].some(({ evidence }) => IS_AGREEMENT.has(evidence))) return inOrder(best);
    compareNear(this.#withAnyNumber);
    for (const reading of prepared.readings) {
      for (const found of this.#far(prepared, reading, durations)) {
        keep(this.#farCandidate(prepared, found, reading));
      }
    }
    return inOrder(best);
  }

  readonly #withItsNumber: NearFinder = ({ key, line: { service = "" } }, window) =>
    key === undefined ? [] : this.#index.withKey(service, key, window, CANDIDATES_MAX);

  readonly #withAnyNumber: NearFinder = ({ line: { service = "" } }, { from, to, centre }) => [
    ...this.#index.anonymousNear(service, from, to, centre, CANDIDATES_MAX),
    ...this.#index.near(service, from, to, centre, CANDIDATES_MAX),
  ];

  /** Starts of entries that the line's time can belong to. */
  #window(prepared: PreparedLine, reading: number, shift: number, rank: number): NearWindow {
    const { startSecondsMax, startSecondsMin } = this.#tolerances;
    const centre = reading - (this.#offset + shift) * 1000;
    const imprecisionMs = (prepared.line.start.precisionSeconds - 1) * 1000;
    return {
      from: centre - startSecondsMax * 1000,
      to: centre - startSecondsMin * 1000 + imprecisionMs,
      centre,
      rank,
    };
  }

  #far(
    prepared: PreparedLine,
    reading: number,
    durations: DurationRange | undefined,
  ): IndexedEntry[] {
    const { key, line } = prepared;
    // Messages have no length by which one could be told from the next.
    if (key === undefined || line.service === undefined || durations === undefined) return [];
    const centre = reading - this.#offset * 1000;
    const reach = SHIFT_SECONDS_MAX * 1000;
    const window = { from: centre - reach, to: centre + reach, centre };
    return this.#index.withKeyAndDuration(line.service, key, durations, window, FAR_CANDIDATES_MAX);
  }

  #nearCandidate(
    prepared: PreparedLine,
    indexed: IndexedEntry,
    reading: number,
    shift: number,
    durations: DurationRange | undefined,
  ): PairCandidate | undefined {
    const { entry } = indexed;
    const difference = (reading - entry.startMs) / 1000;
    const evidence = this.#nearEvidence(prepared, indexed, shift, durations);
    if (evidence === undefined) return undefined;
    const off = Math.abs(difference - this.#offset - shift);
    const longer = Math.abs((prepared.line.durationSeconds ?? 0) - (entry.durationSeconds ?? 0));
    const fine = Math.min(
      FINE_COST_MAX,
      Math.round(
        off / 2 + (prepared.line.durationSeconds === undefined ? 0 : Math.min(40, longer)),
      ),
    );
    const otherWay = isDirection(prepared, indexed) ? 0 : OTHER_DIRECTION_COST;
    return {
      column: indexed.column,
      cost: COST[evidence] + fine + otherWay,
      evidence,
      indexed,
      startDifferenceSeconds: difference,
    };
  }

  #nearEvidence(
    prepared: PreparedLine,
    indexed: IndexedEntry,
    shift: number,
    durations: DurationRange | undefined,
  ): Evidence | undefined {
    const { entry } = indexed;
    const match = matchNumbers(prepared, indexed);
    if (!entry.answered) {
      // Whichever way: what nobody answered is no call that could be billed.
      return match === "same" || match === "likely" ? "unanswered" : undefined;
    }
    if (!isDirection(prepared, indexed)) return undefined;
    if (entry.answeredElsewhere) return match === "different" ? undefined : "answered-elsewhere";
    const agrees = durationAgrees(durations, entry.durationSeconds);
    if (match === "different") {
      // A message has nothing else to be known by.
      return agrees && durations !== undefined ? "number-differs" : undefined;
    }
    if (match === "withheld") return agrees ? "agrees-weakly" : undefined;
    if (!agrees) return "duration-differs";
    if (match === "partial") return "agrees-weakly";
    return shift === 0 ? "agrees" : "agrees-shifted";
  }

  #farCandidate(
    prepared: PreparedLine,
    indexed: IndexedEntry,
    reading: number,
  ): PairCandidate | undefined {
    const { entry, column } = indexed;
    const match = matchNumbers(prepared, indexed);
    if (match !== "same" && match !== "likely") return undefined;
    if (!entry.answered || entry.answeredElsewhere || !isDirection(prepared, indexed))
      return undefined;
    const startDifferenceSeconds = (reading - entry.startMs) / 1000;
    const off = startDifferenceSeconds - this.#offset;
    const { startSecondsMin, startSecondsMax, timeDiffersSecondsMax } = this.#tolerances;
    const earliest = startSecondsMin - (prepared.line.start.precisionSeconds - 1);
    const quarters = Math.floor((off - earliest) / QUARTER_HOUR_SECONDS);
    const rest = off - quarters * QUARTER_HOUR_SECONDS;
    const pair = { column, indexed, startDifferenceSeconds };
    if (quarters === 0 && rest <= startSecondsMax) return undefined;
    if (rest <= startSecondsMax) {
      return {
        ...pair,
        evidence: "shifted",
        cost: COST.shifted + Math.min(FINE_COST_MAX, Math.abs(quarters)),
      };
    }
    if (Math.abs(off) > timeDiffersSecondsMax) return undefined;
    const fine = Math.round((FINE_COST_MAX * Math.abs(off)) / timeDiffersSecondsMax);
    return { ...pair, evidence: "time-differs", cost: COST["time-differs"] + fine };
  }
}

function matchNumbers(prepared: PreparedLine, indexed: IndexedEntry): NumberMatch | "withheld" {
  if (prepared.number === undefined || indexed.number === undefined) return "withheld";
  return compareNumbers(prepared.number, indexed.number);
}

function isDirection(prepared: PreparedLine, indexed: IndexedEntry): boolean {
  const { direction } = prepared.line;
  return direction === undefined || direction === "none" || direction === indexed.entry.direction;
}

function inOrder(best: ReadonlyMap<number, PairCandidate>): PairCandidate[] {
  return [...best.values()].sort((a, b) => a.column - b.column);
}
