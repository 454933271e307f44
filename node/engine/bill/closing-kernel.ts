import type { Hex } from "../../core/bytes.ts";
import type { SourceRole } from "../../core/commitment/secrets.ts";
import type { BillingPeriod } from "../../core/rating/billing-period.ts";
import { ClosingWorker } from "./closing-worker.ts";
import type { JoinedBytes } from "./joined-bytes.ts";

/** What all accounts of a closing share. */
export interface ClosingFacts {
  /** The charge book's domain, and whose leg of the traffic its charges are. */
  domain: Hex;
  role: SourceRole;
  /** The published versions of the tariff. */
  tariffs: { version: number; document: unknown }[];
  /** Accounts of the node: few are closed before threads have started. */
  accounts: number;
}

/** Some accounts whose period ends; values as they are stored, one for each account in its order. */
export interface ClosingTask {
  epoch: string;
  period: BillingPeriod;
  /** Of the tariff that is in force at the period's end. */
  version: number;
  /** Of source tags in the month of the period's end, 32 bytes. */
  monthKey: Uint8Array;
  ids: string[];
  accounts: JoinedBytes;
  /** RatingValues of the period; absent where nothing was counted. */
  quantities: JoinedBytes;
  /** EpochStates in the charge book; absent where the account has no charge yet. */
  states: JoinedBytes;
  /** Random bytes of the states that are absent, `FRESH_BYTES` (closing-worker.ts) each, in the accounts' order. */
  fresh: Uint8Array<ArrayBuffer>;
}

/** What is due, without the places that only whoever writes knows. Accounts are told by their index. */
export interface ClosedUnit {
  /** Blocks of charges (charge-block.ts) and their leaf tiles, as they are to be stored, in order. */
  rows: JoinedBytes;
  tiles: JoinedBytes;
  /** Charges of each block. */
  counts: number[];
  /**
   * Accounts with new charges, how many each, and their states (stored-epoch.ts), whose newest places
   * name a block by its index.
   */
  charged: number[];
  added: number[];
  states: JoinedBytes;
  /** What is to be taken off, as `ClosingCredits` to be stored, and of whom. */
  credited: number[];
  credits: JoinedBytes;
  /** Accounts that are not marked yet as there in this period. */
  unmarked: number[];
  /** Accounts with amounts that columns can not hold: they are closed one by one. */
  alone: number[];
}

/**
 * What computes while accounts are closed. Two implementations: in the caller's own thread (below), and
 * in threads beside it (adapters/closing-threads.ts). Tasks may be answered in any order: closing reads
 * counters and moves none, so that no account waits for another, whatever pool they share.
 */
export interface ClosingKernel {
  /** Tasks that are worth being handed over at once. */
  readonly tasksAtOnce: number;
  /** @throws TallystickError as `ClosingWorker.close` */
  closeAccounts(task: ClosingTask): Promise<ClosedUnit>;
  end(): Promise<void>;
}

export type OpenClosingKernel = (facts: ClosingFacts) => ClosingKernel;

export function openPlainClosingKernel(facts: ClosingFacts): ClosingKernel {
  const worker = ClosingWorker.open(facts);
  return {
    tasksAtOnce: 1,
    closeAccounts: async (task) => (await worker).close(task),
    end: async () => {},
  };
}
