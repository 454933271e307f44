import type { ZoneClock } from "../records/zone-clock.ts";

const MINUTE = 60_000;
const QUARTER_HOUR = 15 * MINUTE;
/** A channel is created and its first record opened within this time. */
const SAME_MOMENT = 5_000;
/** By how much a zone's clock is set forward or back (Lord Howe 30 minutes, Troll two hours). */
const CLOCK_CHANGES = [30 * MINUTE, 60 * MINUTE, 120 * MINUTE];
const DAY = 86_400_000;
const OFFSET_MAX = 14 * 60 * MINUTE;

/** The instant at which the channel was created: "1231977075.12", also "system-1231977075.12". */
export function uniqueIdEpochMs(uniqueId: string): number | undefined {
  const match = /(?:^|-)(\d{9,10})\.\d+$/.exec(uniqueId);
  return match === null ? undefined : Number(match[1]) * 1000;
}

/** Local times from `from` until `to`, and what to take from them for UTC, milliseconds. */
export interface SteadySpan {
  offset: number;
  from: number;
  to: number;
}

type Complain = (code: string, message: string) => void;

/**
 * Stamps of Master.csv are local times without a zone, but each unique id carries the epoch second
 * in which its channel was created: stamp minus epoch is the offset, row by row, across daylight
 * saving. A later leg of a call (transfer) starts minutes after its channel; it takes over the
 * offset of the rows before it.
 */
export class AsteriskZone {
  readonly #clock: ZoneClock | undefined;
  #offset: number | undefined;
  /** Local times between which the stated clock has one offset, or NaN where it may change. */
  #steadyFrom = 0;
  #steadyTo = 0;
  #steady = Number.NaN;

  /** @param clock the zone that the caller states; it overrides what the file reveals */
  constructor(clock: ZoneClock | undefined) {
    this.#clock = clock;
  }

  /** Milliseconds to take from the stamp for UTC; `known` is false where UTC is a mere fallback. */
  offsetOf(
    localMs: number,
    epochMs: number | undefined,
    complain: Complain,
  ): { value: number; known: boolean } {
    if (epochMs !== undefined) this.#learn(localMs - epochMs);
    if (this.#clock !== undefined) {
      return { value: this.#stated(this.#clock, localMs, epochMs, complain), known: true };
    }
    if (this.#offset !== undefined) return { value: this.#offset, known: true };
    complain(
      "asterisk.zone-unknown",
      "The unique ids carry no epoch, so the zone of the stamps is unknown; they were read as UTC. Say --zone.",
    );
    return { value: 0, known: false };
  }

  /**
   * The same where a row of the first leg agrees with the rows before it, and with the stated zone far from
   * any change of its clock: nothing is learned from it and nothing told. NaN for every other row.
   */
  steadyOffset(localMs: number, epochMs: number): number {
    const offset = this.#offset;
    if (offset === undefined || !(Math.abs(localMs - epochMs - offset) <= SAME_MOMENT)) {
      return Number.NaN;
    }
    if (this.#clock === undefined) return offset;
    if (!(localMs >= this.#steadyFrom && localMs < this.#steadyTo)) {
      this.#steadyFrom = Math.floor(localMs / DAY) * DAY;
      this.#steadyTo = this.#steadyFrom + DAY;
      this.#steady = this.#clock.steadyOffset(
        this.#steadyFrom - OFFSET_MAX,
        this.#steadyTo + OFFSET_MAX,
      );
    }
    return this.#steady === offset ? offset : Number.NaN;
  }

  /**
   * Of which local times `steadyOffset` answers without looking further, where their epochs agree, and what;
   * undefined where it is not known yet.
   */
  get steadySpan(): SteadySpan | undefined {
    const offset = this.#offset;
    if (offset === undefined) return undefined;
    if (this.#clock === undefined)
      return { offset, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
    if (this.#steady !== offset) return { offset, from: Number.POSITIVE_INFINITY, to: 0 };
    return { offset, from: this.#steadyFrom, to: this.#steadyTo };
  }

  #learn(difference: number): void {
    // Adding zero makes 0 of the -0 that a small negative difference rounds to.
    const nearest = Math.round(difference / QUARTER_HOUR) * QUARTER_HOUR + 0;
    if (Math.abs(nearest) > OFFSET_MAX) return;
    const isFirstLeg = Math.abs(difference - nearest) <= SAME_MOMENT;
    if (this.#offset === undefined) {
      // A leg can only start after its channel.
      this.#offset = isFirstLeg ? nearest : Math.floor(difference / QUARTER_HOUR) * QUARTER_HOUR;
    } else if (isFirstLeg && CLOCK_CHANGES.includes(Math.abs(nearest - this.#offset))) {
      this.#offset = nearest;
    }
  }

  #stated(
    clock: ZoneClock,
    localMs: number,
    epochMs: number | undefined,
    complain: Complain,
  ): number {
    const readings = clock.instantsOf(localMs);
    if (readings.length === 0) {
      complain(
        "asterisk.local-time-skipped",
        `A stamp lies in the hour that ${clock.zone} skips when its clocks go forward.`,
      );
      return localMs - (clock.readingsOfSkipped(localMs)[0] as number);
    }
    const near = epochMs ?? (readings[0] as number);
    const instant = readings.reduce((best, one) =>
      Math.abs(one - near) < Math.abs(best - near) ? one : best,
    );
    if (this.#offset !== undefined && localMs - instant !== this.#offset) {
      complain(
        "asterisk.zone-contradicts-ids",
        `By the epochs in the unique ids the stamps are ${this.#offset / MINUTE} minutes ahead of UTC, not ${(localMs - instant) / MINUTE} as ${clock.zone} says.`,
      );
    }
    return localMs - instant;
  }
}
