/**
 * The verdicts of docs/COMMANDS.md; `committed` is a line that was proven and not yet compared with
 * a device log, `unchecked` one of a bill without proofs before a log is there. In order of concern.
 */
export const LINE_VERDICTS = [
  "price-differs",
  "duration-differs",
  "duplicate",
  "unanswered-on-device",
  "not-on-device",
  "outside-period",
  "not-committed",
  "proof-invalid",
  "time-zone-shift",
  "time-differs",
  "number-differs",
  "undecided",
  "not-checked",
  "unconfirmed",
  "unchecked",
  "corrected",
  "matched-weakly",
  "matched",
  "committed",
] as const;
export type LineVerdict = (typeof LINE_VERDICTS)[number];

/** What a verdict asks of the reader; drives icon, colour and order. */
export type Tone = "wrong" | "review" | "open" | "right";

export interface VerdictWords {
  label: string;
  tone: Tone;
  /** One sentence for someone who meets the word for the first time. */
  meaning: string;
}

export const VERDICT_WORDS: Record<LineVerdict, VerdictWords> = {
  matched: {
    label: "Matches your phone",
    tone: "right",
    meaning: "Your phone's log has the same call, and the price follows from the tariff.",
  },
  "matched-weakly": {
    label: "Matches, no number",
    tone: "right",
    meaning: "Time and length agree with your phone; the number could not be compared in full.",
  },
  committed: {
    label: "Price is right",
    tone: "right",
    meaning: "It was recorded before the bill was made, and the price follows from the tariff.",
  },
  corrected: {
    label: "Corrected",
    tone: "right",
    meaning: "It asked too much, and a recorded credit gives that back.",
  },
  "price-differs": {
    label: "Price too high",
    tone: "wrong",
    meaning: "The published tariff gives a lower price than the bill asks.",
  },
  "duration-differs": {
    label: "Length differs",
    tone: "wrong",
    meaning: "Your phone says that the call was of another length than the one you are billed for.",
  },
  duplicate: {
    label: "Billed twice",
    tone: "wrong",
    meaning: "Another line of this bill already charges the same call.",
  },
  "unanswered-on-device": {
    label: "Never answered",
    tone: "wrong",
    meaning: "Your phone says that nobody picked up, and such calls cost nothing.",
  },
  "not-on-device": {
    label: "Not on your phone",
    tone: "wrong",
    meaning: "Your phone's log covers this time and has no such call.",
  },
  "outside-period": {
    label: "Outside this month",
    tone: "wrong",
    meaning: "The call does not fall into the month that this bill is for.",
  },
  "not-committed": {
    label: "Not recorded in time",
    tone: "wrong",
    meaning: "The ledger has no record of this charge from before the bill.",
  },
  "proof-invalid": {
    label: "Proof does not hold",
    tone: "wrong",
    meaning: "What the operator shows for this line is not what the ledger holds.",
  },
  "time-zone-shift": {
    label: "Clock shifted",
    tone: "review",
    meaning: "Everything agrees but the time, which is off by a whole number of quarter hours.",
  },
  "time-differs": {
    label: "Time differs",
    tone: "review",
    meaning: "Your phone has this call at another time.",
  },
  "number-differs": {
    label: "Number differs",
    tone: "review",
    meaning: "Your phone has a call at this time, with another number.",
  },
  undecided: {
    label: "Can not be compared",
    tone: "open",
    meaning: "Your phone's log can not say anything about this line.",
  },
  "not-checked": {
    label: "Not checked",
    tone: "open",
    meaning: "Something that this line rests on is not shown or could not be checked.",
  },
  unconfirmed: {
    label: "Waiting for the ledger",
    tone: "open",
    meaning: "The ledger could not be asked yet whether it holds this record.",
  },
  unchecked: {
    label: "Not checked yet",
    tone: "open",
    meaning: "Add your phone's call log to check this line.",
  },
};

/** `price-differs` where the difference is not to the reader's cost, or could not be calculated. */
export const PRICE_UNCLEAR: VerdictWords = {
  label: "Price not confirmed",
  tone: "review",
  meaning:
    "The price does not follow from the published tariff, but it is not shown to be too high.",
};

export const TONE_WORDS: Record<Tone, { label: string; sentence: (count: number) => string }> = {
  wrong: {
    label: "To dispute",
    sentence: (n) => (n === 1 ? "1 line looks wrong" : `${n} lines look wrong`),
  },
  review: {
    label: "To look at",
    sentence: (n) => (n === 1 ? "1 line to look at" : `${n} lines to look at`),
  },
  open: {
    label: "Open",
    sentence: (n) => (n === 1 ? "1 line could not be checked" : `${n} lines could not be checked`),
  },
  right: {
    label: "In order",
    sentence: (n) => (n === 1 ? "1 line is in order" : `${n} lines are in order`),
  },
};

export const TONES: readonly Tone[] = ["wrong", "review", "open", "right"];
