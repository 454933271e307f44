import type { Hex } from "../core/bytes.ts";
import type { ClaimState } from "./stored-types.ts";

/** A claim as the ledger tells it. Amounts in nano-units; `deadline` in ledger time. */
export interface LedgerClaim {
  id: Hex;
  kind: number;
  book: Hex;
  sequence: bigint;
  leafIndex: number;
  claimedNano: bigint;
  state: ClaimState | "none";
  dueNano: bigint;
  deadline: bigint;
  overdue: boolean;
}

/** What the node asks of the contract of claims. Throws `ledger.unreachable` as every reader. */
export interface ClaimsReader {
  /** How many claims were ever lodged, by anyone against anyone. */
  count(): Promise<bigint>;
  /** @param ordinal from 1 */
  at(ordinal: bigint): Promise<LedgerClaim>;
  byId(id: Hex): Promise<LedgerClaim>;
}

export const CLAIM_KIND = { mispriced: 1, matterOfFact: 100 } as const;
