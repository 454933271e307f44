import type { Hex } from "../../core/bytes.ts";
import { TallystickError } from "../../core/errors.ts";
import type { EngineContext } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import { StoreSession } from "../store/store-session.ts";
import { getJson } from "../store/stored-json.ts";
import type { BookState } from "../store/stored-types.ts";
import { type OpenBillKernel, openPlainBillKernel } from "./bill-kernel.ts";
import { BILL_PHASES, type BillPlan, type BillState } from "./bill-state.ts";
import {
  appendSteps,
  type BillPhaseSteps,
  composeSteps,
  gatherSteps,
  type PlannedBill,
  partitionsOf,
  requireSameStep,
} from "./bill-steps.ts";
import { billingEpoch } from "./billing-epoch.ts";
import { planSome } from "./plan-bill.ts";
import { requireBillable } from "./require-billable.ts";

export interface BillRun {
  epoch: string;
  invoices: number;
  totalNano: bigint;
  /** True when this period had been billed before; nothing was done again. */
  already: boolean;
}

export interface BillRunParts {
  context: EngineContext;
  /** Runs a task as the one writer of the store; between two tasks others may write. */
  turn: <T>(task: () => Promise<T>) => Promise<T>;
  openKernel?: OpenBillKernel;
  /** Told after each step that is durable. */
  onStep?: (state: BillState, plan: BillPlan) => void;
}

/**
 * The bill of a closed period: one invoice for each account with charges, its leaf appended to the
 * invoice book in strict order. bill-state.ts says what its steps are: several are computed ahead, one
 * after the other is written. A run that was left in its middle goes on from there, and one that is
 * done answers what was done.
 * @throws TallystickError `bill.period-open`, `bill.charges-pending`, `bill.earlier-period-open`,
 * `bill.other-run-open`, `bill.lines-missing`
 */
export async function runBill(parts: BillRunParts, epoch: string): Promise<BillRun> {
  const { context, turn, onStep, openKernel = openPlainBillKernel } = parts;
  let run = await turn(() => beginOrGoOn(context, epoch));
  while (run.state.phase === "plan") {
    const { plan, state } = run;
    run = await turn(() => writePlan(context, epoch, { plan, state }));
    onStep?.(run.state, run.plan);
  }
  if (run.state.phase === "done") return answer(epoch, run.state, run.already);
  const kernel = openKernel(factsOf(context, epoch, run.plan));
  try {
    const bill: PlannedBill = { context, epoch, plan: run.plan, kernel };
    let { state } = run;
    while (state.phase !== "done") {
      state = await runPhase(parts, bill, state);
    }
    return answer(epoch, state, false);
  } finally {
    await kernel.close();
  }
}

/** One step alone, computed where it is called; undefined until all are done. Errors as `runBill`. */
export async function stepBill(
  context: EngineContext,
  epoch: string,
): Promise<BillRun | undefined> {
  const { state, plan, already, isNew } = await beginOrGoOn(context, epoch);
  if (isNew) return undefined;
  if (state.phase === "plan") {
    await writePlan(context, epoch, { plan, state });
    return undefined;
  }
  if (state.phase === "done") return answer(epoch, state, already);
  const kernel = openPlainBillKernel(factsOf(context, epoch, plan));
  const bill = { context, epoch, plan, kernel };
  const steps = stepsOf(bill, state);
  const prepared = await steps.prepare(state.index);
  const next = await writeStep(bill, steps, state, prepared);
  return next.phase === "done" ? answer(epoch, next, false) : undefined;
}

function answer(epoch: string, { invoices, totalNano }: BillState, already: boolean): BillRun {
  return { epoch, invoices, totalNano: BigInt(totalNano), already };
}

/** The rest of the phase that the run is in, and the change to the next one. */
async function runPhase(
  { turn, onStep }: BillRunParts,
  bill: PlannedBill,
  from: BillState,
): Promise<BillState> {
  const steps = stepsOf(bill, from);
  const ahead: Promise<unknown>[] = [];
  let next = from.index;
  let state = from;
  try {
    while (state.phase === from.phase) {
      for (; next < steps.count && ahead.length < bill.kernel.tasksAtOnce; next++) {
        const prepared = steps.prepare(next);
        // A later step may fail before its turn comes to be waited for.
        prepared.catch(() => {});
        ahead.push(prepared);
      }
      const prepared = await ahead.shift();
      const before = state;
      state = await turn(() => writeStep(bill, steps, before, prepared));
      onStep?.(state, bill.plan);
    }
    return state;
  } finally {
    await Promise.allSettled(ahead);
  }
}

function stepsOf(bill: PlannedBill, { phase }: BillState): BillPhaseSteps<unknown> {
  const steps =
    phase === "gather" ? gatherSteps(bill) : phase === "compose" ? composeSteps(bill) : undefined;
  return (steps ?? appendSteps(bill)) as BillPhaseSteps<unknown>;
}

/** After it the step is durable, and so is how far the run is. */
async function writeStep(
  { context, epoch, plan }: PlannedBill,
  steps: BillPhaseSteps<unknown>,
  state: BillState,
  prepared: unknown,
): Promise<BillState> {
  const session = new StoreSession(context.store);
  requireSameStep(state, await session.get<BillState>(keys.bill(epoch)));
  let next = await steps.write(session, state, prepared);
  if (next.index === steps.count) {
    const phase = BILL_PHASES[BILL_PHASES.indexOf(next.phase) + 1] as BillState["phase"];
    next = { ...next, phase, index: 0 };
  }
  if (next.phase === "done") await closePeriod(session, epoch, plan, next);
  session.put(keys.bill(epoch), next);
  await session.commit();
  return next;
}

