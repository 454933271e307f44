import { TallystickError } from "../errors.ts";

/** How far a session's stated start may lie from the clock of the node that opens it. */
export interface StartWindow {
  pastMilliseconds: number;
  futureMilliseconds: number;
}

const MINUTE = 60_000;

/**
 * A day back, for messages that a gateway kept while it was cut off; ten minutes ahead, since the clocks
 * of gateway and node differ, and those at the edge by more than others.
 */
export const START_WINDOW: StartWindow = {
  pastMilliseconds: 1_440 * MINUTE,
  futureMilliseconds: 10 * MINUTE,
};

/**
 * What opens a session is about now. A start that nobody means would be priced by another year's tariff,
 * reserve in another month, and leave a record that the books refuse for its age, or never take.
 * @param at the node's clock, as `start` in milliseconds since 1970 UTC
 * @throws TallystickError `charging.start-outside-window`
 */
export function requireStartNow(
  start: number,
  at: number,
  { pastMilliseconds, futureMilliseconds }: StartWindow,
): void {
  if (start >= at - pastMilliseconds && start <= at + futureMilliseconds) return;
  const { hours, side } =
    start > at
      ? { hours: (start - at) / (60 * MINUTE), side: "after" }
      : { hours: (at - start) / (60 * MINUTE), side: "before" };
  throw new TallystickError(
    "charging.start-outside-window",
    `The session would begin ${hours.toFixed(1)} hours ${side} this node's clock; correct its start or ` +
      "the clock, or take an old use in as a record.",
    { field: "use.start" },
  );
}
