import { EventBuffer, encodeEvents } from "../core/aggregation/event-block.ts";
import type { AggregationPolicy } from "../core/aggregation/policy.ts";
import type { EventSink } from "../core/aggregation/read-events.ts";
import { TallystickError } from "../core/errors.ts";
import { closeWindow } from "./close-window.ts";
import type { EventCheckpoint, EventFolder, SourceProgress } from "./event-folder.ts";

/** Events in memory for one part of one window before they are compressed and appended. */
const FRAME_EVENTS = 8_192;
/** How far ahead of this machine's clock a device's may be. */
const AHEAD_MILLISECONDS = 86_400_000;

export interface AggregatorOptions {
  policy: AggregationPolicy;
  folder: EventFolder;
  /** How many parts a window's events are kept in: closing holds one of them in memory. */
  partitions: number;
  random: (bytes: number) => Uint8Array;
  now: () => number;
  onClosed?: (closing: ClosingReport) => void;
}

export interface ClosingReport {
  name: string;
  charges: number;
  events: number;
  duplicates: number;
  /** Of the events as they are kept, keys and index included. */
  bytes: number;
}

/** "events.too-old" and such, with how many. */
export type Rejections = Map<string, number>;

/**
 * Takes events in and turns those of a window that is over into charges.
 *
 * What survives a crash: events go to files that are only appended to; a checkpoint then says how long
 * each is and how far each source was read, in one file that is replaced whole. What was appended after
 * the checkpoint is cut at the next start and read from the source again, so an event is there once.
 * A window's charges are written before the checkpoint that says that it is closed, and handed out
 * after it; a closing that was interrupted is done again from the same events.
 */
export class EventAggregator implements EventSink {
  readonly rejections: Rejections = new Map();
  events = 0;
  readonly #options: AggregatorOptions;
  readonly #checkpoint: EventCheckpoint;
  readonly #windows = new Map<string, Map<number, EventBuffer>>();
  #source = "";
  #watermark: number;
  #now: number;
  #lastWindow = Number.NaN;
  #lastParts: Map<number, EventBuffer> = new Map();
  #lastName = "";

  private constructor(options: AggregatorOptions, checkpoint: EventCheckpoint) {
    this.#options = options;
    this.#checkpoint = checkpoint;
    this.#watermark = checkpoint.watermark;
    this.#now = options.now();
  }

  /**
   * Goes on where the folder's checkpoint is.
   * @throws TallystickError `policy.changed` when the folder was begun by another policy
   */
  static open(options: AggregatorOptions): EventAggregator {
    const { folder, policy, partitions } = options;
    const found = folder.readCheckpoint();
    const checkpoint: EventCheckpoint = found ?? {
      version: 1,
      policy: policy.document,
      partitions,
      sources: {},
      watermark: 0,
      open: {},
      lateSince: {},
      closed: {},
      publishing: [],
    };
    if (JSON.stringify(checkpoint.policy) !== JSON.stringify(policy.document)) {
      throw new TallystickError(
        "policy.changed",
        "The folder holds events that were taken in by another policy; close them, or use another folder.",
      );
    }
    for (const name of folder.listOpen()) {
      if (checkpoint.open[name] === undefined) folder.removeOpen(name);
    }
    for (const [name, parts] of Object.entries(checkpoint.open)) {
      for (let part = 0; part < checkpoint.partitions; part++) {
        folder.truncate(name, part, parts[part] ?? 0);
      }
    }
    for (const name of checkpoint.publishing) folder.publish(name);
    return new EventAggregator({ ...options, partitions: checkpoint.partitions }, checkpoint);
  }

  /** How far a source was read by the last checkpoint. */
  progressOf(source: string): SourceProgress {
    return this.#checkpoint.sources[source] ?? { bytes: 0, lines: 0, events: 0, rejected: 0 };
  }

  /** Events that come now are of this source. */
  begin(source: string): void {
    this.#source = source;
    this.#now = this.#options.now();
    this.events = 0;
    this.rejections.clear();
  }

  event(device: string, gateway: string, time: number, sequence: number, quantity: number): void {
    const { policy } = this.#options;
    const oldest = this.#watermark - policy.document.ageSecondsMax * 1000;
    if (time > this.#now + AHEAD_MILLISECONDS || time < oldest) {
      this.#reject(time < oldest ? "events.too-old" : "events.from-the-future");
      return;
    }
    if (time > this.#watermark) this.#watermark = time;
    const parts = this.#partsOf(policy.windowOf(time));
    const part = hashName(policy.byDevice || !policy.byGateway ? device : gateway);
    const buffer = this.#bufferOf(parts, part % this.#options.partitions);
    buffer.push(buffer.nameNumber(device), buffer.nameNumber(gateway), time, sequence, quantity);
    this.events++;
  }

  rejected(_line: number, code: string): void {
    this.#reject(code);
  }

  #reject(code: string): void {
    this.rejections.set(code, (this.rejections.get(code) ?? 0) + 1);
  }

