import { TallystickError } from "../../core/errors.ts";
import type { BillingPeriod } from "../../core/rating/billing-period.ts";
import { openKey } from "../number/subscriber-epoch.ts";
import type { EngineContext } from "../operator.ts";
import type { AccountRating } from "../rate/rate-accounts.ts";
import type { TariffShelf } from "../rate/tariff-shelf.ts";
import { keys } from "../store/key-spaces.ts";
import { StoreSession } from "../store/store-session.ts";
import { billUnitAccounts } from "./bill-state.ts";
import { billMoved, requireSameClosing } from "./bill-steps.ts";
import { billingEpoch, trafficMonth } from "./billing-epoch.ts";
import { type CreditUnit, putCredits, readCreditUnit } from "./close-credits.ts";
import {
  type ClosedUnit,
  type ClosingKernel,
  type ClosingTask,
  type OpenClosingKernel,
  openPlainClosingKernel,
} from "./closing-kernel.ts";
import { dueStart } from "./closing-lines.ts";
import { FRESH_BYTES } from "./closing-worker.ts";
import { joinBytes } from "./joined-bytes.ts";
import { countAccounts, storedAccountsAfter } from "./plan-bill.ts";
import { putAlone, putClosed } from "./put-closed.ts";
import { requireBillable } from "./require-billable.ts";

/** How far the closing of an epoch's accounts is. */
export interface Closing {
  /** Of the periods that end in the epoch, the one at hand. */
  period: number;
  /** The last account that is done, in the order of keys. */
  after: string;
  /** Accounts of the period at hand that are done. */
  closed: number;
  /** Charges first; credits once those stand on the ledger, since credits point at places there. */
  phase: "charges" | "commit" | "credits" | "done";
}

export interface ClosingParts {
  context: EngineContext;
  tariffs: TariffShelf;
  /** Another one once a version of the tariff came. */
  rating: () => AccountRating;
  /** Runs a task as the one writer of the store; between two tasks others may write. */
  turn: <T>(task: () => Promise<T>) => Promise<T>;
  openClosingKernel?: OpenClosingKernel;
  /** Told after each step that is durable; what it throws ends the closing. @param all accounts */
  onClosing?: (closing: Closing, all: number) => void;
}

/**
 * What a period's end makes due, before the bill: fees, counters' closing values, limits, discounts,
 * commitment, taxes, each a charge of its kind or credits that point at charges. The first step closes
 * the door: no use joins the epoch from then on. Steps are some accounts each, several computed ahead
 * and one after the other written with how far the closing is: a crash leaves whole steps, and the
 * next call goes on behind them. What it made is to be committed before the bill names it.
 * @throws TallystickError `bill.period-open`, `bill.charges-pending`, `bill.earlier-period-open`,
 *   `bill.tariff-lacking`, `bill.moved`
 */
export async function closeAccounts(parts: ClosingParts, epoch: string): Promise<void> {
  const { context, turn, onClosing } = parts;
  let closing = await turn(() => beginOrGoOn(parts, epoch));
  if (closing === undefined) return;
  const all = await countAccounts(context.store);
  const run = { ...parts, epoch, all };
  onClosing?.(closing, all);
  if (closing.phase === "charges") {
    const { openClosingKernel = openPlainClosingKernel } = parts;
    const kernel = openClosingKernel(factsOf(parts, all));
    try {
      while (closing.phase === "charges") closing = await closePeriod(run, kernel, closing);
    } finally {
      await kernel.end();
    }
  }
  while (closing.phase !== "done") {
    const at: Closing = closing;
    const unit = await readCreditUnit(context, epoch);
    closing = await turn(() => writeCredits(parts, epoch, at, unit));
    onClosing?.(closing, all);
  }
}

