import type { DeviceEntry } from "./device-entry.ts";

export interface OwnEntries {
  /** Each entry once. */
  entries: DeviceEntry[];
  /** How many stood in another log as well and were left out. */
  shared: number;
}

/**
 * Backups of one phone overlap: an entry whose id another log has too is the same entry, and must not
 * vouch for a second line. Within one log every entry counts, since a phone writes each of them once.
 */
export function leaveOutShared(entries: readonly DeviceEntry[]): OwnEntries {
  const logOf = new Map<string, string>();
  const own = entries.filter(({ id, log }) => {
    const first = logOf.get(id);
    if (first === undefined) logOf.set(id, log);
    return first === undefined || first === log;
  });
  return { entries: own, shared: entries.length - own.length };
}

/** Names by which logs can be told apart, also where two files are called the same. */
export function tellLogsApart(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name} (${count})`;
  });
}
