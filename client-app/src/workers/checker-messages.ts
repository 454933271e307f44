import type { Hex } from "../../../node/core/bytes.ts";
import type { MispricedOpening } from "../../../node/core/evidence/mispriced-opening.ts";
import type { ClaimContext } from "../ledger/claim-context.ts";
import type { CheckedBill } from "../model/checked-bill.ts";

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
  /** What the ledger has to be shown to price this line again. */
  | { task: "open-charge"; line: string }
  /** What a claim about this line has to name. */
  | { task: "claim-context"; line: string }
  /** Whether the operator let the time for its answer to this claim pass. */
  | { task: "ask-silence"; claim: Hex };

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
