import type { Hex } from "../core/bytes.ts";
import type { BillProgress } from "./bill/bill-desk.ts";
import { claimsLeftToStaff } from "./claims/answer-claims.ts";
import type { BatchBounds } from "./commit/batch-length.ts";
import type { RefusalReason } from "./commit/ledger.ts";
import { readSeenRuns } from "./intake/seen-runs.ts";
import type { EngineContext } from "./operator.ts";
import type { PipelineStages } from "./pipeline-stages.ts";
import type { RetentionProgress } from "./retention/retention-desk.ts";
import { below, keys } from "./store/key-spaces.ts";
import type { Store } from "./store/store.ts";
import { getJson, scanJson } from "./store/stored-json.ts";
import type {
  AllTotals,
  BookState,
  ControlClass,
  StoredBatch,
  StoredClaim,
  StoredDemand,
} from "./store/stored-types.ts";

/** Figures of a pipeline, for people and monitoring. */
export interface PipelineStatus {
  books: {
    domain: Hex;
    kind: number;
    lastSequence: string;
    runningCount: string;
    runningSumNano: string;
    pending: string;
    /** Of the newest batch; absent before the first. */
    newest?: { entries: number; bytes?: number };
  }[];
  /** What a batch holds at most. */
  bounds: BatchBounds;
  files: number;
  /** What came in, and what became of it: their sum, when totals balance. */
  records: { in: number } & Record<ControlClass, number>;
  suspended: number;
  /** False when control totals do not add up: records were lost or counted twice. */
  totalsBalance: boolean;
  /** By state. */
  claims: Record<string, number>;
  /** Sealed, and not yet final on the ledger. */
  ticksOpen: number;
  /** When the oldest of them was sealed. */
  oldestOpenTick?: string;
  /** The bill that is on its way, or that was interrupted. */
  bill?: BillProgress;
  /**
   * Runs of the index of records seen that are not merged any more, since a value of theirs is damaged; absent without any.
   * `fsck` names the values. Records whose fingerprints lead there are refused with `store.value-damaged`.
   */
  damagedRuns?: number;
  /** What was erased, and whether something is under way. */
  retention: RetentionProgress;
  /** Claims, and demands whose window is open, that were tried so often that they wait for a person; with why. */
  leftToStaff: Record<"claims" | "demands", { id: Hex; code: string }[]>;
  /** The oldest tick that the ledger does not take, and why; nothing is sealed meanwhile. */
  commitRefused?: { tick: string } & RefusalReason;
}

/** @param stages each says how it stands */
export async function readStatus(
  { store, profile: { batchChargesMax, batchBytesMax } }: EngineContext,
  stages: PipelineStages,
): Promise<PipelineStatus> {
  const { files, in: cameIn, classes, balanced } = await stages.control.overall();
  const byState: Record<string, number> = {};
  const claims = await stages.claims.list();
  for (const { state } of claims) byState[state] = (byState[state] ?? 0) + 1;
  const ticks = await stages.commits.standing();
  const bill = await stages.bills.progress();
  const oldest = ticks.oldest?.sealedAt;
  const { unmergeable } = await readSeenRuns(store);
  return {
    books: await booksOf(store),
    bounds: { batchChargesMax, batchBytesMax },
    files,
    records: { in: cameIn.records, ...recordsOf(classes) },
    suspended: classes.suspended.records,
    totalsBalance: balanced,
    claims: byState,
    ticksOpen: ticks.open,
    ...(oldest === undefined ? {} : { oldestOpenTick: oldest }),
    ...(bill === undefined ? {} : { bill }),
    ...(unmergeable === undefined ? {} : { damagedRuns: unmergeable.length }),
    retention: await stages.retention.progress(),
    leftToStaff: {
      claims: claimsLeftToStaff(claims).map(withCode),
      demands: (await stages.demands.leftToStaff()).map(withCode),
    },
    ...(ticks.refused?.refused === undefined
      ? {}
      : { commitRefused: { tick: ticks.refused.number, ...ticks.refused.refused } }),
  };
}

async function booksOf(store: Store): Promise<PipelineStatus["books"]> {
  const books: PipelineStatus["books"] = [];
  for await (const { value } of scanJson<BookState>(store, below("book/"))) {
    const { domain, kind, lastSequence, runningCount, runningSumNano } = value;
    const pending = (BigInt(value.pendingNext) - BigInt(value.pendingFirst)).toString();
    const batch = await getJson<StoredBatch>(store, keys.batch(domain, BigInt(lastSequence)));
    const { count: entries = 0, bytes } = batch ?? {};
    const newest = { entries, ...(bytes === undefined ? {} : { bytes }) };
    const head = { domain, kind, lastSequence, runningCount, runningSumNano, pending };
    books.push({ ...head, ...(batch === undefined ? {} : { newest }) });
  }
  return books;
}

const withCode = ({ id, trouble }: StoredClaim | StoredDemand): { id: Hex; code: string } => ({
  id,
  code: trouble?.code ?? "internal",
});

const recordsOf = (classes: AllTotals["classes"]): Record<ControlClass, number> =>
  Object.fromEntries(
    Object.entries(classes).map(([name, { records }]) => [name, records]),
  ) as Record<ControlClass, number>;
