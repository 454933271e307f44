import type { Entry } from "../core/charging/entry.ts";
import { writeState } from "../core/charging/snapshot.ts";
import { TallystickError } from "../core/errors.ts";
import type { ChargingLog, LogContent } from "../engine/charging/charging-log.ts";
import { recoverState } from "../engine/charging/charging-node.ts";

/** The twin of the log on disk: tests say when it writes, fails and crashes. */
export class MemoryChargingLog implements ChargingLog {
  /** As text: what comes back went through JSON, as from a file. */
  #durable: string[] = [];
  #snapshot: string[] | undefined;
  #pending: { text: string; resolve: () => void; reject: (error: unknown) => void }[] = [];
  #failed: unknown;
  /** Set to hold back writes until `flush`. */
  isHeld = false;

  read(): LogContent {
    const snapshot = this.#snapshot;
    return {
      snapshot: snapshot === undefined ? undefined : linesOf(snapshot),
      entries: entriesOf(this.#durable),
    };
  }

  append(entry: Entry): Promise<void> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    const done = new Promise<void>((resolve, reject) => {
      this.#pending.push({ text: JSON.stringify(entry), resolve, reject });
    });
    if (!this.isHeld) this.flush();
    return done;
  }

  /** Makes everything durable that waits, or the first `count` entries of it. */
  flush(count = this.#pending.length): void {
    for (const { text, resolve } of this.#pending.splice(0, count)) {
      this.#durable.push(text);
      resolve();
    }
  }

  /** What a start after a power cut finds: what was durable, and nothing of what waited. */
  crashed(): MemoryChargingLog {
    const log = new MemoryChargingLog();
    log.#durable = [...this.#durable];
    log.#snapshot = this.#snapshot;
    return log;
  }

  /** As when the disk is full. */
  fail(): void {
    this.#failed = new TallystickError("charging.log-failed", "The log can not be written.");
    for (const { reject } of this.#pending.splice(0)) reject(this.#failed);
  }

  async settled(): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#pending.length === 0) return;
    await new Promise<void>((resolve, reject) => {
      const last = this.#pending.at(-1);
      if (last === undefined) return resolve();
      const { resolve: before, reject: refused } = last;
      last.resolve = () => {
        before();
        resolve();
      };
      last.reject = (error) => {
        refused(error);
        reject(error);
      };
    });
  }

  get wantsSnapshot(): boolean {
    return this.#durable.length > 1000;
  }

  async compact(): Promise<void> {
    const { length } = this.#durable;
    const state = await recoverState(this.read());
    this.#snapshot = [...writeState(state)];
    this.#durable = this.#durable.slice(length);
  }

  async close(): Promise<void> {
    this.flush();
  }
}

async function* linesOf(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

async function* entriesOf(texts: readonly string[]): AsyncGenerator<Entry> {
  for (const text of texts) yield JSON.parse(text) as Entry;
}
