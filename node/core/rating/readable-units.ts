import { formatDecimalScaled } from "../money/decimal.ts";
import type { BaseUnit } from "../tariff/units.ts";

/** Names that people read, the largest first; the largest that divides evenly is used. */
const READABLE: Record<BaseUnit, readonly (readonly [bigint, string, string])[]> = {
  millisecond: [
    [3_600_000n, "h", "hour"],
    [60_000n, "min", "minute"],
    [1_000n, "s", "second"],
    [1n, "ms", "millisecond"],
  ],
  octet: [
    [1_073_741_824n, "GiB", "GiB"],
    [1_000_000_000n, "GB", "GB"],
    [1_048_576n, "MiB", "MiB"],
    [1_000_000n, "MB", "MB"],
    [1_024n, "KiB", "KiB"],
    [1_000n, "KB", "KB"],
    [1n, "octets", "octet"],
  ],
  "milliwatt-hour": [
    [1_000_000n, "kWh", "kWh"],
    [1_000n, "Wh", "Wh"],
    [1n, "mWh", "mWh"],
  ],
  unit: [[1n, "", "unit"]],
  "nano-unit": [
    [1_000_000_000n, "", "1"],
    [1n, "billionths", "billionth"],
  ],
};

/** A quantity as people read it. */
export function readableCount(quantity: bigint, unit: BaseUnit): string {
  // A duration is read in seconds, as on a phone; minutes and hours are for prices.
  if (unit === "millisecond") return `${formatDecimalScaled(quantity, 3)} s`;
  if (unit === "nano-unit") return formatDecimalScaled(quantity, 9, 2);
  const [size, name] = readableUnit(quantity, unit);
  return name === "" ? `${quantity / size}` : `${quantity / size} ${name}`;
}

/** The largest unit that divides a quantity evenly: its size, short name and name. */
export function readableUnit(quantity: bigint, unit: BaseUnit): readonly [bigint, string, string] {
  const readable = READABLE[unit];
  const fits = quantity === 0n ? undefined : readable.find(([size]) => quantity % size === 0n);
  return fits ?? (readable[readable.length - 1] as readonly [bigint, string, string]);
}
