import { fromHex, type Hex } from "../bytes.ts";
import { isClosed } from "./bundle.ts";

/** One thing that was checked. `ok` is null where it could not be checked, with the reason. */
export interface Check {
  name: string;
  ok: boolean | null;
  because: string;
}

export type LineVerdict = "committed" | "not-committed" | "proof-invalid" | "price-differs";

export interface LineReport {
  line: string;
  verdict: LineVerdict;
  checks: Check[];
  amountNano: bigint;
  /** What the tariff yields, where it could be recomputed. */
  expectedAmountNano?: bigint;
}

export const pass = (name: string, because: string): Check => ({ name, ok: true, because });

export const fail = (name: string, because: string): Check => ({ name, ok: false, because });

export const digestOf = <T extends object>(
  group: T | { digest: Hex },
  open: (group: T) => Uint8Array,
): Uint8Array => (isClosed(group) ? fromHex(group.digest) : open(group as T));