async function closePeriod(
  session: StoreSession,
  epoch: string,
  plan: BillPlan,
  state: BillState,
): Promise<void> {
  const before = await session.get<Record<Hex, string>>(keys.node("bill-from"));
  const from = plan.books.map(({ domain, to }) => [domain, state.later[domain] ?? to]);
  session.put(keys.node("bill-from"), { ...before, ...Object.fromEntries(from) });
  session.put(keys.node("closed-epoch"), epoch);
  session.delete(keys.node("open-bill"));
  session.delete(keys.billPlan(epoch));
}

interface FoundRun {
  plan: BillPlan;
  state: BillState;
  /** Begun by this very call. */
  isNew: boolean;
  already: boolean;
}

const NOTHING_BILLED: BillState = {
  phase: "done",
  index: 0,
  later: {},
  invoices: 0,
  totalNano: "0",
  leaves: { first: "1", count: 0 },
};

async function beginOrGoOn(context: EngineContext, epoch: string): Promise<FoundRun> {
  const session = new StoreSession(context.store);
  billingEpoch(epoch, context.profile.zone);
  const closed = await session.get<string>(keys.node("closed-epoch"));
  const open = await session.get<string>(keys.node("open-bill"));
  const state = await session.get<BillState>(keys.bill(epoch));
  const plan = await session.get<BillPlan>(keys.billPlan(epoch));
  if (closed !== undefined && closed >= epoch) {
    return { plan: EMPTY_PLAN, state: state ?? NOTHING_BILLED, isNew: false, already: true };
  }
  if (open !== undefined && open !== epoch) {
    throw new TallystickError(
      "bill.other-run-open",
      `The bill of ${open} was begun and is not done; run the bill of ${open} first.`,
    );
  }
  if (state !== undefined && plan !== undefined) {
    return { plan, state, isNew: false, already: false };
  }
  const begun = await begin(context, session, epoch, closed);
  return { ...begun, isNew: true, already: false };
}

const EMPTY_PLAN: BillPlan = {
  issuedAtSeconds: "0",
  books: [],
  buckets: [],
  accounts: 0,
  firstLeaf: "1",
};

async function begin(
  context: EngineContext,
  session: StoreSession,
  epoch: string,
  closed: string | undefined,
): Promise<{ plan: BillPlan; state: BillState }> {
  const { chargeBook, creditBook, invoiceBook } = context.profile.agreement;
  const now = await requireBillable(context, epoch, closed);
  const from = (await session.get<Record<Hex, string>>(keys.node("bill-from"))) ?? {};
  const bookOf = async (domain: Hex) =>
    (await session.get<BookState>(keys.book(domain))) as BookState;
  const books: BillPlan["books"] = [];
  for (const domain of [chargeBook, creditBook]) {
    const { pendingNext } = await bookOf(domain);
    books.push({ domain, from: from[domain] ?? "1", to: pendingNext });
  }
  const { pendingNext: firstLeaf } = await bookOf(invoiceBook);
  const plan = { ...EMPTY_PLAN, issuedAtSeconds: now.toString(), books, firstLeaf };
  const state: BillState = {
    ...NOTHING_BILLED,
    phase: "plan",
    leaves: { first: firstLeaf, count: 0 },
  };
  session.put(keys.billPlan(epoch), plan);
  session.put(keys.bill(epoch), state);
  session.put(keys.node("open-bill"), epoch);
  await session.commit();
  return { plan, state };
}

async function writePlan(
  context: EngineContext,
  epoch: string,
  run: { plan: BillPlan; state: BillState },
): Promise<FoundRun> {
  const session = new StoreSession(context.store);
  requireSameStep(run.state, await session.get<BillState>(keys.bill(epoch)));
  const { plan, state } = await planSome(context, epoch, run);
  session.put(keys.billPlan(epoch), plan);
  session.put(keys.bill(epoch), state);
  await session.commit();
  return { plan, state, isNew: false, already: false };
}

function factsOf(context: EngineContext, epoch: string, plan: BillPlan) {
  const { name, member, zone, agreement } = context.profile;
  const { fromMilliseconds, toMilliseconds } = billingEpoch(epoch, zone);
  return {
    operator: { name, member },
    epoch,
    fromMilliseconds,
    toMilliseconds,
    zone,
    issuedAtSeconds: plan.issuedAtSeconds,
    currency: agreement.currency,
    invoiceBook: agreement.invoiceBook,
    buckets: plan.buckets,
    rows: plan.books.reduce((sum, { from, to }) => sum + Number(BigInt(to) - BigInt(from)), 0),
    partitions: partitionsOf(context, plan),
  };
}

/** What was billed, of a period that is closed; undefined while it is not. */
export async function billedBefore(
  { store }: EngineContext,
  epoch: string,
): Promise<BillRun | undefined> {
  const closed = await getJson<string>(store, keys.node("closed-epoch"));
  if (closed === undefined || closed < epoch) return undefined;
  return answer(epoch, (await getJson<BillState>(store, keys.bill(epoch))) ?? NOTHING_BILLED, true);
}
