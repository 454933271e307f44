import { TallystickError } from "../errors.ts";
import { parseDecimalScaled } from "../money/decimal.ts";
import type { UsageRecord } from "../records/usage-record.ts";

/** Quantities as a charge group holds them (docs/PROTOCOL.md, section 4). */
export interface Quantities {
  quantity: bigint;
  secondQuantity: bigint;
}

const EIGHT_BYTES_MAX = 2n ** 64n - 1n;

/**
 * The use of a record in whole units, exact: milliseconds, octets, milliwatt-hours or units.
 * A message, a piece of content or an event without a count is one.
 * @throws TallystickError `rating.no-quantity`, `rating.quantity-not-a-number`,
 *   `rating.quantity-negative`, `rating.quantity-too-fine`, `rating.quantity-too-large`,
 *   `rating.quantity-contradicts`
 */
export function quantitiesOf(record: UsageRecord): Quantities {
  switch (record.service) {
    case "voice":
    case "time":
      return { quantity: required(durationOf(record), "durationSeconds"), secondQuantity: 0n };
    case "data":
      return { quantity: octetsOf(record), secondQuantity: durationOf(record) ?? 0n };
    case "energy":
      return {
        quantity: required(exact(record.energyWattHours, 3, "energyWattHours"), "energyWattHours"),
        secondQuantity: durationOf(record) ?? 0n,
      };
    case "sms":
    case "mms":
    case "content":
    case "event":
      return { quantity: exact(record.units, 0, "units") ?? 1n, secondQuantity: 0n };
  }
}

function durationOf(record: UsageRecord): bigint | undefined {
  return exact(record.durationSeconds, 3, "durationSeconds");
}

function octetsOf(record: UsageRecord): bigint {
  const up = exact(record.uplinkOctets, 0, "uplinkOctets");
  const down = exact(record.downlinkOctets, 0, "downlinkOctets");
  const total = exact(record.totalOctets, 0, "totalOctets");
  if (up === undefined && down === undefined) return required(total, "totalOctets");
  const sum = (up ?? 0n) + (down ?? 0n);
  if (sum > EIGHT_BYTES_MAX) throw tooLarge("octets");
  // One direction alone is not the whole of the use when the total is known.
  if (total === undefined) return sum;
  const complete = up !== undefined && down !== undefined;
  if (complete ? sum !== total : sum > total) {
    throw new TallystickError(
      "rating.quantity-contradicts",
      "The octets of the two directions do not add up to totalOctets.",
      { field: "totalOctets" },
    );
  }
  return total;
}

function required(value: bigint | undefined, field: string): bigint {
  if (value !== undefined) return value;
  throw new TallystickError("rating.no-quantity", `The record does not say its ${field}.`, {
    field,
  });
}

/** JSON numbers come as their shortest decimal text, so 213.4 is 213.4 and not a float near it. */
function exact(
  value: number | string | undefined,
  decimals: number,
  field: string,
): bigint | undefined {
  if (value === undefined) return undefined;
  const shown = JSON.stringify(value).slice(0, 40);
  let scaled: bigint;
  try {
    scaled = parseDecimalScaled(String(value), decimals);
  } catch (cause) {
    const fine = cause instanceof TallystickError && cause.code === "decimal.too-fine";
    throw new TallystickError(
      fine ? "rating.quantity-too-fine" : "rating.quantity-not-a-number",
      fine
        ? `${field}, ${shown}, ${decimals === 0 ? "is not whole" : `has more than ${decimals} decimals`}.`
        : `${field}, ${shown}, is no plain decimal number, such as 12.5, of at most 60 digits.`,
      { field },
      cause,
    );
  }
  if (scaled < 0n) {
    throw new TallystickError("rating.quantity-negative", `${field} is negative.`, { field });
  }
  if (scaled > EIGHT_BYTES_MAX) throw tooLarge(field);
  return scaled;
}

function tooLarge(field: string): TallystickError {
  return new TallystickError("rating.quantity-too-large", `${field} is too large to be counted.`, {
    field,
  });
}
