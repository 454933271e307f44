import type { Hex } from "../../core/bytes.ts";
import type { EngineContext } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import type { StoreSession } from "../store/store-session.ts";

/*
 * A bill run goes in steps, each one write that is durable and says how far the run is. After a crash
 * at any moment the next step starts where the last whole one ended:
 *
 *   plan     accounts with charges, some at a time, divided into buckets of about as many charges; from
 *            the first of these steps on no charge or credit joins the period
 *   gather   the period's charges and credits of a stretch of a book, packed into the buckets
 *   compose  the invoices of one bucket; what was gathered for it is deleted in the same write
 *   append   a part of the leaves to the invoice book in strict order, and with the last part the
 *            period is closed
 *
 * Steps of one kind do not depend on each other, so several are computed at once (run-bill.ts); they
 * are written in their order. What a step holds in memory is bounded by its unit, not by the length of
 * the month.
 */

/** Some 7 MB of invoices: a step's write is then long beside the disk's flush. */
const UNIT_CHARGES = 32_768;
/** What is gathered at once is spread over all buckets, and leaves are small: they may be more. */
const UNITS_AT_ONCE = 4;

/** Charges that a step composes invoices of; an account stays in one step. */
export const billUnit = ({ profile }: EngineContext): number =>
  profile.billUnitCharges ?? UNIT_CHARGES;

/** Accounts that are closed in one write: some 4 MB of charges and counters. */
const UNIT_ACCOUNTS = 4_096;

export const billUnitAccounts = ({ profile }: EngineContext): number =>
  profile.billUnitAccounts ?? UNIT_ACCOUNTS;

/** Rows that a step gathers, and leaves that a step appends. */
export const largeBillUnit = (context: EngineContext): number => UNITS_AT_ONCE * billUnit(context);

/** The run of an epoch as a number: 2026-10 is 202610. */
export const runOfEpoch = (epoch: string): bigint => BigInt(epoch.replace("-", ""));

/** What does not change once it is planned. */
export interface BillPlan {
  /** Ledger time of the first step, which all invoices carry. */
  issuedAtSeconds: string;
  /** Rows to be gathered: from the first position that can hold one up to the end (not with it). */
  books: { domain: Hex; from: string; to: string }[];
  buckets: BillBucket[];
  /** Accounts with charges. */
  accounts: number;
  /** Position in the invoice book of the run's first leaf. */
  firstLeaf: string;
}

/** Consecutive accounts in the order of their keys, up to the first one of the next bucket. */
export interface BillBucket {
  first: string;
  /** Invoices of the buckets before it. */
  ordinal: number;
}

export const BILL_PHASES = ["plan", "gather", "compose", "append", "done"] as const;
export type BillPhase = (typeof BILL_PHASES)[number];

export interface BillState {
  phase: BillPhase;
  /** Steps of the phase that are done. */
  index: number;
  /** While it is planned: the last account looked at, and charges of the newest bucket so far. */
  planned?: { after: string; charges: number };
  /** By book: the first position whose row belongs to a later period, where the next run starts. */
  later: Record<Hex, string>;
  invoices: number;
  totalNano: string;
  /** Where the run's leaves stand in the invoice book, which is in the order of their keys. */
  leaves: { first: string; count: number };
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
