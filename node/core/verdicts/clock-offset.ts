import { agreeingDurations } from "./compare-duration.ts";
import type { EntryIndex } from "./entry-index.ts";
import { compareNumbers } from "./normalise-number.ts";
import type { PreparedLine } from "./prepared-line.ts";
import { QUARTER_HOUR_SECONDS, SHIFT_SECONDS_MAX, type Tolerances } from "./tolerances.ts";

export interface ClockOffset {
  /** By how much the bill's clock is ahead of the device's; 0 unless many lines say so. */
  offsetSeconds: number;
  /** A multiple of 15 minutes by which most lines are off: a wrong zone, for review. */
  shiftSeconds: number;
}

const SAMPLE_LINES_MAX = 5000;
const PARTNERS_MAX = 16;
/** Fewer agreeing lines can be chance. */
const SUPPORT_MIN = 3;

/**
 * Lines and entries of one number and one length are one call, mostly; where their distances pile
 * up beside the normal delay of an answer, one of the clocks is off by that much.
 */
export function estimateClockOffset(
  lines: readonly PreparedLine[],
  index: EntryIndex,
  tolerances: Tolerances,
): ClockOffset {
  const { startSecondsMin: min, startSecondsMax: max } = tolerances;
  const distances = distancesOf(lines, index, tolerances).sort((a, b) => a - b);
  const within = (from: number, to: number): number =>
    distances.filter((distance) => distance >= from && distance <= to).length;
  const best = densestWindow(distances, max - min);
  if (best.count < SUPPORT_MIN || within(min, max) * 2 >= best.count) {
    return { offsetSeconds: 0, shiftSeconds: 0 };
  }
  const quarters = Math.floor((best.from - min) / QUARTER_HOUR_SECONDS);
  for (const shift of [quarters, quarters + 1].map((count) => count * QUARTER_HOUR_SECONDS)) {
    if (within(shift + min, shift + max) * 10 >= best.count * 9) {
      return { offsetSeconds: 0, shiftSeconds: shift };
    }
  }
  return { offsetSeconds: Math.floor(best.from), shiftSeconds: 0 };
}

function distancesOf(
  lines: readonly PreparedLine[],
  index: EntryIndex,
  tolerances: Tolerances,
): number[] {
  const distances: number[] = [];
  const step = Math.max(1, Math.floor(lines.length / SAMPLE_LINES_MAX));
  for (let i = 0; i < lines.length; i += step) {
    const { line, key, number, readings } = lines[i] as PreparedLine;
    const durations = agreeingDurations(line, tolerances);
    // Rounded minutes fit too many calls to say anything about clocks.
    if (line.durationSeconds === undefined || durations === undefined) continue;
    if (line.service === undefined || key === undefined || number === undefined) continue;
    for (const reading of readings) {
      const from = reading - SHIFT_SECONDS_MAX * 1000;
      const to = reading + SHIFT_SECONDS_MAX * 1000;
      const window = { from, to, centre: reading };
      for (const found of index.withKeyAndDuration(
        line.service,
        key,
        durations,
        window,
        PARTNERS_MAX,
      )) {
        if (found.number === undefined || compareNumbers(number, found.number) === "different")
          continue;
        distances.push((reading - found.entry.startMs) / 1000);
      }
    }
  }
  return distances;
}

function densestWindow(sorted: readonly number[], width: number): { from: number; count: number } {
  let best = { from: 0, count: 0 };
  let end = 0;
  sorted.forEach((from, start) => {
    while (end < sorted.length && (sorted[end] as number) <= from + width) end++;
    if (end - start > best.count) best = { from, count: end - start };
  });
  return best;
}
