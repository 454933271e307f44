import { useEffect, useState } from "react";
import type { BillLineView, LineProof } from "../model/bill-line-view.ts";
import type { CheckedBill } from "../model/checked-bill.ts";

/** Asks for what the verdict of a line rests on. */
export type LineProofs = (line: string) => Promise<LineProof>;

export type LineProofCheck =
  | { state: "running" }
  /** Without a proof where the bill came without any. */
  | { state: "done"; proof: LineProof | undefined }
  | { state: "failed"; error: unknown };

/** What the verdict of an opened line rests on; asked for again when the bill is judged anew. */
export function useLineProof(
  ask: LineProofs,
  bill: CheckedBill,
  { line, evidence }: BillLineView,
): LineProofCheck {
  // Of a bill that was judged anew the proof before stands until the new one is there.
  const [known, setKnown] = useState<LineProofCheck>({ state: "running" });
  const hasProof = evidence !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a bill that was judged anew has other proofs
  useEffect(() => {
    if (!hasProof) return;
    let isWanted = true;
    const note = (check: LineProofCheck) => {
      if (isWanted) setKnown(check);
    };
    ask(line).then(
      (proof) => note({ state: "done", proof }),
      (error: unknown) => note({ state: "failed", error }),
    );
    return () => {
      isWanted = false;
    };
  }, [ask, bill, line, hasProof]);
  return hasProof ? known : { state: "done", proof: undefined };
}
