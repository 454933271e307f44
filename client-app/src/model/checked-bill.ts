import type { Hex } from "../../../node/core/bytes.ts";
import type { BillLineView, CheckView, DeviceEntryView } from "./bill-line-view.ts";
import type { LedgerView } from "./ledger-words.ts";

/** A bill with everything that was found out about it so far; what the page shows. */
export interface CheckedBill {
  /** "evidence": with proofs, from a node or a file; "file": lines alone. */
  kind: "evidence" | "file";
  /** Name of the file it came from; absent when the operator's node gave it. */
  fileName?: string;
  operator?: string;
  epoch?: string;
  /** Milliseconds, half-open. */
  from: number;
  to: number;
  zone: string;
  currency: string;
  /** The address that the reader's own link yields for this month; absent for a file. */
  owner?: Hex;
  /** Ledger end points of all members that the evidence names. */
  endpoints?: string[];
  lines: BillLineView[];
  credits: CreditView[];
  /** Checks on the bill as a whole. */
  checks: CheckView[];
  /** Milliseconds; when the ledger took the invoice. */
  billedAt?: number;
  firstChargeNumber?: bigint;
  lastChargeNumber?: bigint;
  ledger?: LedgerView;
  device?: DeviceComparison;
}

export interface CreditView {
  line: string;
  amountNano: bigint;
  committedAt?: number;
  /** The line that it corrects, when this bill holds it. */
  correctsLine?: string;
}

export interface DeviceComparison {
  files: { name: string; entries: number; problems: string[] }[];
  /** Calls on the device that no line of the bill charges. */
  only: { entry: DeviceEntryView; because: string }[];
  clockOffsetSeconds: number;
  /** Entries that stand in several of the files and were counted once. */
  sharedEntries: number;
}
