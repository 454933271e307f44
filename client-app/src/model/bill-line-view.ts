import {
  type LineVerdict,
  PRICE_UNCLEAR,
  VERDICT_WORDS,
  type VerdictWords,
} from "./verdict-words.ts";

/** One check of the evidence; `ok` is null when it could not be made. */
export interface CheckView {
  name: string;
  ok: boolean | null;
  because: string;
}

/** What the ledger and the tariff say about a line. Absent on a bill without proofs. */
export interface LineEvidence {
  verdict:
    | "committed"
    | "corrected"
    | "unconfirmed"
    | "not-checked"
    | "not-committed"
    | "proof-invalid"
    | "price-differs";
  /** Names of its checks that could not be made. */
  open: readonly string[];
  /** Nano-units by the published tariff; absent when it can not be recomputed. */
  expectedNano?: bigint;
  /** Nano-units that proven credits of this evidence give back for the line. */
  returnedNano?: bigint;
  chargeNumber?: bigint;
  runningTotalNano?: bigint;
  /** Milliseconds; when the ledger took the batch. */
  committedAt?: number;
  sequence: bigint;
  /** Place in the batch, counted from 1. */
  position: number;
  leafIndex: number;
  domain: string;
  root: string;
  leaf?: string;
  seal?: string;
}

/** What a verdict rests on, asked for when the line is opened: of a large bill it is more than all the rest. */
export interface LineProof {
  checks: readonly CheckView[];
  /** Why the published tariff asks what it asks, one sentence for each part of the price. */
  priceSentences: readonly string[];
}

/** What the device's log says about a line. */
export interface DeviceFinding {
  verdict: LineVerdict;
  because: string;
  disputedNano: bigint;
  startDifferenceSeconds?: number;
  durationDifferenceSeconds?: number;
  entry?: DeviceEntryView;
}

export interface DeviceEntryView {
  /** Milliseconds. */
  start: number;
  durationMilliseconds?: number;
  number?: string;
  kind: string;
}

/** A line as the bill states it. */
export interface BillLineView {
  line: string;
  /** Milliseconds; absent when it is not shown to this reader. */
  start?: number;
  service: string;
  direction: string;
  otherParty?: string;
  durationMilliseconds?: number;
  /** What a line without a duration counts: "1 message", "2.4 MB". */
  quantityWords?: string;
  amountNano: bigint;
  /** The line was made from many events of a device, and binds which. */
  standsForEvents?: true;
  evidence?: LineEvidence;
  device?: DeviceFinding;
}

/**
 * The evidence outranks the log: a line whose proof or price fails is wrong whatever a log says, and
 * one that could not be checked is not in order because a log agrees with it.
 */
export function verdictOf(line: BillLineView): LineVerdict {
  const { evidence, device } = line;
  if (evidence === undefined) return device?.verdict ?? "unchecked";
  switch (evidence.verdict) {
    case "not-committed":
    case "proof-invalid":
    case "price-differs":
      return evidence.verdict;
    case "committed":
    case "corrected": {
      const objects = device !== undefined && objectsTo(device);
      if (evidence.verdict === "corrected" && !objects) return "corrected";
      if (device === undefined) return evidence.verdict;
      return device.disputedNano > 0n && disputedNanoOf(line) === 0n ? "corrected" : device.verdict;
    }
    case "unconfirmed":
    case "not-checked":
      return device !== undefined && objectsTo(device) ? device.verdict : evidence.verdict;
  }
}

function objectsTo({ verdict }: DeviceFinding): boolean {
  const { tone } = VERDICT_WORDS[verdict];
  return tone === "wrong" || tone === "review";
}

/** The words for a line; a price that is only not confirmed, or too low, harms nobody yet. */
export function wordsOf(line: BillLineView): VerdictWords {
  const verdict = verdictOf(line);
  if (verdict === "price-differs" && evidenceDisputedNano(line) === 0n) return PRICE_UNCLEAR;
  return VERDICT_WORDS[verdict];
}

/** What the line asks above what it should and has not been given back, in nano-units. */
export function disputedNanoOf(line: BillLineView): bigint {
  const rest = objectedNanoOf(line) - (line.evidence?.returnedNano ?? 0n);
  return rest > 0n ? rest : 0n;
}

/**
 * What the line asks above what it should, as a claim names it: the whole, of which the ledger takes
 * off what came back already. Where both the tariff and the log object, the greater objection counts,
 * because one correction can not be paid twice.
 */
export function objectedNanoOf(line: BillLineView): bigint {
  const byDevice = line.device?.disputedNano ?? 0n;
  const byEvidence = evidenceDisputedNano(line);
  return byDevice > byEvidence ? byDevice : byEvidence;
}

function evidenceDisputedNano({ evidence, amountNano }: BillLineView): bigint {
  switch (evidence?.verdict) {
    case "price-differs":
    case "corrected": {
      const expected = evidence.expectedNano ?? amountNano;
      return amountNano > expected ? amountNano - expected : 0n;
    }
    case "not-committed":
    case "proof-invalid":
      return amountNano;
    default:
      return 0n;
  }
}

/** How a line can be disputed: the ledger decides a price, people decide a fact. */
export type DisputeKind = "mispriced" | "matter-of-fact";

/** Undefined when nothing contradicts the line. */
export function disputeKindOf(line: BillLineView): DisputeKind | undefined {
  if (line.evidence === undefined || disputedNanoOf(line) === 0n) return undefined;
  if (line.evidence.verdict === "price-differs") return "mispriced";
  if (line.evidence.verdict === "not-committed") return undefined;
  return "matter-of-fact";
}
