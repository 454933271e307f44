import type { BillLine } from "./bill-line.ts";
import type { DeviceEntry } from "./device-entry.ts";

/** The published list (docs/COMMANDS.md); the last two need a proof at hand. */
export const VERDICTS = [
  "matched",
  "matched-weakly",
  "time-zone-shift",
  "duration-differs",
  "time-differs",
  "number-differs",
  "price-differs",
  "duplicate",
  "unanswered-on-device",
  "not-on-device",
  "outside-period",
  "undecided",
  "not-committed",
  "proof-invalid",
] as const;
export type Verdict = (typeof VERDICTS)[number];

export const UNDECIDED_REASONS = [
  "log-does-not-cover",
  "forwarded-leg",
  "answered-elsewhere",
  "not-a-logged-service",
] as const;
export type UndecidedReason = (typeof UNDECIDED_REASONS)[number];

export interface LineVerdict {
  line: BillLine;
  verdict: Verdict;
  /** With `undecided` only. */
  reason?: UndecidedReason;
  /** What the line asks above what it should; never negative. */
  disputedNano: bigint;
  deviceEntry?: DeviceEntry;
  /** Bill minus device. */
  startDifferenceSeconds?: number;
  durationDifferenceSeconds?: number;
  /** One or two sentences for people. */
  because: string;
}
