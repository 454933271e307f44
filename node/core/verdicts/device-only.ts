import type { DeviceEntry } from "./device-entry.ts";
import type { IndexedEntry } from "./entry-index.ts";
import type { Period } from "./period.ts";

/** An entry of the period that is on no line, which is mostly as it should be. */
export interface DeviceOnly {
  entry: DeviceEntry;
  because: string;
}

export function findDeviceOnly(
  entries: readonly IndexedEntry[],
  used: ReadonlySet<number>,
  period: Period,
): DeviceOnly[] {
  return entries
    .filter(({ column }) => !used.has(column))
    .filter(({ entry }) => entry.startMs >= period.fromMs && entry.startMs < period.toMs)
    .map(({ entry }) => ({ entry, because: becauseOf(entry) }));
}

function becauseOf(entry: DeviceEntry): string {
  if (!entry.answered) return "It was not answered, and such a call costs nothing.";
  if (entry.direction === "incoming") return "It came in; most bills list only what goes out.";
  return "It is on no line of the bill: included in a flat rate, or not billed yet.";
}
