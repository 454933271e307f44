import type { Hex } from "../../node/core/bytes.ts";
import type { BreachKind } from "../../node/core/evidence/claim-kind.ts";

/** One breach as a finder holds it: where it is, what opens it, what is owed for it. */
export interface FoundBreach {
  kind: BreachKind;
  /** What the operator did, for people. */
  story: string;
  book: Hex;
  sequence: string;
  leafIndex: number;
  /** What the finder claims, in nano-units; "0" for kinds that restore nothing. */
  claimedNano: string;
  /** The leaf at the place, and the salt that the evidence opens there. */
  opened: { leaf: Hex; salt: Hex };
  /** By the names of contracts/breaches; integers as decimal strings. */
  evidence: object;
  /** What the ledger should make due; absent when the finder can not know. */
  expectedDueNano?: string;
}

/** All that a finder needs besides the URL of a ledger: it travels as JSON. */
export interface EvidencePack {
  chainId: number;
  /** Address of the contract of claims; the others are found from it. */
  claims: Hex;
  breaches: FoundBreach[];
}

/** As a file would carry it: big integers become decimal strings. */
export const packAsJson = (pack: unknown): string =>
  JSON.stringify(pack, (_, value) => (typeof value === "bigint" ? value.toString() : value), 2);