  #partsOf(window: number): Map<number, EventBuffer> {
    if (window === this.#lastWindow) return this.#lastParts;
    const name = `${window}-${this.#checkpoint.closed[window] ?? 0}`;
    let parts = this.#windows.get(name);
    if (parts === undefined) {
      parts = new Map();
      this.#windows.set(name, parts);
    }
    this.#lastWindow = window;
    this.#lastParts = parts;
    this.#lastName = name;
    return parts;
  }

  #bufferOf(parts: Map<number, EventBuffer>, part: number): EventBuffer {
    let buffer = parts.get(part);
    if (buffer === undefined) {
      buffer = new EventBuffer();
      parts.set(part, buffer);
    }
    if (buffer.count >= FRAME_EVENTS) this.#writeFrame(this.#lastName, part, buffer);
    return buffer;
  }

  #writeFrame(name: string, part: number, buffer: EventBuffer): void {
    this.#options.folder.append(name, part, encodeEvents(buffer));
    buffer.clear();
  }

  /** Makes everything so far durable, with how far the source was read. */
  checkpoint(progress?: Omit<SourceProgress, "events" | "rejected">): void {
    const { folder } = this.#options;
    this.#now = this.#options.now();
    for (const [name, parts] of this.#windows) {
      for (const [part, buffer] of parts) {
        if (buffer.count > 0) this.#writeFrame(name, part, buffer);
      }
    }
    for (const [name, parts] of folder.sync()) {
      const lengths = this.#checkpoint.open[name] ?? {};
      for (const [part, bytes] of parts) lengths[part] = bytes;
      this.#checkpoint.open[name] = lengths;
    }
    if (progress !== undefined) {
      const before = this.progressOf(this.#source);
      const rejected = [...this.rejections.values()].reduce((sum, count) => sum + count, 0);
      this.#checkpoint.sources[this.#source] = {
        ...progress,
        events: before.events + this.events,
        rejected: before.rejected + rejected,
      };
      this.events = 0;
      this.rejections.clear();
    }
    for (const name of Object.keys(this.#checkpoint.open)) {
      if (!name.endsWith("-0")) this.#checkpoint.lateSince[name] ??= this.#watermark;
    }
    this.#checkpoint.watermark = this.#watermark;
    folder.writeCheckpoint(this.#checkpoint);
  }

  /**
   * Turns windows into charges: those whose events are no longer awaited, or all. Call it after a
   * checkpoint. Late events of a closed window become a charge of their own, and are compared with
   * those that are charged already.
   */
  closeDue(all = false): void {
    const { policy } = this.#options;
    const awaited = this.#watermark - policy.document.awaitSeconds * 1000;
    const names = Object.keys(this.#checkpoint.open).sort();
    for (const name of names) {
      const [window = 0] = name.split("-").map(Number);
      // Late events are gathered for as long again, so that they make one charge and not many.
      const over = this.#checkpoint.lateSince[name] ?? window + policy.windowMilliseconds;
      if (all || over <= awaited) this.#close(name);
    }
  }

  #close(name: string): void {
    const { folder, onClosed } = this.#options;
    const [window = 0, supplement = 0] = name.split("-").map(Number);
    const report = closeWindow(this.#options, name, { window, supplement });
    // From here a crash finds the window closed, and hands its charges out at the next start.
    delete this.#checkpoint.open[name];
    delete this.#checkpoint.lateSince[name];
    this.#checkpoint.closed[window] = supplement + 1;
    this.#checkpoint.publishing = [name];
    this.#forgetOldWindows();
    folder.writeCheckpoint(this.#checkpoint);
    this.#windows.delete(name);
    this.#lastWindow = Number.NaN;
    folder.publish(name);
    folder.removeOpen(name);
    onClosed?.(report);
  }

  /** Events of windows before this are refused, so nobody asks whether they were closed. */
  #forgetOldWindows(): void {
    const { ageSecondsMax } = this.#options.policy.document;
    const oldest = this.#watermark - ageSecondsMax * 1000 - this.#options.policy.windowMilliseconds;
    for (const window of Object.keys(this.#checkpoint.closed)) {
      if (Number(window) < oldest) delete this.#checkpoint.closed[window];
    }
  }
}

function hashName(name: string): number {
  let hash = 5381;
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 33) ^ name.charCodeAt(i)) | 0;
  return hash >>> 0;
}
