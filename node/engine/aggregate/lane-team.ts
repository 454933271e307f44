import type { ClosedParts } from "./close-window.ts";
import type { EventLane, FlushedLane, LaneState, TakenLines } from "./event-lane.ts";

/** An EventLane that may work in another thread. */
export interface Lane {
  update(state: LaneState): Promise<void>;
  begin(header: string): Promise<void>;
  take(lines: Uint8Array): Promise<TakenLines>;
  flush(): Promise<FlushedLane>;
  beginClosing(name: string, parts: number): Promise<void>;
  closePart(part: number): Promise<void>;
  finishClosing(): Promise<ClosedParts>;
  end(): Promise<void>;
}

/** A lane in this thread: the smaller one, for the edge. */
export class NearLane implements Lane {
  readonly #lane: EventLane;

  constructor(lane: EventLane) {
    this.#lane = lane;
  }

  update = async (state: LaneState) => this.#lane.update(state);
  begin = async (header: string) => this.#lane.begin(header);
  take = async (lines: Uint8Array) => this.#lane.take(lines);
  flush = async () => this.#lane.flush();
  beginClosing = async (name: string, parts: number) => this.#lane.beginClosing(name, parts);
  closePart = async (part: number) => this.#lane.closePart(part);
  finishClosing = async () => this.#lane.finishClosing();
  end = async () => {};
}

/** Pieces that a lane has at a time: one that it works on, one that waits. */
const PIECES_A_LANE = 2;

/** Hands the work out: lines to whoever has time, parts of a window to whoever has closed its last. */
export class LaneTeam {
  readonly #lanes: readonly Lane[];
  readonly #busy: number[];
  /** What became of each piece, in the order in which they were given. */
  #pieces: Promise<TakenLines>[] = [];
  readonly #waiting: (() => void)[] = [];
  /** After an error nothing is counted any more: a checkpoint would leave out what failed. */
  #failed: { error: unknown } | undefined;

  constructor(lanes: readonly Lane[]) {
    this.#lanes = lanes;
    this.#busy = lanes.map(() => 0);
  }

  all<T>(work: (lane: Lane) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#lanes.map(work));
  }

  /** Returns when there is room for more. */
  async take(lines: Uint8Array): Promise<void> {
    const free = this.#busy.indexOf(Math.min(...this.#busy));
    const lane = this.#lanes[free] as Lane;
    this.#busy[free] = (this.#busy[free] as number) + 1;
    const piece = lane.take(lines).finally(() => {
      this.#busy[free] = (this.#busy[free] as number) - 1;
      this.#waiting.shift()?.();
    });
    // Whoever asks for the sum meets the error; until then it is nobody's.
    piece.catch((error) => {
      this.#failed ??= { error };
    });
    this.#pieces.push(piece);
    if (Math.min(...this.#busy) < PIECES_A_LANE) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Waits for all that was given, and says what it was, in its order. */
  async settle() {
    const sum = {
      lines: 0,
      events: 0,
      rejections: new Map<string, { count: number; firstLine: number }>(),
    };
    const pieces = this.#pieces;
    this.#pieces = [];
    const settled = await Promise.allSettled(pieces);
    if (this.#failed !== undefined) throw this.#failed.error;
    for (const one of settled) {
      if (one.status === "rejected") throw one.reason;
      const { lines, events, rejections } = one.value;
      for (const [code, { count, firstLine }] of Object.entries(rejections)) {
        const known = sum.rejections.get(code);
        if (known === undefined) {
          sum.rejections.set(code, { count, firstLine: sum.lines + firstLine });
        } else known.count += count;
      }
      sum.lines += lines;
      sum.events += events;
    }
    return sum;
  }

  async close(name: string, parts: number): Promise<ClosedParts> {
    await this.all((lane) => lane.beginClosing(name, parts));
    let next = 0;
    const reports = await this.all(async (lane) => {
      while (next < parts) await lane.closePart(next++);
      return lane.finishClosing();
    });
    const sum = (read: (one: ClosedParts) => number) =>
      reports.reduce((total, one) => total + read(one), 0);
    return {
      charges: sum((one) => one.charges),
      events: sum((one) => one.events),
      duplicates: sum((one) => one.duplicates),
      bytes: sum((one) => one.bytes),
    };
  }
}
