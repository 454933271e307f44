import { ZoneClock } from "../records/zone-clock.ts";
import type { BillLine } from "./bill-line.ts";
import { type NormalisedNumber, normaliseNumber, numberKey } from "./normalise-number.ts";

/** A bill line with its time and number read, ready to be compared. */
export interface PreparedLine {
  line: BillLine;
  /** Instants that the printed time can mean, in milliseconds since 1970 UTC, ascending. */
  readings: number[];
  /** `repeated` and `skipped`: the night in which clocks are set back, or forward. */
  clock: "plain" | "repeated" | "skipped";
  number?: NormalisedNumber;
  /** Of a whole number. */
  key?: string;
}

export class LinePreparer {
  readonly #defaultZone: ZoneClock;
  readonly #clocks = new Map<string, ZoneClock>();

  /** @throws TallystickError `zone.unknown` */
  constructor(zone: string) {
    this.#defaultZone = new ZoneClock(zone);
  }

  get defaultZone(): ZoneClock {
    return this.#defaultZone;
  }

  prepare(line: BillLine): PreparedLine {
    const number = line.otherParty === undefined ? undefined : normaliseNumber(line.otherParty);
    return {
      line,
      ...this.#read(line),
      ...(number === undefined ? {} : { number }),
      ...(number === undefined || number.maskedDigits > 0 ? {} : { key: numberKey(number) }),
    };
  }

  #read({ start }: BillLine): Pick<PreparedLine, "readings" | "clock"> {
    const { localMs, offsetMinutes, zone } = start;
    if (offsetMinutes !== undefined) {
      return { readings: [localMs - offsetMinutes * 60_000], clock: "plain" };
    }
    const clock = zone === undefined ? this.#defaultZone : this.#clockOf(zone);
    const readings = clock.instantsOf(localMs);
    if (readings.length === 0) {
      return { readings: clock.readingsOfSkipped(localMs), clock: "skipped" };
    }
    return { readings, clock: readings.length > 1 ? "repeated" : "plain" };
  }

  #clockOf(zone: string): ZoneClock {
    const known = this.#clocks.get(zone) ?? new ZoneClock(zone);
    this.#clocks.set(zone, known);
    return known;
  }
}

/** An order that does not depend on how the bill was sorted. */
export function compareLines(a: PreparedLine, b: PreparedLine): number {
  return (
    (a.readings[0] as number) - (b.readings[0] as number) ||
    compareText(a.line.otherParty ?? "", b.line.otherParty ?? "") ||
    (a.line.durationSeconds ?? 0) - (b.line.durationSeconds ?? 0) ||
    compareText(a.line.line, b.line.line) ||
    a.line.position - b.line.position
  );
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
