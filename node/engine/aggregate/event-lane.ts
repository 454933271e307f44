import { EventBuffer, encodeEvents } from "../../core/aggregation/event-block.ts";
import { EventsHasher } from "../../core/aggregation/events-hasher.ts";
import type { AggregationPolicy } from "../../core/aggregation/policy.ts";
import { EventLineReader, type EventSink } from "../../core/aggregation/read-events.ts";
import { assert } from "../../core/errors.ts";
import { type ClosedParts, WindowClosing } from "./close-window.ts";
import { type LaneFolder, windowName } from "./event-folder.ts";

/** Events in memory before they are compressed and appended, of all windows and parts. */
const BUFFER_EVENTS = 65_536;
const NAMES_MAX = 100_000;
/** How far ahead of this machine's clock a device's may be. */
const AHEAD_MILLISECONDS = 86_400_000;

export interface LaneOptions {
  policy: AggregationPolicy;
  folder: LaneFolder;
  random: (bytes: number) => Uint8Array;
  /** Secret, as in NameTable; nothing that is written depends on it. */
  nameKey: Uint32Array;
  /** As in ClosingOptions. */
  roundEvents?: number;
}

const ARRIVED = Uint32Array.from({ length: BUFFER_EVENTS }, (_, row) => row);

/** What all lanes have to agree on: told to each of them whenever it changes. */
export interface LaneState {
  /** Latest time of any event, of this lane's or another's. */
  watermark: number;
  now: number;
  /** Begin of a window to how many times it was closed. */
  closed: Record<string, number>;
  /** Parts of the windows that are open; others get `partsOfNew`. */
  parts: Record<string, number>;
  partsOfNew: number;
}

export interface TakenLines {
  lines: number;
  events: number;
  /** "events.too-old" and such, with how many and the first line, counted in what was given. */
  rejections: Record<string, { count: number; firstLine: number }>;
}

export interface FlushedLane {
  /** Length of the lane's file of each window that was appended to. */
  bytes: Record<string, number>;
  parts: Record<string, number>;
  watermark: number;
}

/**
 * Takes events in, and closes parts of windows, in files that no other lane writes: several lanes share
 * the work, each in a thread of its own, or one does all of it where there is little memory. What it has
 * in memory is one buffer of events while it takes them in, or one part of a window while it closes.
 */
export class EventLane implements EventSink {
  readonly #options: LaneOptions;
  readonly #events: EventBuffer;
  /** Of each event in memory: its window in #names, and its part. */
  readonly #windowOfRow = new Uint16Array(BUFFER_EVENTS);
  readonly #partOfRow = new Uint16Array(BUFFER_EVENTS);
  readonly #sorted = [new Uint32Array(BUFFER_EVENTS), new Uint32Array(BUFFER_EVENTS)];
  #names: string[] = [];
  #parts: number[] = [];
  #numbers = new Map<number, number>();
  #lastWindow = Number.NaN;
  #lastNumber = 0;
  #state!: LaneState;
  #reader: EventLineReader | undefined;
  #taken!: TakenLines;
  #closing: WindowClosing | undefined;
  readonly #hasher = new EventsHasher();

  constructor(options: LaneOptions, state: LaneState) {
    this.#options = options;
    this.#events = new EventBuffer(options.nameKey, BUFFER_EVENTS);
    this.update(state);
  }

