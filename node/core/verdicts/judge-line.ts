import { minorUnitDigits } from "../money/currency.ts";
import { formatNano } from "../money/decimal.ts";
import type { PairCandidate } from "./find-candidates.ts";
import type { PreparedLine } from "./prepared-line.ts";
import { findWrongPrice, type PriceLine, recomputeForDevice } from "./recompute-line.ts";
import type { Tolerances } from "./tolerances.ts";
import type { LineVerdict, UndecidedReason, Verdict } from "./verdict.ts";

export interface JudgeContext {
  tolerances: Tolerances;
  priceLine: PriceLine | undefined;
  shiftSeconds: number;
}

/** The verdict on a line that was given an entry. */
export function judgePair(
  prepared: PreparedLine,
  pair: PairCandidate,
  context: JudgeContext,
): LineVerdict {
  const { line } = prepared;
  const { entry } = pair.indexed;
  const base = {
    line,
    deviceEntry: entry,
    // Of whole seconds, as bill and phone show them.
    startDifferenceSeconds: Math.ceil(pair.startDifferenceSeconds),
    ...(line.durationSeconds === undefined || entry.durationSeconds === undefined
      ? {}
      : { durationDifferenceSeconds: Math.round(line.durationSeconds - entry.durationSeconds) }),
  };
  const found = (verdict: Verdict, because: string, disputedNano = 0n): LineVerdict => ({
    ...base,
    verdict,
    disputedNano: disputedNano > 0n ? disputedNano : 0n,
    because,
  });
  const billedMs = entry.startMs + pair.startDifferenceSeconds * 1000;
  const startsMs = [billedMs, entry.startMs];
  switch (pair.evidence) {
    case "agrees":
    case "agrees-weakly": {
      const wrong = findWrongPrice(line, entry, startsMs, context.priceLine, context.tolerances);
      if (wrong !== undefined) {
        const because = `The use is on the device, but ${wrong.because}: ${amount(prepared, wrong.amountNano)}, not ${amount(prepared, line.amountNano)}.`;
        return found("price-differs", because, line.amountNano - wrong.amountNano);
      }
      return pair.evidence === "agrees"
        ? agreed(prepared, found)
        : found("matched-weakly", weakly(prepared, pair));
    }
    case "agrees-shifted":
    case "shifted":
      return found(
        "time-zone-shift",
        `Number and duration agree; the time is off by ${inHours(pair.startDifferenceSeconds)}, so a time zone was mistaken.`,
      );
    case "duration-differs": {
      const right = recomputeForDevice(line, entry, billedMs, context.priceLine);
      const billed =
        line.durationSeconds === undefined
          ? `${line.billedUnits} units`
          : `${line.durationSeconds} s`;
      const because = `The bill says ${billed}, the device ${entry.durationSeconds ?? 0} s. It should cost ${amount(prepared, right.amountNano)} (${right.because}).`;
      return found("duration-differs", because, line.amountNano - right.amountNano);
    }
    case "unanswered":
      return found("unanswered-on-device", unanswered(pair), line.amountNano);
    case "answered-elsewhere":
      return {
        ...found(
          "undecided",
          "The call rang here and was answered on another device; its log is needed.",
        ),
        reason: "answered-elsewhere",
      };
    case "number-differs":
      return found(
        "number-differs",
        "At this time the device has a use of the same length with another number.",
      );
    case "time-differs":
      return found(
        "time-differs",
        `Number and duration agree; the bill's time is ${inWords(pair.startDifferenceSeconds)} the device's.`,
      );
  }
}

export function judgeDuplicate(line: PreparedLine, original: PreparedLine): LineVerdict {
  return {
    line: line.line,
    verdict: "duplicate",
    disputedNano: positive(line.line.amountNano),
    because: `Line ${original.line.line} already is the same use, and there is no second one to be found.`,
  };
}

export function judgeOutsidePeriod({ line }: PreparedLine): LineVerdict {
  return {
    line,
    verdict: "outside-period",
    disputedNano: positive(line.amountNano),
    because: "The line lies outside the period of this bill.",
  };
}

export function judgeAbsent({ line }: PreparedLine): LineVerdict {
  return {
    line,
    verdict: "not-on-device",
    disputedNano: positive(line.amountNano),
    because: "The device's log covers this time and has nothing that fits.",
  };
}

const UNDECIDED_BECAUSE: Record<UndecidedReason, string> = {
  "log-does-not-cover":
    "The device's log has no entries from this time, before or after; it can not tell.",
  "forwarded-leg": "A forwarded call does not pass through the device, so its log can not tell.",
  "answered-elsewhere": "The call was answered on another device.",
  "not-a-logged-service": "The device's log does not hold this kind of use.",
};

export function judgeUndecided({ line }: PreparedLine, reason: UndecidedReason): LineVerdict {
  return {
    line,
    verdict: "undecided",
    reason,
    disputedNano: 0n,
    because: UNDECIDED_BECAUSE[reason],
  };
}

type Found = (verdict: Verdict, because: string) => LineVerdict;

function agreed({ clock, line }: PreparedLine, found: Found): LineVerdict {
  if (clock === "skipped") {
    return found(
      "time-zone-shift",
      "The use agrees, but the printed time does not exist: clocks were set forward over it that night.",
    );
  }
  const night =
    clock === "repeated" ? " The hour came twice that night; this is the one that fits." : "";
  const what =
    line.durationSeconds === undefined && line.service !== "voice"
      ? "Number and time"
      : "Number, time and duration";
  return found("matched", `${what} agree with the device.${night}`);
}

function weakly({ number }: PreparedLine, { indexed }: PairCandidate): string {
  if (indexed.number === undefined)
    return "Time and duration agree; the device's log withholds the number.";
  return number === undefined
    ? "Time and duration agree; the bill withholds the number."
    : "Time, duration and the digits that the bill shows agree.";
}

function unanswered({ indexed: { entry } }: PairCandidate): string {
  return entry.direction === "incoming"
    ? "The device has this call as one that was not answered. Such a call costs nothing."
    : "The device has this attempt with 0 s: nobody answered. Such a call costs nothing.";
}

function amount({ line }: PreparedLine, nano: bigint): string {
  return `${formatNano(nano, minorUnitDigits(line.currency))} ${line.currency}`;
}

function positive(nano: bigint): bigint {
  return nano > 0n ? nano : 0n;
}

function inHours(seconds: number): string {
  const quarters = Math.floor((seconds + 5) / 900);
  const [hours, minutes] = [Math.trunc(quarters / 4), Math.abs(quarters % 4) * 15];
  return minutes === 0
    ? `${hours} h`
    : `${hours === 0 && quarters < 0 ? "-" : ""}${hours} h ${minutes} min`;
}

function inWords(seconds: number): string {
  const size = Math.abs(seconds);
  const text = size < 120 ? `${Math.round(size)} s` : `${Math.round(size / 60)} min`;
  return `${text} ${seconds < 0 ? "before" : "after"}`;
}
