import { spendableNano } from "./charging-account.ts";
import { type ChargingState, sliceKey } from "./charging-state.ts";
import type { Entry, SessionRecord } from "./entry.ts";
import { accountUnknown } from "./pay.ts";

/** What an edge node says of one account: sums since its slice began, in nano-units. */
export interface SliceReport {
  account: string;
  spentNano: bigint;
  returnedNano: bigint;
  /** How much free money the edge would like to have; none closes the slice. */
  wantedNano: bigint;
}

export interface EdgeReport {
  edge: string;
  /** Number of the first of `records`; they follow each other. */
  firstRecord: number;
  records: SessionRecord[];
  slices: SliceReport[];
}

/**
 * Settles what an edge node charged while nobody could ask, and grants it more. Sums only grow, so
 * the larger one is the newer: a report that is repeated, late or out of order settles nothing
 * twice. What the edge overspent is granted afterwards: it was used.
 * @param now.period beginning of the billing period that it is: a spend limit begins anew with it
 * @throws TallystickError `charging.account-unknown`
 */
export function settleEdge(
  state: ChargingState,
  report: EdgeReport,
  now: { at: number; period: number | undefined },
): Entry[] {
  const { at } = now;
  const entries: Entry[] = report.slices.flatMap((slice) =>
    settleSlice(state, report.edge, slice, now),
  );
  const { edge, firstRecord, records } = report;
  const taken = state.edgeRecords.get(edge) ?? 0;
  // A gap would lose what lies in it: such a report is not taken over before the gap is filled.
  if (firstRecord <= taken + 1) {
    const fresh = records.slice(taken + 1 - firstRecord);
    const upTo = taken + fresh.length;
    if (fresh.length > 0) entries.push({ type: "edge-records", at, edge, upTo, records: fresh });
  }
  return entries;
}

function settleSlice(
  state: ChargingState,
  edge: string,
  { account: id, ...said }: SliceReport,
  { at, period }: { at: number; period: number | undefined },
): Entry[] {
  const account = state.accounts.get(id);
  if (account === undefined) throw accountUnknown();
  const known = state.slices.get(sliceKey(edge, id));
  const spentNano = larger(said.spentNano, known?.spentNano ?? 0n);
  const returnedNano = larger(said.returnedNano, known?.returnedNano ?? 0n);
  const owed = spentNano + returnedNano;
  const before = known?.grantedNano ?? 0n;
  let grantedNano = larger(before, owed);
  const missing = said.wantedNano - (grantedNano - owed);
  if (missing > 0n && account.lock === undefined) {
    const spendable = spendableNano(account, 0n, period ?? account.period);
    // What the edge overspent comes off first.
    const free = spendable === undefined ? missing : spendable - (grantedNano - before);
    if (free > 0n) grantedNano += smaller(missing, free);
  }
  const isNews =
    known === undefined ||
    grantedNano !== known.grantedNano ||
    spentNano !== known.spentNano ||
    returnedNano !== known.returnedNano;
  if (!isNews) return [];
  return [
    {
      type: "slice-settled",
      at,
      edge,
      account: id,
      ...(period === undefined ? {} : { period }),
      grantedNano: grantedNano.toString(),
      spentNano: spentNano.toString(),
      returnedNano: returnedNano.toString(),
    },
  ];
}

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
