import type { Hex } from "../../core/bytes.ts";
import type { BillBucket } from "./bill-state.ts";
import { BillWorker } from "./bill-worker.ts";
import type { JoinedBytes } from "./joined-bytes.ts";

/** What all invoices of a run share, and where its accounts are. */
export interface BillFacts {
  operator: { name: string; member: Hex };
  epoch: string;
  /** Of the period, milliseconds since 1970 UTC. */
  fromMilliseconds: number;
  toMilliseconds: number;
  zone: string;
  issuedAtSeconds: string;
  currency: string;
  invoiceBook: Hex;
  buckets: BillBucket[];
  /** Of the books that are gathered. */
  rows: number;
  /** Parts that the leaves' order keys are divided into. */
  partitions: number;
}

/** A stretch of a book: the values that hold its rows, and from which position to which (not with it). */
export interface GatherTask {
  from: bigint;
  to: bigint;
  keys: string[];
  values: JoinedBytes;
}

export interface GatheredUnit {
  /** Packed charges (packed-line.ts) as they are to be stored, a value for each of `buckets`. */
  values: JoinedBytes;
  buckets: number[];
  /** The first position whose row belongs to a later period. */
  later?: bigint;
}

/** A bucket's accounts, with what was gathered for it. */
export interface ComposeTask {
  /** Invoices of the buckets before it. */
  ordinal: number;
  accounts: string[];
  /** The accounts' EpochStates in the books of charges and of credits; absent where there is none. */
  charges: JoinedBytes;
  credits: JoinedBytes;
  /** Packed charges and credits, in the order of the books. */
  gatheredKeys: string[];
  gathered: JoinedBytes;
}

export interface ComposedBucket {
  /** Accounts that have an invoice, by their index, and the invoices' stored values. */
  billed: number[];
  invoices: JoinedBytes;
  /** Packed leaves (invoice-leaf-block.ts) as they are to be stored, a value for each of `partitions`. */
  leaves: JoinedBytes;
  partitions: number[];
  totalNano: bigint;
}

/**
 * What computes in a bill run. Two implementations: in the caller's own thread (below), and in
 * threads beside it (adapters/bill-threads.ts). Tasks may be answered in any order.
 */
export interface BillKernel {
  /** Tasks that are worth being handed over at once. */
  readonly tasksAtOnce: number;
  /** @throws TallystickError as `BillWorker.gather`, `BillWorker.compose` */
  gather(task: GatherTask): Promise<GatheredUnit>;
  compose(task: ComposeTask): Promise<ComposedBucket>;
  close(): Promise<void>;
}

export type OpenBillKernel = (facts: BillFacts) => BillKernel;

export function openPlainBillKernel(facts: BillFacts): BillKernel {
  const worker = new BillWorker(facts);
  return {
    tasksAtOnce: 1,
    gather: async (task) => worker.gather(task),
    compose: async (task) => worker.compose(task),
    close: async () => {},
  };
}
