import { parseDecimalNano } from "../money/decimal.ts";
import { fraction } from "../money/fraction.ts";
import { roundParts } from "../rating/period-lines.ts";
import type { RecurringFee } from "../rating/recurring-fee.ts";
import type { TariffDocument, TariffPlan } from "../tariff/document.ts";

export type OneOffFee = NonNullable<TariffPlan["oneOff"]>[number];

/** What the lines of a period show of whoever a plan's fees are for. */
export interface ShownHolders {
  /** Of the period. */
  days: number;
  /** From the first to the last day on which a line names the plan. */
  daysHeld: number;
  daysUsed: number;
  /** Devices of such lines, and the same of each of them in sum. */
  devices: number;
  deviceDaysHeld: number;
  deviceDaysUsed: number;
  /** False where a line does not show its device. */
  knowsDevices: boolean;
  /** Whether the lines show that the plan began within the period. */
  isBegun: boolean;
}

/** An amount that a fee can come to; `told` is what of it only the operator says. */
export interface FittingFee {
  told?: string;
}

const bounded = (units: bigint, max: number): boolean => units <= BigInt(max);

/**
 * Whether a recurring fee comes to an amount, for as many holders or days as it takes.
 * @returns undefined where it does not, for no number of them
 */
export function fitRecurring(
  { amount, per, proration, every = "period", due = "held" }: RecurringFee,
  askedNano: bigint,
  shown: ShownHolders,
  document: TariffDocument,
): FittingFee | undefined {
  const isOfDays = every === "day" || proration === "by-day";
  const isByDays = every === "period" && proration === "by-day";
  const units = unitsOf(parseDecimalNano(amount), isByDays ? shown.days : 1, askedNano, document);
  if (units === undefined) return undefined;
  const isUsed = due === "used" && (every === "day" || !isOfDays);
  if (per === "account") {
    const known = isOfDays ? (isUsed ? shown.daysUsed : shown.daysHeld) : 1;
    if (bounded(units, known)) return {};
    if (isUsed || !bounded(units, isOfDays ? shown.days : 1)) return undefined;
    return { told: `that the account had the plan on ${units} of ${shown.days} days` };
  }
  const known = isOfDays ? (isUsed ? shown.deviceDaysUsed : shown.deviceDaysHeld) : shown.devices;
  if (bounded(units, known)) return {};
  if (isUsed && shown.knowsDevices) return undefined;
  return { told: `that it is for ${units} ${isOfDays ? "days of devices" : "devices"}` };
}

/** The same of a fee that is due once, when the plan or a device begins. */
export function fitOneOff(
  { amount, per }: OneOffFee,
  askedNano: bigint,
  shown: ShownHolders,
  document: TariffDocument,
): FittingFee | undefined {
  const units = unitsOf(parseDecimalNano(amount), 1, askedNano, document);
  if (units === undefined || (per === "account" && units > 1n)) return undefined;
  if (per === "device") return { told: `that ${units} devices began in this period` };
  return shown.isBegun ? {} : { told: "that the plan began in this period" };
}

/** How often a part of an amount makes up what is asked, rounded as the tariff rounds. */
function unitsOf(
  wholeNano: bigint,
  parts: number,
  askedNano: bigint,
  document: TariffDocument,
): bigint | undefined {
  const divisor = BigInt(parts);
  // Whoever came and went within a day had it on no day.
  if (askedNano === 0n) return 0n;
  if (wholeNano === 0n) return undefined;
  const comesTo = (units: bigint): boolean => {
    const part = { because: "", exact: fraction(wholeNano * units, divisor) };
    return roundParts([part], document).amountNano === askedNano;
  };
  // Rounding moves the amount by less than one unit of it, whose parts may be several.
  const { scale, of } = document.rounding;
  const unitNano = 10n ** BigInt(of === "invoice" ? 0 : 9 - scale);
  const near = (askedNano * divisor) / wholeNano;
  const reach = (unitNano * divisor) / wholeNano + 1n;
  for (let away = 0n; away <= reach && away <= 100n; away++) {
    for (const units of [near - away, near + away]) {
      if (units >= 1n && comesTo(units)) return units;
    }
  }
  return undefined;
}
