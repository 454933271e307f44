import { TallystickError } from "../errors.ts";
import { parseDecimalScaled } from "../money/decimal.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import type { ClassTime } from "./document-conditions.ts";

/*
 * Conditions of a class that a number of the record decides: power and current while it was used, and
 * how long its session had lasted, or what it had used, when the record began. A record that runs over
 * such a limit would have two prices: it is refused, never priced as a whole by one of them.
 */

/** All in thousandths, as records are counted. */
const DIGITS = 3;
const SECONDS_OF_HOUR = 3_600n;
/** Sources round durations: hours of four decimals are off by 0.18 s, and some round up. */
const SLACK_MILLISECONDS = 1_000n;

export const MEASURES = [
  "powerKilowatts",
  "currentAmperes",
  "sessionSeconds",
  "sessionWattHours",
] as const satisfies readonly (keyof ClassTime)[];
export type Measure = (typeof MEASURES)[number];

/** A value at the record's start, as a ratio, and how far the record goes from there. */
interface Measured {
  value: bigint;
  per: bigint;
  until: bigint;
}

/**
 * Whether all numbers of a record lie in the ranges of a class.
 * @throws TallystickError `rating.no-measure` where the record does not say one,
 *   `rating.crosses-a-condition` where it runs over a limit, `rating.measure-not-a-number`
 */
export function holdsMeasures(time: ClassTime, record: UsageRecord): boolean {
  return MEASURES.every((measure) => {
    const range = time[measure];
    if (range === undefined) return true;
    const { value, per, until } = measuredOf(measure, record);
    const edge = (text: string): bigint => {
      const limit = parseDecimalScaled(text, DIGITS) * per;
      if (limit <= value || limit >= until) return limit;
      throw new TallystickError(
        "rating.crosses-a-condition",
        `The record runs over the ${measure} of ${text}, where its price changes; split it there.`,
        { field: measure },
      );
    };
    return (
      (range.from === undefined || edge(range.from) <= value) &&
      (range.below === undefined || value < edge(range.below))
    );
  });
}

function measuredOf(measure: Measure, record: UsageRecord): Measured {
  const { durationSeconds, energyWattHours } = record;
  const constant = (value: bigint, per = 1n): Measured => ({ value, per, until: value });
  switch (measure) {
    case "currentAmperes":
      return constant(given(record, measure, record.currentAmperes));
    case "powerKilowatts": {
      const duration = number("durationSeconds", durationSeconds);
      const energy = number("energyWattHours", energyWattHours);
      const isTold = record.powerKilowatts !== undefined || !duration || energy === undefined;
      if (isTold) return constant(given(record, measure, record.powerKilowatts));
      return constant(energy * SECONDS_OF_HOUR, duration);
    }
    case "sessionSeconds": {
      const value = number(measure, record.sessionSeconds) ?? sinceSessionStart(record);
      const duration = number("durationSeconds", durationSeconds) ?? 0n;
      return { value, per: 1n, until: value + duration - SLACK_MILLISECONDS };
    }
    case "sessionWattHours": {
      const before = record.sessionWattHours ?? (isFirst(record) ? "0" : undefined);
      const value = given(record, measure, before);
      return { value, per: 1n, until: value + (number("energyWattHours", energyWattHours) ?? 0n) };
    }
  }
}

const isFirst = ({ partial }: UsageRecord): boolean => partial === undefined || partial === "first";

/** In milliseconds, the thousandths of seconds. */
function sinceSessionStart(record: UsageRecord): bigint {
  const start = record.sessionStart ?? (isFirst(record) ? record.start : undefined);
  if (start !== undefined) return BigInt(Date.parse(record.start) - Date.parse(start));
  throw noMeasure(record, "sessionSeconds");
}

function given(record: UsageRecord, field: Measure, value: number | string | undefined): bigint {
  const read = number(field, value);
  if (read !== undefined) return read;
  throw noMeasure(record, field);
}

function noMeasure({ service }: UsageRecord, field: string): TallystickError {
  const more = field === "powerKilowatts" ? ", nor energy and a duration to reckon it from" : "";
  return new TallystickError(
    "rating.no-measure",
    `The price of ${service} depends on ${field}, and the record says none${more}.`,
    { field },
  );
}

function number(field: string, value: number | string | undefined): bigint | undefined {
  if (value === undefined) return undefined;
  try {
    return parseDecimalScaled(String(value), DIGITS);
  } catch (cause) {
    throw new TallystickError(
      "rating.measure-not-a-number",
      `${field} is no decimal number of at most ${DIGITS} decimals.`,
      { field },
      cause,
    );
  }
}
