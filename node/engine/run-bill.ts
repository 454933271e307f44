import type { Hex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";
import { appendLeaves, billedAccounts, composeBucket } from "./bill-invoices.ts";
import { gatherUnit } from "./bill-lines.ts";
import { type BillBucket, type BillPlan, type BillState, billUnit } from "./bill-state.ts";
import { billingEpoch, epochBefore } from "./billing-epoch.ts";
import { below, keys } from "./key-spaces.ts";
import type { EngineContext } from "./operator.ts";
import { readBatch } from "./read-charges.ts";
import { StoreSession } from "./store-session.ts";
import { getJson } from "./stored-json.ts";
import type { BookState } from "./stored-types.ts";

/** Accounts whose counters are read in one call while the run is planned. */
const PLANNED_AT_ONCE = 4_096;

export interface BillRun {
  epoch: string;
  invoices: number;
  totalNano: bigint;
  /** True when this period had been billed before; nothing was done again. */
  already: boolean;
}

/**
 * One step of the bill of a closed period: one invoice for each account with charges, its leaf
 * appended to the invoice book in strict order (bill-state.ts says what a step is). To be called until
 * it answers; a run that was left in its middle goes on from there, and one that is done answers what
 * was done. Between steps others may write.
 * @throws TallystickError `bill.period-open`, `bill.charges-pending`, `bill.earlier-period-open`,
 * `bill.other-run-open`, `bill.lines-missing`
 */
export async function stepBill(
  context: EngineContext,
  epoch: string,
): Promise<BillRun | undefined> {
  const session = new StoreSession(context.store);
  const closed = await session.get<string>(keys.node("closed-epoch"));
  const open = await session.get<string>(keys.node("open-bill"));
  billingEpoch(epoch, context.profile.zone);
  if (closed !== undefined && closed >= epoch) {
    const state = await session.get<BillState>(keys.bill(epoch));
    return answer(epoch, state, true);
  }
  if (open !== undefined && open !== epoch) {
    throw new TallystickError(
      "bill.other-run-open",
      `The bill of ${open} was begun and is not done; run the bill of ${open} first.`,
    );
  }
  const state =
    open === undefined
      ? await begin(context, session, epoch, closed)
      : await goOn(context, session, epoch);
  session.put(keys.bill(epoch), state);
  await session.commit();
  return state.phase === "done" ? answer(epoch, state, false) : undefined;
}

function answer(epoch: string, state: BillState | undefined, already: boolean): BillRun {
  const { invoices, totalNano } = state ?? { invoices: 0, totalNano: "0" };
  return { epoch, invoices, totalNano: BigInt(totalNano), already };
}

async function begin(
  context: EngineContext,
  session: StoreSession,
  epoch: string,
  closed: string | undefined,
): Promise<BillState> {
  const { store, profile } = context;
  const { chargeBook, creditBook } = profile.agreement;
  const now = await requireBillable(context, epoch, closed);
  const from = (await session.get<Record<Hex, string>>(keys.node("bill-from"))) ?? {};
  const books: BillPlan["books"] = [];
  for (const domain of [chargeBook, creditBook]) {
    const { pendingNext } = (await getJson<BookState>(store, keys.book(domain))) as BookState;
    books.push({ domain, from: from[domain] ?? "1", to: pendingNext });
  }
  const buckets = await planBuckets(context, epoch);
  session.put(keys.billPlan(epoch), {
    issuedAtSeconds: now.toString(),
    books,
    buckets,
  } satisfies BillPlan);
  session.put(keys.node("open-bill"), epoch);
  return {
    phase: buckets.length === 0 ? "append" : "gather",
    index: 0,
    position: books[0]?.from ?? "0",
    units: 0,
    // Where nothing is gathered, nothing is learnt of later periods either.
    later:
      buckets.length > 0 ? {} : Object.fromEntries(books.map(({ domain, from }) => [domain, from])),
    invoices: 0,
    totalNano: "0",
  };
}

/**
 * The period is over, what was charged stands on the ledger, and no earlier period is open.
 * @returns ledger time in seconds
 */
export async function requireBillable(
  context: EngineContext,
  epoch: string,
  closed: string | undefined,
): Promise<bigint> {
  const { profile, time } = context;
  const now = await time.seconds();
  const { toMilliseconds } = billingEpoch(epoch, profile.zone);
  if (now * 1000n < BigInt(toMilliseconds)) {
    throw new TallystickError(
      "bill.period-open",
      `${epoch} ends at ${new Date(toMilliseconds).toISOString()}; the ledger's time is ${new Date(Number(now) * 1000).toISOString()}. Run the bill after the period.`,
    );
  }
  const { chargeBook, creditBook } = profile.agreement;
  for (const book of [chargeBook, creditBook]) await assertCommitted(context, book);
  await assertNothingSkipped(context, { after: closed, before: epoch });
  return now;
}

async function goOn(
  context: EngineContext,
  session: StoreSession,
  epoch: string,
): Promise<BillState> {
  const plan = (await session.get<BillPlan>(keys.billPlan(epoch))) as BillPlan;
  const state = (await session.get<BillState>(keys.bill(epoch))) as BillState;
  if (state.phase === "gather") return gatherUnit(context, session, epoch, { plan, state });
  if (state.phase === "compose") return composeBucket(context, session, epoch, { plan, state });
  if (!(await appendLeaves(context, session, epoch))) return state;
  const before = await session.get<Record<Hex, string>>(keys.node("bill-from"));
  const from = plan.books.map(({ domain, to }) => [domain, state.later[domain] ?? to]);
  session.put(keys.node("bill-from"), { ...before, ...Object.fromEntries(from) });
  session.put(keys.node("closed-epoch"), epoch);
  session.delete(keys.node("open-bill"));
  session.delete(keys.billPlan(epoch));
  return { ...state, phase: "done" };
}

/** Accounts with charges, in the order of their keys, in buckets of about as many charges each. */
async function planBuckets(context: EngineContext, epoch: string): Promise<BillBucket[]> {
  const unit = billUnit(context);
  const buckets: BillBucket[] = [];
  let ordinal = 0;
  let charges = unit;
  let accounts: string[] = [];
  const plan = async () => {
    for (const { account, charges: state } of await billedAccounts(context, accounts, epoch)) {
      if (charges >= unit) {
        buckets.push({ first: account, ordinal });
        charges = 0;
      }
      charges += Number(state.lastChargeNumber);
      ordinal++;
    }
    accounts = [];
  };
  for await (const { key } of context.store.scan(below("account/"))) {
    accounts.push(key.slice("account/".length));
    if (accounts.length === PLANNED_AT_ONCE) await plan();
  }
  await plan();
  return buckets;
}

/** Every charge and credit stands on the ledger, by a final commitment, before a bill names it. */
async function assertCommitted({ store }: EngineContext, domain: Hex): Promise<void> {
  const book = (await getJson<BookState>(store, keys.book(domain))) as BookState;
  let waits = book.pendingFirst !== book.pendingNext;
  for (let sequence = BigInt(book.lastSequence); !waits && sequence > 0n; sequence--) {
    const batch = await readBatch(store, domain, sequence);
    if (batch.blockTime !== undefined) break;
    waits = batch.count > 0;
  }
  if (!waits) return;
  throw new TallystickError(
    "bill.charges-pending",
    "Some charges or credits are not on the ledger yet; commit first, then run the bill.",
  );
}

/** A period that was passed over would never be billed: later runs close it. */
async function assertNothingSkipped(
  { store, profile }: EngineContext,
  { after, before }: { after: string | undefined; before: string },
): Promise<void> {
  if (after === epochBefore(before)) return;
  // Seldom: the first run of a node, or after months without one. Keys only are looked at, once.
  for await (const { key } of store.scan(below("epoch/"))) {
    const [, , epoch = "", domain] = key.split("/");
    if (domain !== profile.agreement.chargeBook || epoch >= before) continue;
    if (after !== undefined && epoch <= after) continue;
    throw new TallystickError(
      "bill.earlier-period-open",
      `There are charges in ${epoch}, which was not billed; run the bill of ${epoch} first.`,
    );
  }
}
