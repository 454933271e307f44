import type { AggregationPolicy } from "../../core/aggregation/policy.ts";
import { TallystickError } from "../../core/errors.ts";
import type { ClosedParts } from "./close-window.ts";
import {
  type EventCheckpoint,
  type EventFolder,
  readWindowName,
  type SourceProgress,
} from "./event-folder.ts";
import type { LaneState } from "./event-lane.ts";
import { type Lane, LaneTeam } from "./lane-team.ts";

export interface AggregatorOptions {
  policy: AggregationPolicy;
  folder: EventFolder;
  /** How many parts a window's events are kept in that begins now: one is closed at a time. */
  parts: number;
  /** How many share the work. */
  lanes: number;
  startLane: (lane: number, state: LaneState) => Lane;
  now: () => number;
  onClosed?: (closing: ClosingReport) => void;
}

export interface ClosingReport extends ClosedParts {
  name: string;
}

const NOTHING_READ: SourceProgress = { bytes: 0, lines: 0, events: 0, rejected: 0, at: 0 };

/** What was taken of one source since the last checkpoint. */
export interface TakenEvents {
  lines: number;
  events: number;
  /** "events.too-old" and such, with how many, and the first of their lines. */
  rejections: Map<string, { count: number; firstLine: number }>;
}

/**
 * Takes events in and turns those of a window that is over into charges.
 *
 * What survives a crash: events go to files that are only appended to; a checkpoint then says how long
 * each is and how far each source was read, in one file that is replaced whole. What was appended after
 * the checkpoint is cut at the next start and read from the source again, so an event is there once.
 * A window's charges are written before the checkpoint that says that it is closed, and handed out
 * after it; a closing that was interrupted is done again from the same events.
 */
export class EventAggregator {
  readonly #options: AggregatorOptions;
  readonly #checkpoint: EventCheckpoint;
  readonly #team: LaneTeam;
  #source = "";

  private constructor(options: AggregatorOptions, checkpoint: EventCheckpoint) {
    this.#options = options;
    this.#checkpoint = checkpoint;
    checkpoint.clock = Math.max(checkpoint.clock, options.now());
    const state = this.#state();
    const lanes = Array.from({ length: options.lanes }, (_, i) => options.startLane(i, state));
    this.#team = new LaneTeam(lanes);
  }

  /**
   * Goes on where the folder's checkpoint is.
   * @throws TallystickError `policy.changed` when the folder was begun by another policy
   */
  static open(options: AggregatorOptions): EventAggregator {
    const { folder, policy } = options;
    const checkpoint: EventCheckpoint = folder.readCheckpoint() ?? {
      version: 3,
      policy: policy.document,
      sources: {},
      watermark: 0,
      clock: 0,
      open: {},
      lateSince: {},
      closed: {},
      publishing: [],
    };
    const { challengeDays } = policy.document;
    const found = { ...checkpoint.policy, challengeDays };
    if (JSON.stringify(found) !== JSON.stringify(policy.document)) {
      throw new TallystickError(
        "policy.changed",
        "The folder holds events that were taken in by another policy; close them, or use another folder.",
      );
    }
    checkpoint.policy = policy.document;
    folder.restore(checkpoint);
    for (const name of checkpoint.publishing) folder.publish(name);
    return new EventAggregator(options, checkpoint);
  }

  /** Latest time of any event, milliseconds. */
  get watermark(): number {
    return this.#checkpoint.watermark;
  }

  /** By how much this machine's clock is behind what it once showed, milliseconds. */
  get clockBehind(): number {
    return this.#checkpoint.clock - this.#options.now();
  }

  /** How far a source was read by the last checkpoint. */
  progressOf(source: string): SourceProgress {
    return this.#checkpoint.sources[source] ?? NOTHING_READ;
  }

  /** Lines that come now are of this source, with these columns. */
  async begin(source: string, header: string): Promise<void> {
    this.#source = source;
    await this.#team.all((lane) => lane.begin(header));
  }

  /**
   * Whole lines, in memory that is not used again: it may go to another thread. Returns when there is
   * room for more, so that a reader that waits for it reads no faster than events can be kept.
   */
  async take(lines: Uint8Array): Promise<void> {
    await this.#team.take(lines);
  }

