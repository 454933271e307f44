import type { DeviceEntry } from "./device-entry.ts";
import type { PreparedLine } from "./prepared-line.ts";

/**
 * For which services and times the logs speak: each from its first to its last entry. Outside of
 * that a call may have been made and its entry deleted, or never exported.
 */
export class LogCoverage {
  readonly #spans = new Map<string, { from: number; to: number }[]>();
  readonly #isEmpty: boolean;

  constructor(entries: readonly DeviceEntry[]) {
    this.#isEmpty = entries.length === 0;
    const bySource = new Map<string, { service: string; from: number; to: number }>();
    for (const { log, service, startMs } of entries) {
      const key = `${service}|${log}`;
      const span = bySource.get(key);
      if (span === undefined) bySource.set(key, { service, from: startMs, to: startMs });
      else {
        span.from = Math.min(span.from, startMs);
        span.to = Math.max(span.to, startMs);
      }
    }
    for (const { service, from, to } of bySource.values()) {
      const spans = this.#spans.get(service) ?? [];
      spans.push({ from, to });
      this.#spans.set(service, spans);
    }
  }

  /** An empty call log still is a call log. */
  logs(service: string | undefined): boolean {
    if (service === undefined) return false;
    return this.#isEmpty ? service === "voice" : this.#spans.has(service);
  }

  covers({ line, readings }: PreparedLine, offsetSeconds: number): boolean {
    const spans = this.#spans.get(line.service ?? "") ?? [];
    return readings.some((reading) => {
      const at = reading - offsetSeconds * 1000;
      return spans.some(({ from, to }) => at >= from && at <= to);
    });
  }
}
