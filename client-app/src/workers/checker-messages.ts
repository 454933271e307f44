import type { Hex } from "../../../node/core/bytes.ts";
import type { MispricedOpening } from "../../../node/core/evidence/mispriced-opening.ts";
import type { ClaimContext } from "../ledger/claim-context.ts";
import type { BillLineView, LineProof } from "../model/bill-line-view.ts";
import type { CheckedBill } from "../model/checked-bill.ts";
import type { EventFinding, EventLog } from "../model/event-finding.ts";
import type { EventsDoor } from "../node-api/ask-events.ts";

/** What the page asks of the checker, which works off the page's own thread. */
export type CheckerTask =
  /** Text of an evidence bundle that a node gave for the link with this secret. */
  | { task: "open-evidence"; text: string; secret: Uint8Array }
  /**
   * A file that was dropped in: evidence, of which nobody says whose it is, or lines without proofs. The secret of a link
   * opens its own published files.
   */
  | { task: "open-file"; file: File; zone: string; secret?: Uint8Array }
  /** Reads the ledger (again) and judges the open bundle by it. */
  | { task: "read-ledger" }
  | { task: "compare"; files: File[] }
  | { task: "forget-device" }
  /** A device's own log of events, kept until it is forgotten. */
  | { task: "read-events"; file: File }
  | { task: "forget-events" }
  /** Which of the log's events a line of the open bundle stands for. */
  | { task: "compare-events"; line: string; door: EventsDoor }
  /** What the verdict of a line rests on. */
  | { task: "show-proof"; line: string }
  /** What the ledger has to be shown to price this line again. */
  | { task: "open-charge"; line: string }
  /** What a claim about this line has to name. */
  | { task: "claim-context"; line: string }
  /** Whether the operator let the time for its answer to this claim pass. */
  | { task: "ask-silence"; claim: Hex };

/** Those that are answered with the bill, judged anew. */
export type BillTask = Extract<
  CheckerTask,
  { task: "open-evidence" | "open-file" | "read-ledger" | "compare" | "forget-device" }
>;

/**
 * Of a bill of so many lines the ledger is asked before they are judged: judging them twice would take seconds more. Of
 * others what needs no ledger shows at once.
 */
const JUDGED_ONCE_LINES = 5_000;

export const isJudgedOnce = ({ lines }: { lines: { length: number } }): boolean =>
  lines.length >= JUDGED_ONCE_LINES;

export interface Progress {
  words: string;
  done: number;
  total: number;
}

export type CheckerAnswer =
  /** The bill without its lines, which came before it in pieces. */
  | { id: number; bill: CheckedBill }
  | { id: number; lines: BillLineView[] }
  | { id: number; proof: LineProof }
  | { id: number; opening: MispricedOpening }
  | { id: number; context: ClaimContext }
  | { id: number; silent: boolean }
  | { id: number; eventLog: EventLog | undefined }
  | { id: number; finding: EventFinding }
  | { id: number; progress: Progress }
  | { id: number; failed: PlainError };

/** A TallystickError as it crosses to the page. */
export interface PlainError {
  code: string;
  message: string;
  file?: string;
  line?: number;
  byte?: number;
  field?: string;
}
