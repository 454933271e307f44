import type { Hex } from "../../../node/core/bytes.ts";
import type { MispricedOpening } from "../../../node/core/evidence/mispriced-opening.ts";
import type { ClaimContext } from "../ledger/claim-context.ts";
import type { CheckedBill } from "../model/checked-bill.ts";
import type { EventFinding, EventLog } from "../model/event-finding.ts";
import type { EventsDoor } from "../node-api/ask-events.ts";

/** What the page asks of the checker, which works off the page's own thread. */
export type CheckerTask =
  /** Text of an evidence bundle that a node gave for the link with this secret. */
  | { task: "open-evidence"; text: string; secret: Uint8Array }
  /** Text of an evidence bundle from a file: whose it is, nobody says. */
  | { task: "open-evidence"; text: string; fileName: string }
  /** Reads the ledger (again) and judges the open bundle by it. */
  | { task: "read-ledger" }
  /** Bill lines without proofs. */
  | { task: "open-bill"; file: File; zone: string }
  | { task: "compare"; files: File[] }
  | { task: "forget-device" }
  /** A device's own log of events, kept until it is forgotten. */
  | { task: "read-events"; file: File }
  | { task: "forget-events" }
  /** Which of the log's events a line of the open bundle stands for. */
  | { task: "compare-events"; line: string; door: EventsDoor }
  /** What the ledger has to be shown to price this line again. */
  | { task: "open-charge"; line: string }
  /** What a claim about this line has to name. */
  | { task: "claim-context"; line: string }
  /** Whether the operator let the time for its answer to this claim pass. */
  | { task: "ask-silence"; claim: Hex };

/** Those that are answered with the bill, judged anew. */
export type BillTask = Extract<
  CheckerTask,
  { task: "open-evidence" | "read-ledger" | "open-bill" | "compare" | "forget-device" }
>;

export interface Progress {
  words: string;
  done: number;
  total: number;
}

export type CheckerAnswer =
  | { id: number; bill: CheckedBill }
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
