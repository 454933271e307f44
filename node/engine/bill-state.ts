import type { Hex } from "../core/bytes.ts";
import { keys } from "./key-spaces.ts";
import type { EngineContext } from "./operator.ts";
import type { StoreSession } from "./store-session.ts";

/*
 * A bill run goes in steps, each one write that is durable and says how far the run is. After a crash
 * at any moment the next step starts where the last whole one ended:
 *
 *   begin    the plan; from here on no charge or credit joins the period
 *   gather   lines of the period's charges and credits, in block order, put into buckets of accounts
 *   compose  the invoices of one bucket; its gathered lines are deleted in the same write
 *   append   leaves to the invoice book in strict order, and with the last of them the period is closed
 *
 * What a step holds in memory is bounded by its unit, not by the length of the month.
 */

/** Some 4 MB of lines: larger units cost more in collecting garbage than they save in writes. */
const UNIT_CHARGES = 16_384;
/** What is gathered at once is spread over all buckets, so it may be more. */
export const GATHERED_UNITS = 4;

/** Charges that a step composes invoices of; an account stays in one step. */
export const billUnit = ({ profile }: EngineContext): number =>
  profile.billUnitCharges ?? UNIT_CHARGES;

/** What does not change while a run is on its way. */
export interface BillPlan {
  /** Ledger time of the first step, which all invoices carry. */
  issuedAtSeconds: string;
  /** Rows to be gathered: from the first position that can hold one up to the end (not with it). */
  books: { domain: Hex; from: string; to: string }[];
  buckets: BillBucket[];
}

/** Consecutive accounts in the order of their keys, up to the first one of the next bucket. */
export interface BillBucket {
  first: string;
  /** Invoices of the buckets before it. */
  ordinal: number;
}

export interface BillState {
  phase: "gather" | "compose" | "append" | "done";
  /** Which of the plan's books is gathered, or which of its buckets is composed. */
  index: number;
  /** Of the next row to be gathered. */
  position: string;
  /** Units gathered so far. */
  units: number;
  /** By book: the first position whose row belongs to a later period, where the next run starts. */
  later: Record<Hex, string>;
  invoices: number;
  totalNano: string;
}

/**
 * The newest period that takes no more charges or credits: it is billed, or its bill run or the
 * closing of its accounts has begun.
 * What comes late goes to the one after it.
 */
export async function lastClosing(session: StoreSession): Promise<string | undefined> {
  const names = ["closing-epoch", "open-bill", "closed-epoch"];
  const epochs = await Promise.all(names.map((name) => session.get<string>(keys.node(name))));
  return epochs
    .filter((epoch) => epoch !== undefined)
    .sort()
    .at(-1);
}