/** Closes the door and makes the keys that charges need; undefined where nothing is left to do. */
async function beginOrGoOn(parts: ClosingParts, epoch: string): Promise<Closing | undefined> {
  const { context } = parts;
  requireTariff(parts, epoch);
  if (!parts.rating().isInUse) return undefined;
  const session = new StoreSession(context.store);
  const closed = await session.get<string>(keys.node("closed-epoch"));
  const open = await session.get<string>(keys.node("open-bill"));
  if (open !== undefined || (closed !== undefined && closed >= epoch)) return undefined;
  const known = await session.get<Closing>(keys.closing(epoch));
  if (known?.phase === "done") return undefined;
  if (known === undefined) await requireBillable(context, epoch, closed);
  const at: Closing = known ?? { period: 0, after: "", closed: 0, phase: "charges" };
  const { chargeBook } = context.profile.agreement;
  for (const period of periodsOf(parts, epoch)) {
    const month = trafficMonth(dueStart(period));
    await openKey(session, context.random, keys.monthKey(chargeBook, month));
  }
  session.put(keys.closing(epoch), at);
  session.put(keys.node("closing-epoch"), epoch);
  await session.commit();
  return at;
}

/**
 * Versions of the tariff come while the node runs: every step looks whether one is lacking, and one
 * that was computed ahead whether another is in force now.
 */
function requireTariff(
  { context, tariffs }: ClosingParts,
  epoch: string,
  task?: Pick<ClosingTask, "period" | "version">,
): void {
  const { toMilliseconds } = billingEpoch(epoch, context.profile.zone);
  if (tariffs.lacksAt(toMilliseconds - 1)) throw tariffLacking();
  if (task === undefined) return;
  if (tariffs.inForce(task.period.to - 1)?.version !== task.version) throw billMoved();
}

const tariffLacking = (): TallystickError =>
  new TallystickError(
    "bill.tariff-lacking",
    "The ledger has a version of the tariff that began in the month, and this node does not have it; publish the same document again, recycle what waits, and bill then.",
  );

/** The tariff's billing periods that end in the epoch. */
function periodsOf({ context, tariffs, rating }: ClosingParts, epoch: string): BillingPeriod[] {
  const { fromMilliseconds, toMilliseconds } = billingEpoch(epoch, context.profile.zone);
  const ending = tariffs.inForce(toMilliseconds - 1);
  return ending === undefined
    ? []
    : rating().periodsEnding(ending, fromMilliseconds, toMilliseconds);
}

function factsOf({ context: { profile }, tariffs }: ClosingParts, accounts: number) {
  return {
    domain: profile.agreement.chargeBook,
    role: profile.sourceRole,
    tariffs: tariffs.versions.map(({ version, document }) => ({ version, document })),
    accounts,
  };
}

interface ClosingRun extends ClosingParts {
  epoch: string;
  /** Accounts that there are. */
  all: number;
}

/** A period's accounts that are left, then the change to the next period or to what comes after. */
async function closePeriod(
  run: ClosingRun,
  kernel: ClosingKernel,
  from: Closing,
): Promise<Closing> {
  const { turn, onClosing, tariffs, epoch, all } = run;
  const period = periodsOf(run, epoch)[from.period];
  const version = period && tariffs.inForce(period.to - 1)?.version;
  if (period === undefined || version === undefined) {
    return turn(() => writeClosing(run, from, { ...from, phase: "commit" }));
  }
  const ahead: Promise<{ task: ClosingTask; closed: ClosedUnit }>[] = [];
  let read: string | undefined = from.after;
  let closing = from;
  try {
    for (;;) {
      while (read !== undefined && ahead.length < kernel.tasksAtOnce) {
        const task = await readUnit(run, period, version, read);
        read = task?.ids.at(-1);
        if (task === undefined) break;
        const prepared = kernel.closeAccounts(task).then((closed) => ({ task, closed }));
        // A later unit may fail before its turn comes to be waited for.
        prepared.catch(() => {});
        ahead.push(prepared);
      }
      const unit = await ahead.shift();
      const at = closing;
      closing = await turn(() =>
        unit === undefined
          ? writeClosing(run, at, { ...at, period: at.period + 1, after: "", closed: 0 })
          : writeUnit(run, at, unit.task, unit.closed),
      );
      onClosing?.(closing, all);
      if (unit === undefined) return closing;
    }
  } finally {
    await Promise.allSettled(ahead);
  }
}

