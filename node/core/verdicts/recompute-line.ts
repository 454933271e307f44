import { divideUp } from "../money/rounding.ts";
import type { BillLine } from "./bill-line.ts";
import type { DeviceEntry } from "./device-entry.ts";
import type { Tolerances } from "./tolerances.ts";

/** What a tariff asks for the line if it lasted so long; undefined where it has no price. */
export type PriceLine = (
  line: BillLine,
  use: { durationSeconds: number | undefined; startMs: number },
) => bigint | undefined;

export interface Recomputed {
  amountNano: bigint;
  /** A clause for people. */
  because: string;
}

/**
 * What a line should cost for the device's duration: by the tariff, by the price per started unit
 * that the line itself shows, or, where it shows none, in proportion to the time.
 */
export function recomputeForDevice(
  line: BillLine,
  entry: DeviceEntry,
  startMs: number,
  priceLine: PriceLine | undefined,
): Recomputed {
  const { durationSeconds = 0 } = entry;
  const priced = priceLine?.(line, { durationSeconds, startMs });
  if (priced !== undefined) return { amountNano: priced, because: "by the tariff" };
  const { billedUnits, unitSeconds } = line;
  if (billedUnits !== undefined && billedUnits > 0 && unitSeconds !== undefined) {
    const units = startedUnits(durationSeconds, unitSeconds);
    // A price that does not divide is rounded up: a dispute never asks for more than is due.
    const amountNano = divideUp(line.amountNano * BigInt(units), BigInt(billedUnits));
    return {
      amountNano,
      because: `${units} started ${units === 1 ? "unit" : "units"} of ${unitSeconds} s instead of ${billedUnits}`,
    };
  }
  const billedMs = BigInt(Math.round((line.durationSeconds ?? 0) * 1000));
  if (billedMs === 0n)
    return { amountNano: line.amountNano, because: "the bill shows no price per unit" };
  const deviceMs = BigInt(Math.round(durationSeconds * 1000));
  return {
    amountNano: divideUp(line.amountNano * deviceMs, billedMs),
    because: "in proportion to the time, as the bill shows no price per unit",
  };
}

/**
 * What a line should cost for what it says itself; undefined when its price is right or unknown.
 * @param startsMs the starts by which it may be priced, the bill's first: near the minute in which
 *   a tariff's band changes, ringing and answer lie on both sides
 */
export function findWrongPrice(
  line: BillLine,
  entry: DeviceEntry,
  startsMs: readonly number[],
  priceLine: PriceLine | undefined,
  tolerances: Tolerances,
): Recomputed | undefined {
  if (priceLine !== undefined)
    return findTariffDifference(line, entry, startsMs, priceLine, tolerances);
  const { billedUnits, unitSeconds } = line;
  if (billedUnits === undefined || billedUnits === 0) return undefined;
  const units =
    line.service === "voice" ? unitsOfCall(line, entry, tolerances) : Math.max(entry.units, 1);
  if (units === undefined || billedUnits <= units) return undefined;
  const name = unitSeconds === undefined ? "messages" : `started units of ${unitSeconds} s`;
  return {
    amountNano: divideUp(line.amountNano * BigInt(units), BigInt(billedUnits)),
    because: `${billedUnits} ${name} were billed where ${units} were used`,
  };
}

/** The line's own duration prices it; the device's where the bill shows rounded minutes alone. */
function findTariffDifference(
  line: BillLine,
  entry: DeviceEntry,
  startsMs: readonly number[],
  priceLine: PriceLine,
  tolerances: Tolerances,
): Recomputed | undefined {
  const slack = tolerances.durationSeconds;
  const device = entry.durationSeconds;
  const durations =
    line.durationSeconds !== undefined || device === undefined
      ? [line.durationSeconds]
      : [device, device + slack, Math.max(0, device - slack)];
  const prices = startsMs.flatMap((startMs) =>
    durations.map((durationSeconds) => priceLine(line, { durationSeconds, startMs })),
  );
  const [price] = prices;
  if (price === undefined || prices.includes(line.amountNano)) return undefined;
  return { amountNano: price, because: "the tariff asks another amount" };
}

function unitsOfCall(
  line: BillLine,
  entry: DeviceEntry,
  tolerances: Tolerances,
): number | undefined {
  if (line.unitSeconds === undefined) return undefined;
  const duration =
    line.durationSeconds ?? (entry.durationSeconds ?? 0) + tolerances.durationSeconds;
  return startedUnits(duration, line.unitSeconds);
}

/** An answered call of no length is one started unit. */
function startedUnits(durationSeconds: number, unitSeconds: number): number {
  return Math.max(1, Math.ceil(durationSeconds / unitSeconds));
}
