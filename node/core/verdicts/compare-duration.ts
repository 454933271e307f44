import type { BillLine } from "./bill-line.ts";
import type { Tolerances } from "./tolerances.ts";

/** Device durations, in seconds, that the line's own duration agrees with. */
export interface DurationRange {
  min: number;
  max: number;
}

/** Undefined where the line states no duration, as messages do: then every one agrees. */
export function agreeingDurations(
  line: BillLine,
  tolerances: Tolerances,
): DurationRange | undefined {
  const slack = tolerances.durationSeconds;
  if (line.durationSeconds !== undefined) {
    return { min: line.durationSeconds - slack, max: line.durationSeconds + slack };
  }
  const unit = line.unitSeconds;
  if (line.billedUnits === undefined || unit === undefined) return undefined;
  // Rounded minutes alone: the device's duration after the same rounding.
  const max = line.billedUnits * unit + slack;
  return { min: Math.max(0, line.billedUnits - 1) * unit + 1 - slack, max };
}

export function durationAgrees(
  range: DurationRange | undefined,
  seconds: number | undefined,
): boolean {
  if (range === undefined || seconds === undefined) return true;
  return seconds >= range.min && seconds <= range.max;
}
