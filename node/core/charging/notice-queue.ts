import type { NumberedNotice } from "./charging-state.ts";

/** Places at the front that are empty before the rest moves up. */
const EMPTY_MAX = 4_096;

/**
 * Notices in the order of their numbers. Taking from the front of a long array moves all the rest: with
 * a million that nobody takes over, each further notice would cost a millisecond.
 */
export class NoticeQueue {
  #notices: NumberedNotice[] = [];
  #head = 0;

  get length(): number {
    return this.#notices.length - this.#head;
  }

  get first(): NumberedNotice | undefined {
    return this.#notices[this.#head];
  }

  push(notice: NumberedNotice): void {
    this.#notices.push(notice);
  }

  dropFirst(): void {
    this.#head += 1;
    if (this.#head < EMPTY_MAX || this.#head < this.length) return;
    this.#notices = this.#notices.slice(this.#head);
    this.#head = 0;
  }

  /** Those after a number, the oldest first. */
  after(number: number, countMax: number): NumberedNotice[] {
    const skipped = Math.max(0, number + 1 - (this.first?.number ?? 0));
    const from = this.#head + skipped;
    return this.#notices.slice(from, from + countMax);
  }

  *[Symbol.iterator](): Generator<NumberedNotice> {
    for (let at = this.#head; at < this.#notices.length; at++) {
      yield this.#notices[at] as NumberedNotice;
    }
  }
}
