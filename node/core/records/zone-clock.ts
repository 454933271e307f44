import { Temporal } from "temporal-polyfill";
import { TallystickError } from "../errors.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
/** Beyond this no zone's offset lies (UTC-12 to UTC+14). */
const OFFSET_MAX = 14 * 60 * MINUTE;
/** Transitions are looked up in stretches of about a year and kept. */
const STRETCH = 400 * DAY;

interface Stretch {
  /** Instants at which the offset changes inside the stretch, ascending. */
  changes: number[];
  /** offsets[i] holds before changes[i]; one more than there are changes. */
  offsets: number[];
}

/**
 * Local time to instants and back, in one zone. Asking the calendar library for each of 200,000
 * lines takes seconds; asking it for the few clock changes and doing the rest by arithmetic does not.
 * All times are milliseconds; a "local" one is what the clock shows, counted as if it were UTC.
 */
export class ZoneClock {
  readonly zone: string;
  readonly #stretches = new Map<number, Stretch>();

  /** @throws TallystickError `zone.unknown` unless it is an IANA name or an offset such as +02:00 */
  constructor(zone: string) {
    try {
      this.zone = Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone).timeZoneId;
    } catch (cause) {
      throw new TallystickError(
        "zone.unknown",
        `${JSON.stringify(zone)} is no time zone. Use a name such as Europe/Berlin, an offset such as +02:00, or UTC.`,
        {},
        cause,
      );
    }
  }

  /** Milliseconds to add to the instant for what the clock shows. */
  offsetAt(instant: number): number {
    const { changes, offsets } = this.#stretch(Math.floor(instant / STRETCH));
    let i = 0;
    while (i < changes.length && instant >= (changes[i] as number)) i++;
    return offsets[i] as number;
  }

  /** The offset that holds from one instant to another; NaN where it changes, or was not looked up as one. */
  steadyOffset(from: number, to: number): number {
    const number = Math.floor(from / STRETCH);
    if (Math.floor(to / STRETCH) !== number) return Number.NaN;
    const { changes } = this.#stretch(number);
    const changesBetween = changes.some((change) => change > from && change <= to);
    return changesBetween ? Number.NaN : this.offsetAt(from);
  }

  /**
   * The instants at which the clock shows `local`, ascending: one usually, two in the night when it
   * is set back, none in the hour that is skipped when it is set forward.
   */
  instantsOf(local: number): number[] {
    return this.#possibleOffsets(local)
      .map((offset) => local - offset)
      .filter((instant) => instant + this.offsetAt(instant) === local)
      .sort((a, b) => a - b);
  }

  /**
   * What a skipped local time can mean: read with the offset from before and from after the change.
   */
  readingsOfSkipped(local: number): number[] {
    return this.#possibleOffsets(local)
      .map((offset) => local - offset)
      .sort((a, b) => a - b);
  }

  #possibleOffsets(local: number): number[] {
    const before = this.offsetAt(local - OFFSET_MAX);
    const after = this.offsetAt(local + OFFSET_MAX);
    return before === after ? [before] : [before, after];
  }

  #stretch(number: number): Stretch {
    const known = this.#stretches.get(number);
    if (known !== undefined) return known;
    const end = (number + 1) * STRETCH;
    let at = Temporal.Instant.fromEpochMilliseconds(number * STRETCH).toZonedDateTimeISO(this.zone);
    const stretch: Stretch = { changes: [], offsets: [at.offsetNanoseconds / 1e6] };
    for (;;) {
      const next = at.getTimeZoneTransition("next");
      if (next === null || next.epochMilliseconds >= end) break;
      stretch.changes.push(next.epochMilliseconds);
      stretch.offsets.push(next.offsetNanoseconds / 1e6);
      at = next;
    }
    this.#stretches.set(number, stretch);
    return stretch;
  }
}