/**
 * The next accounts with all that their closing asks for. Others may write meanwhile: late use moves
 * counters of the period, and comes before the account's closing or after it as it would in any order.
 */
async function readUnit(
  { context, epoch }: ClosingRun,
  period: BillingPeriod,
  version: number,
  after: string,
): Promise<ClosingTask | undefined> {
  const { store, profile, random } = context;
  const { chargeBook } = profile.agreement;
  const { ids, values } = await storedAccountsAfter(store, after, billUnitAccounts(context));
  if (ids.length === 0) return undefined;
  const states = await store.getMany(ids.map((id) => keys.epoch(id, epoch, chargeBook)));
  const quantities = await store.getMany(ids.map((id) => keys.rating(id, period.from)));
  const absent = states.filter((state) => state === undefined).length;
  const session = new StoreSession(store);
  const month = keys.monthKey(chargeBook, trafficMonth(dueStart(period)));
  return {
    epoch,
    period,
    version,
    monthKey: await openKey(session, random, month),
    ids,
    accounts: joinBytes(values),
    quantities: joinBytes(quantities),
    states: joinBytes(states),
    fresh: new Uint8Array(random.bytes(FRESH_BYTES * absent)),
  };
}

async function writeClosing(run: ClosingRun, at: Closing, next: Closing): Promise<Closing> {
  const { context, epoch } = run;
  requireTariff(run, epoch);
  const session = new StoreSession(context.store);
  requireSameClosing(at, await session.get<Closing>(keys.closing(epoch)));
  session.put(keys.closing(epoch), next);
  await session.commit();
  return next;
}

/** After it the unit's charges and counters are durable, and so is how far the closing is. */
async function writeUnit(
  run: ClosingRun,
  at: Closing,
  task: ClosingTask,
  closed: ClosedUnit,
): Promise<Closing> {
  const { context, epoch } = run;
  const { ids, period } = task;
  const rating = run.rating();
  requireTariff(run, epoch, task);
  const session = new StoreSession(context.store);
  requireSameClosing(at, await session.get<Closing>(keys.closing(epoch)));
  await putClosed(session, context, task, closed);
  const touched = [...closed.unmarked, ...closed.alone].map((of) => ids[of] as string);
  const quantities = touched.map((id) => keys.rating(id, period.from));
  await session.prefetch(quantities);
  rating.learn(session, quantities);
  rating.markActive(touched, period);
  const tariff = run.tariffs.versions.find(({ version }) => version === task.version);
  for (const of of closed.alone) {
    const due = tariff && rating.close(ids[of] as string, tariff, period);
    if (due !== undefined) await putAlone(session, context, task, due);
  }
  const next = { ...at, after: ids.at(-1) as string, closed: at.closed + ids.length };
  session.put(keys.closing(epoch), next);
  try {
    rating.save(session);
    await session.commit();
  } catch (error) {
    rating.forget();
    throw error;
  }
  return next;
}

/** The next accounts' credits; what they point at is on the ledger. */
async function writeCredits(
  parts: ClosingParts,
  epoch: string,
  at: Closing,
  unit: CreditUnit | undefined,
): Promise<Closing> {
  const { context } = parts;
  requireTariff(parts, epoch);
  const session = new StoreSession(context.store);
  if (at.phase === "commit") {
    await requireBillable(context, epoch, await session.get<string>(keys.node("closed-epoch")));
  }
  requireSameClosing(at, await session.get<Closing>(keys.closing(epoch)));
  if (unit !== undefined) await putCredits(session, context, epoch, unit);
  const next: Closing = { ...at, phase: unit === undefined ? "done" : "credits" };
  session.put(keys.closing(epoch), next);
  await session.commit();
  return next;
}
