import { useCallback, useEffect, useRef, useState } from "react";
import type { CheckedBill } from "../model/checked-bill.ts";
import { CheckerClient } from "../workers/checker-client.ts";
import type { Progress } from "../workers/checker-messages.ts";

export interface CheckerState {
  bill: CheckedBill | undefined;
  progress: Progress | undefined;
  readingLedger: boolean;
  error: unknown;
}

/** The link that the evidence was asked for by, or the file that it lay in. */
export type EvidenceSource = { secret: Uint8Array } | { fileName: string };

export interface CheckerControl extends CheckerState {
  openEvidence(text: string, from: EvidenceSource): Promise<void>;
  retryLedger(): Promise<void>;
  openBill(file: File, zone: string): Promise<void>;
  compare(files: File[]): Promise<void>;
  forgetDevice(): Promise<void>;
  dismissError(): void;
  client(): CheckerClient;
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
    async (task: Parameters<CheckerClient["bill"]>[0]): Promise<boolean> => {
      change({ error: undefined });
      try {
        const bill = await client().bill(task, (progress) => change({ progress }));
        change({ bill, progress: undefined });
        return true;
      } catch (error) {
        change({ error, progress: undefined });
        return false;
      }
    },
    [change, client],
  );

  const readLedger = useCallback(async () => {
    change({ readingLedger: true });
    await run({ task: "read-ledger" });
    change({ readingLedger: false });
  }, [change, run]);

  return {
    ...state,
    client,
    openEvidence: useCallback(
      async (text, from) => {
        if (await run({ task: "open-evidence", text, ...from })) await readLedger();
      },
      [readLedger, run],
    ),
    retryLedger: readLedger,
    openBill: useCallback(
      async (file, zone) => {
        await run({ task: "open-bill", file, zone });
      },
      [run],
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