  /** Makes everything so far durable, with how far the source was read. */
  async checkpoint(bytes: number, header: string): Promise<TakenEvents> {
    const { folder } = this.#options;
    const checkpoint = this.#checkpoint;
    const taken = await this.#team.settle();
    const flushed = await this.#team.all((lane) => lane.flush());
    for (const [lane, { bytes: lengths, parts, watermark }] of flushed.entries()) {
      for (const [name, length] of Object.entries(lengths)) {
        checkpoint.open[name] ??= { parts: parts[name] as number, bytes: {} };
        checkpoint.open[name].bytes[lane] = length;
      }
      checkpoint.watermark = Math.max(checkpoint.watermark, watermark);
    }
    const before = this.progressOf(this.#source);
    let rejected = before.rejected;
    for (const one of taken.rejections.values()) {
      rejected += one.count;
      // The first line of a file names the columns, and is none of those that were counted.
      one.firstLine += before.lines + 1;
    }
    checkpoint.sources[this.#source] = {
      header,
      bytes,
      lines: before.lines + taken.lines,
      events: before.events + taken.events,
      rejected,
      at: checkpoint.watermark,
    };
    for (const name of Object.keys(checkpoint.open)) {
      if (readWindowName(name).supplement > 0) checkpoint.lateSince[name] ??= checkpoint.watermark;
    }
    checkpoint.clock = Math.max(checkpoint.clock, this.#options.now());
    folder.writeCheckpoint(checkpoint);
    await this.#update();
    return taken;
  }

  /**
   * Turns windows into charges: those whose events are no longer awaited, or all. Call it after a
   * checkpoint. Late events of a closed window become a charge of their own, and are compared with
   * those that are charged already.
   */
  async closeDue(all = false): Promise<void> {
    const { policy } = this.#options;
    const { watermark, open, lateSince } = this.#checkpoint;
    const awaited = watermark - policy.document.awaitSeconds * 1000;
    const beginOf = (name: string) => readWindowName(name).window;
    const names = Object.keys(open).sort((a, b) => beginOf(a) - beginOf(b));
    for (const name of names) {
      // Late events are gathered for as long again, so that they make one charge and not many.
      const over = lateSince[name] ?? beginOf(name) + policy.windowMilliseconds;
      if (all || over <= awaited) await this.#close(name);
    }
  }

  /** Lets the lanes go. */
  async end(): Promise<void> {
    await this.#team.all((lane) => lane.end());
  }

  async #close(name: string): Promise<void> {
    const { folder, onClosed } = this.#options;
    const checkpoint = this.#checkpoint;
    const { window, supplement } = readWindowName(name);
    folder.clearClosing(name);
    const report = await this.#team.close(name, checkpoint.open[name]?.parts ?? 0);
    // From here a crash finds the window closed, and hands its charges out at the next start.
    delete checkpoint.open[name];
    delete checkpoint.lateSince[name];
    checkpoint.closed[window] = supplement + 1;
    checkpoint.publishing = [name];
    this.#forgetOld();
    folder.writeCheckpoint(checkpoint);
    await this.#update();
    folder.publish(name);
    folder.removeOpen(name);
    onClosed?.({ name, ...report });
  }

  async #update(): Promise<void> {
    const state = this.#state();
    await this.#team.all((lane) => lane.update(state));
  }

  #state(): LaneState {
    const { watermark, clock, closed, open } = this.#checkpoint;
    const parts = Object.entries(open).map(([name, window]) => [name, window.parts]);
    return {
      watermark,
      now: clock,
      closed,
      parts: Object.fromEntries(parts),
      partsOfNew: this.#options.parts,
    };
  }

  /**
   * Events of windows before this are refused, so nobody asks whether they were closed; nor how far a file
   * was read, of which nothing newer came: read again, all its events are refused too.
   */
  #forgetOld(): void {
    const { ageSecondsMax } = this.#options.policy.document;
    const { closed, sources, watermark } = this.#checkpoint;
    const oldest = watermark - ageSecondsMax * 1000 - this.#options.policy.windowMilliseconds;
    for (const window of Object.keys(closed)) {
      if (Number(window) < oldest) delete closed[window];
    }
    for (const [name, { at }] of Object.entries(sources)) {
      if (at < oldest) delete sources[name];
    }
  }
}
