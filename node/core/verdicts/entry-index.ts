import type { DeviceEntry } from "./device-entry.ts";
import { type NormalisedNumber, normaliseNumber, numberKey } from "./normalise-number.ts";
import { compareText } from "./prepared-line.ts";

/** An entry with its number read; `column` is its place in the order of all entries. */
export interface IndexedEntry {
  entry: DeviceEntry;
  column: number;
  number?: NormalisedNumber;
}

/** Entries by start, ascending. */
type Timeline = IndexedEntry[];

interface NumberBucket {
  timeline: Timeline;
  /** By whole seconds of duration, so that a busy number costs no more than a quiet one. */
  byDuration: Map<number, Timeline>;
}

/** The device's entries, to be found by service, number, time and duration. */
export class EntryIndex {
  readonly entries: IndexedEntry[];
  readonly #all = new Map<string, Timeline>();
  readonly #anonymous = new Map<string, Timeline>();
  readonly #byNumber = new Map<string, NumberBucket>();

  constructor(entries: readonly DeviceEntry[]) {
    this.entries = [...entries].sort(compareEntries).map((entry, column) => {
      const number = entry.number === undefined ? undefined : normaliseNumber(entry.number);
      return { entry, column, ...(number === undefined ? {} : { number }) };
    });
    for (const indexed of this.entries) this.#add(indexed);
  }

  /** Every entry of the service that starts in the window, at most `limit` around `centre`. */
  near(service: string, from: number, to: number, centre: number, limit: number): Timeline {
    return slice(this.#all.get(service), from, to, centre, limit);
  }

  /** Those whose other party the log withholds. */
  anonymousNear(
    service: string,
    from: number,
    to: number,
    centre: number,
    limit: number,
  ): Timeline {
    return slice(this.#anonymous.get(service), from, to, centre, limit);
  }

  /**
   * Those with the number's last digits. `rank` spreads lines that say the same over entries that
   * say the same, where there are more than `limit` of them.
   */
  withKey(
    service: string,
    key: string,
    window: { from: number; to: number; centre: number; rank: number },
    limit: number,
  ): Timeline {
    const timeline = this.#byNumber.get(`${service}|${key}`)?.timeline;
    return slice(timeline, window.from, window.to, window.centre, limit, window.rank);
  }

  withKeyAndDuration(
    service: string,
    key: string,
    durations: { min: number; max: number },
    window: { from: number; to: number; centre: number },
    limit: number,
  ): Timeline {
    const bucket = this.#byNumber.get(`${service}|${key}`);
    if (bucket === undefined) return [];
    const found: Timeline = [];
    for (let seconds = Math.floor(durations.min); seconds <= durations.max; seconds++) {
      const timeline = bucket.byDuration.get(seconds);
      if (timeline !== undefined) {
        found.push(...slice(timeline, window.from, window.to, window.centre, limit));
      }
    }
    return found;
  }

  #add(indexed: IndexedEntry): void {
    const { entry, number } = indexed;
    append(this.#all, entry.service, indexed);
    if (number === undefined || number.maskedDigits > 0) {
      append(this.#anonymous, entry.service, indexed);
      return;
    }
    const key = `${entry.service}|${numberKey(number)}`;
    const known = this.#byNumber.get(key);
    const bucket: NumberBucket = known ?? { timeline: [], byDuration: new Map() };
    this.#byNumber.set(key, bucket);
    bucket.timeline.push(indexed);
    append(bucket.byDuration, Math.floor(entry.durationSeconds ?? 0), indexed);
  }
}

function append<K>(map: Map<K, Timeline>, key: K, indexed: IndexedEntry): void {
  const timeline = map.get(key);
  if (timeline === undefined) map.set(key, [indexed]);
  else timeline.push(indexed);
}

function slice(
  timeline: Timeline | undefined,
  from: number,
  to: number,
  centre: number,
  limit: number,
  rank = 0,
): Timeline {
  if (timeline === undefined) return [];
  const low = firstAtOrAfter(timeline, from);
  const high = firstAtOrAfter(timeline, to + 1);
  if (high - low <= limit) return timeline.slice(low, high);
  const middle = firstAtOrAfter(timeline, centre);
  const nearest = Math.max(low, Math.min(high - limit, middle - (limit >> 1)));
  // Goes round, so that every entry of the window comes into some line's reach.
  const start = low + ((nearest - low + rank) % (high - low - limit + 1));
  return timeline.slice(start, start + limit);
}

function firstAtOrAfter(timeline: Timeline, startMs: number): number {
  let low = 0;
  let high = timeline.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((timeline[middle] as IndexedEntry).entry.startMs < startMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compareEntries(a: DeviceEntry, b: DeviceEntry): number {
  return (
    a.startMs - b.startMs ||
    compareText(a.number ?? "", b.number ?? "") ||
    (a.durationSeconds ?? 0) - (b.durationSeconds ?? 0) ||
    compareText(a.id, b.id) ||
    compareText(a.log, b.log)
  );
}