  update(state: LaneState): void {
    assert(this.#events.count === 0, "events in memory belong to windows as they were");
    const watermark = Math.max(state.watermark, this.#state?.watermark ?? 0);
    this.#state = { ...state, watermark };
    this.#names = [];
    this.#parts = [];
    this.#numbers.clear();
    this.#lastWindow = Number.NaN;
  }

  /** Lines that come now have these columns. */
  begin(header: string): void {
    this.#reader = new EventLineReader(header, this.#events.names, this);
  }

  take(lines: Uint8Array): TakenLines {
    assert(this.#reader !== undefined, "the columns are told before lines");
    // Names mostly come again; only where there are very many are they let go of.
    if (this.#events.names.size > NAMES_MAX) {
      this.#write();
      this.#events.names.clear();
    }
    this.#taken = { lines: 0, events: 0, rejections: {} };
    this.#taken.lines = this.#reader.read(lines);
    return this.#taken;
  }

  event(
    device: number,
    gateway: number,
    time: number,
    sequence: number,
    quantity: number,
  ): string | undefined {
    const { policy } = this.#options;
    const state = this.#state;
    if (time < state.watermark - policy.document.ageSecondsMax * 1000) return "events.too-old";
    if (time > state.now + AHEAD_MILLISECONDS) return "events.from-the-future";
    if (time > state.watermark) state.watermark = time;
    const events = this.#events;
    if (events.count === BUFFER_EVENTS) this.#write();
    const window = policy.windowOf(time);
    const number = window === this.#lastWindow ? this.#lastNumber : this.#numberOf(window);
    const hash = events.names.lastingHashOf(
      policy.byDevice || !policy.byGateway ? device : gateway,
    );
    this.#windowOfRow[events.count] = number;
    this.#partOfRow[events.count] = (hash >>> 0) % (this.#parts[number] as number);
    events.push(device, gateway, time, sequence, quantity);
    this.#taken.events++;
    return undefined;
  }

  rejected(line: number, code: string): void {
    const { rejections } = this.#taken;
    const known = rejections[code];
    if (known === undefined) rejections[code] = { count: 1, firstLine: line };
    else known.count++;
  }

  #numberOf(window: number): number {
    let number = this.#numbers.get(window);
    if (number === undefined) {
      const name = windowName(window, this.#state.closed[window] ?? 0);
      number = this.#names.push(name) - 1;
      this.#parts.push(this.#state.parts[name] ?? this.#state.partsOfNew);
      this.#numbers.set(window, number);
    }
    this.#lastWindow = window;
    this.#lastNumber = number;
    return number;
  }

  /** Makes everything so far durable. */
  flush(): FlushedLane {
    this.#write();
    const bytes = Object.fromEntries(this.#options.folder.sync());
    const parts = Object.fromEntries(
      this.#names.map((name, i) => [name, this.#parts[i] as number]),
    );
    return { bytes, parts, watermark: this.#state.watermark };
  }

  /** Appends what is in memory, part by part. */
  #write(): void {
    const { begins, rows } = this.#rowsByPart();
    let piece = 0;
    for (const [number, name] of this.#names.entries()) {
      for (let part = 0; part < (this.#parts[number] as number); part++, piece++) {
        const ofPart = rows.subarray(begins[piece], begins[piece + 1]);
        if (ofPart.length === 0) continue;
        this.#options.folder.append(name, part, encodeEvents(this.#events, ofPart), ofPart.length);
      }
    }
    this.#events.count = 0;
  }

  /**
   * What is of one window and part stands between two of `begins`. Within it events stand by device,
   * since those of one device are alike and take fewer bytes one after the other.
   */
  #rowsByPart(): { begins: Uint32Array; rows: Uint32Array } {
    const firsts: number[] = [];
    let pieces = 0;
    for (const parts of this.#parts) {
      firsts.push(pieces);
      pieces += parts;
    }
    const { count, names, device } = this.#events;
    const arrived = ARRIVED.subarray(0, count);
    const [byDevice, rows] = this.#sorted.map((memory) => memory.subarray(0, count));
    assert(byDevice !== undefined && rows !== undefined, "there is memory for both");
    countingSort(arrived, byDevice, names.size, (row) => device[row] as number);
    const begins = countingSort(
      byDevice,
      rows,
      pieces,
      (row) =>
        (firsts[this.#windowOfRow[row] as number] as number) + (this.#partOfRow[row] as number),
    );
    return { begins, rows };
  }

  /** Begins a closing, with the parts that are given to it until it is finished. */
  beginClosing(name: string, parts: number): void {
    assert(this.#closing === undefined, "one window is closed at a time");
    this.#closing = new WindowClosing(this.#options, this.#hasher, name, parts);
  }

  closePart(part: number): void {
    this.#closing?.closePart(part);
  }

  /** Durable when it returns. */
  finishClosing(): ClosedParts {
    assert(this.#closing !== undefined, "a closing was begun");
    const report = this.#closing.finish();
    this.#options.folder.releaseOpen(this.#closing.name);
    this.#closing = undefined;
    return report;
  }
}

/** Stable: rows of the same bucket keep their order. Answers where each begins, and the last ends. */
function countingSort(
  rows: Uint32Array,
  sorted: Uint32Array,
  buckets: number,
  bucketOf: (row: number) => number,
): Uint32Array {
  const begins = new Uint32Array(buckets + 1);
  for (let i = 0; i < rows.length; i++) {
    const next = bucketOf(rows[i] as number) + 1;
    begins[next] = (begins[next] as number) + 1;
  }
  for (let bucket = 0; bucket < buckets; bucket++) {
    begins[bucket + 1] = (begins[bucket + 1] as number) + (begins[bucket] as number);
  }
  const free = begins.slice();
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const bucket = bucketOf(row);
    const at = free[bucket] as number;
    sorted[at] = row;
    free[bucket] = at + 1;
  }
  return begins;
}
