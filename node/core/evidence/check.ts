import { fromHex, type Hex } from "../bytes.ts";
import { isClosed } from "./bundle.ts";

/** One thing that was checked. `ok` is null where it could not be checked, with the reason. */
export interface Check {
  name: string;
  ok: boolean | null;
  because: string;
}

/**
 * "committed": every check is true. "corrected": only the price fails, and proven credits give back
 * what was asked too much. "not-checked": nothing fails, but something could not be checked, so
 * nothing good is said of it either.
 */
export type LineVerdict =
  | "committed"
  | "corrected"
  | "price-differs"
  | "not-committed"
  | "proof-invalid"
  | "not-checked";

export interface LineReport {
  line: string;
  verdict: LineVerdict;
  checks: Check[];
  amountNano: bigint;
  /** What the tariff yields, where it could be recomputed. */
  expectedAmountNano?: bigint;
  /** What proven credits of the bundle give back of it. */
  creditedNano?: bigint;
}

export const pass = (name: string, because: string): Check => ({ name, ok: true, because });

/** It could not be checked. */
export const unknown = (name: string, because: string): Check => ({ name, ok: null, because });

export const fail = (name: string, because: string): Check => ({ name, ok: false, because });

export const digestOf = <T extends object>(
  group: T | { digest: Hex },
  open: (group: T) => Uint8Array,
): Uint8Array => (isClosed(group) ? fromHex(group.digest) : open(group as T));
