import { useCallback, useEffect, useState } from "react";
import type { CheckedBill } from "../model/checked-bill.ts";
import type { EventFinding, EventLog } from "../model/event-finding.ts";
import type { NodeApi } from "../node-api/node-api.ts";
import type { CheckerControl } from "./use-checker.ts";

/** What is known of a line's events. */
export type EventCheck =
  | { state: "running" }
  | { state: "done"; finding: EventFinding }
  | { state: "failed"; error: unknown };

export interface EventLogControl {
  /** The log that was dropped in. */
  log: EventLog | undefined;
  error: unknown;
  /** False where nobody could be asked: a bill from a file, without its link. */
  canAsk: boolean;
  take(file: File): Promise<void>;
  forget(): Promise<void>;
  of(line: string): EventCheck | undefined;
  compare(line: string): Promise<void>;
}

/** A device's own log of events, compared with each line when that is opened. */
export function useEventLog(
  checker: CheckerControl,
  bill: CheckedBill | undefined,
  api: NodeApi | undefined,
): EventLogControl {
  const { client } = checker;
  const [log, setLog] = useState<EventLog>();
  const [error, setError] = useState<unknown>();
  const [checks, setChecks] = useState<Record<string, EventCheck>>({});
  const door = bill?.fileName === undefined ? api?.eventsDoor() : undefined;
  const { epoch, fileName } = bill ?? {};
  // biome-ignore lint/correctness/useExhaustiveDependencies: another bill has other lines
  useEffect(() => setChecks({}), [epoch, fileName]);

  const take = useCallback(
    async (file: File) => {
      setError(undefined);
      setChecks({});
      try {
        setLog(await client().eventLog({ task: "read-events", file }));
      } catch (cause) {
        setError(cause);
      }
    },
    [client],
  );
  const forget = useCallback(async () => {
    setChecks({});
    setLog(await client().eventLog({ task: "forget-events" }));
  }, [client]);
  const url = door?.url;
  const token = door?.token;
  const compare = useCallback(
    async (line: string) => {
      if (url === undefined || token === undefined) return;
      const note = (check: EventCheck) => setChecks((now) => ({ ...now, [line]: check }));
      note({ state: "running" });
      try {
        note({ state: "done", finding: await client().eventsOf(line, { url, token }) });
      } catch (cause) {
        note({ state: "failed", error: cause });
      }
    },
    [client, url, token],
  );
  return {
    log,
    error,
    canAsk: door !== undefined,
    take,
    forget,
    of: (line) => checks[line],
    compare,
  };
}
