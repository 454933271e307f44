import { useCallback, useEffect, useRef, useState } from "react";
import type { CheckedBill } from "../model/checked-bill.ts";
import { CheckerClient } from "../workers/checker-client.ts";
import { isJudgedOnce, type Progress } from "../workers/checker-messages.ts";
import type { LineProofs } from "./use-line-proof.ts";

export interface CheckerState {
  bill: CheckedBill | undefined;
  progress: Progress | undefined;
  readingLedger: boolean;
  error: unknown;
}

export interface CheckerControl extends CheckerState {
  /** Text of the evidence that was asked for by the link with this secret. */
  openEvidence(text: string, secret: Uint8Array): Promise<void>;
  retryLedger(): Promise<void>;
  /**
   * Evidence or a bill of lines alone.
   * @param zone of the times in lines alone @param secret of a link, which opens its own published files
   */
  openFile(file: File, zone: string, secret?: Uint8Array): Promise<void>;
  compare(files: File[]): Promise<void>;
  forgetDevice(): Promise<void>;
  dismissError(): void;
  client(): CheckerClient;
  proofOf: LineProofs;
}

const EMPTY: CheckerState = {
  bill: undefined,
  progress: undefined,
  readingLedger: false,
  error: undefined,
};

/** The bill that is open, checked off this thread; each step shows as soon as it is there. */
export function useChecker(): CheckerControl {
  const [state, setState] = useState<CheckerState>(EMPTY);
  const checker = useRef<CheckerClient>(undefined);
  useEffect(
    () => () => {
      checker.current?.stop();
      checker.current = undefined;
    },
    [],
  );
  const client = useCallback(() => {
    checker.current ??= new CheckerClient();
    return checker.current;
  }, []);
  const change = useCallback(
    (next: Partial<CheckerState>) => setState((now) => ({ ...now, ...next })),
    [],
  );

  const run = useCallback(
    async (task: Parameters<CheckerClient["bill"]>[0]): Promise<CheckedBill | undefined> => {
      change({ error: undefined });
      try {
        const bill = await client().bill(task, (progress) => change({ progress }));
        change({ bill, progress: undefined });
        return bill;
      } catch (error) {
        change({ error, progress: undefined });
        return undefined;
      }
    },
    [change, client],
  );

  const readLedger = useCallback(async () => {
    change({ readingLedger: true });
    await run({ task: "read-ledger" });
    change({ readingLedger: false });
  }, [change, run]);

  const open = useCallback(
    async (task: Parameters<CheckerClient["bill"]>[0]) => {
      const bill = await run(task);
      if (bill?.kind === "evidence" && !isJudgedOnce(bill)) await readLedger();
    },
    [readLedger, run],
  );

  return {
    ...state,
    client,
    proofOf: useCallback((line) => client().proof(line), [client]),
    openEvidence: useCallback(
      (text, secret) => open({ task: "open-evidence", text, secret }),
      [open],
    ),
    retryLedger: readLedger,
    openFile: useCallback(
      (file, zone, secret) =>
        open({ task: "open-file", file, zone, ...(secret === undefined ? {} : { secret }) }),
      [open],
    ),
    compare: useCallback(
      async (files) => {
        await run({ task: "compare", files });
      },
      [run],
    ),
    forgetDevice: useCallback(async () => {
      await run({ task: "forget-device" });
    }, [run]),
    dismissError: useCallback(() => change({ error: undefined }), [change]),
  };
}
