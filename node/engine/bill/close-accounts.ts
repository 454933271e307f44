import { fromHex } from "../../core/bytes.ts";
import {
  CHARGE_KIND,
  CREDIT_REASON,
  chargeWithoutUse,
  NO_DIGITS,
  PARTY_TYPE,
} from "../../core/commitment/charge-groups.ts";
import { TallystickError } from "../../core/errors.ts";
import type { ClosedAccount } from "../../core/rating/account-closing.ts";
import type { BillingPeriod } from "../../core/rating/billing-period.ts";
import type { PeriodLine } from "../../core/rating/period-lines.ts";
import { numberCharge, TileRun, type UnnumberedCharge } from "../number/number-charge.ts";
import type { EngineContext } from "../operator.ts";
import type { AccountRating } from "../rate/rate-accounts.ts";
import type { ShelvedTariff, TariffShelf } from "../rate/tariff-shelf.ts";
import { below, keys } from "../store/key-spaces.ts";
import { type PlacedCharge, readOwnedCharges } from "../store/read-charges.ts";
import { StoreSession } from "../store/store-session.ts";
import { scanJson } from "../store/stored-json.ts";
import type { EpochState } from "../store/stored-types.ts";
import { billingEpoch, epochBefore } from "./billing-epoch.ts";
import { accountsAfter } from "./plan-bill.ts";
import { requireBillable } from "./require-billable.ts";

/** Accounts that are closed in one write. */
const UNIT_ACCOUNTS = 1_024;

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

/** What is to be taken off an account's charges. */
export interface ClosingCredits {
  account: string;
  period: BillingPeriod;
  lines: { name: string; amountNano: string }[];
}

/**
 * One step of what a period's end makes due, before the bill: fees, counters' closing values, limits,
 * discounts, commitment, taxes, each a charge of its kind or credits that point at charges. From the
 * first step on no use joins the epoch. A step is one write with how far the closing is: a crash
 * leaves whole steps, and the next call goes on behind them. What it made is to be committed before
 * the bill names it.
 * @returns whether there was something to do; false once all is closed
 * @throws TallystickError as `stepBill`
 */
export async function stepClosing(
  context: EngineContext,
  tariffs: TariffShelf,
  rating: AccountRating,
  epochName: string,
): Promise<boolean> {
  const { toMilliseconds } = billingEpoch(epochName, context.profile.zone);
  if (tariffs.lacksAt(toMilliseconds - 1)) throw tariffLacking();
  if (!rating.isInUse) return false;
  const session = new StoreSession(context.store);
  const closed = await session.get<string>(keys.node("closed-epoch"));
  const open = await session.get<string>(keys.node("open-bill"));
  if (open !== undefined || (closed !== undefined && closed >= epochName)) return false;
  const known = await session.get<Closing>(keys.closing(epochName));
  if (known?.phase === "done") return false;
  if (known === undefined || known.phase === "commit") {
    await requireBillable(context, epochName, closed);
  }
  const at: Closing = known ?? { period: 0, after: "", closed: 0, phase: "charges" };
  const step = { context, session, rating, tariffs, epochName };
  const next = at.phase === "charges" ? await closeSome(step, at) : await creditSome(step, at);
  session.put(keys.closing(epochName), next);
  session.put(keys.node("closing-epoch"), epochName);
  try {
    rating.save(session);
    await session.commit();
  } catch (error) {
    rating.forget();
    throw error;
  }
  return true;
}

interface ClosingStep {
  context: EngineContext;
  session: StoreSession;
  rating: AccountRating;
  tariffs: TariffShelf;
  epochName: string;
}

interface ClosingUnit extends ClosingStep {
  period: BillingPeriod;
  tariff: ShelvedTariff;
  tiles: TileRun;
}

/** The next accounts' charges, or the next period. */
async function closeSome(step: ClosingStep, at: Closing): Promise<Closing> {
  const { context, session, rating, tariffs, epochName } = step;
  const { fromMilliseconds, toMilliseconds } = billingEpoch(epochName, context.profile.zone);
  const ending = tariffs.inForce(toMilliseconds - 1);
  const periods =
    ending === undefined ? [] : rating.periodsEnding(ending, fromMilliseconds, toMilliseconds);
  const period = periods[at.period];
  const tariff = period && tariffs.inForce(period.to - 1);
  if (period === undefined || tariff === undefined) return { ...at, phase: "commit" };
  const accounts = await accountsAfter(context.store, at.after, UNIT_ACCOUNTS);
  const after = accounts.at(-1);
  if (after === undefined) return { ...at, period: at.period + 1, after: "", closed: 0 };
  const quantities = accounts.map((account) => keys.rating(account, period.from));
  const { chargeBook } = context.profile.agreement;
  await session.prefetch([
    ...quantities,
    ...accounts.map((account) => keys.epoch(account, epochName, chargeBook)),
  ]);
  rating.learn(session, quantities);
  const unit = { ...step, period, tariff, tiles: new TileRun() };
  for (const account of accounts) {
    const lines = rating.close(account, tariff, period);
    if (lines !== undefined) await writeLines(unit, lines);
  }
  unit.tiles.put(session);
  return { ...at, after, closed: at.closed + accounts.length };
}

/** The next accounts' credits; their charges are on the ledger. */
async function creditSome(
  { context, session, epochName }: ClosingStep,
  at: Closing,
): Promise<Closing> {
  const range = { ...below(`closing-credits/${epochName}/`), limit: UNIT_ACCOUNTS };
  let isAny = false;
  for await (const { key, value } of scanJson<ClosingCredits>(context.store, range)) {
    await writeCredits({ context, session, epochName }, value);
    session.delete(key);
    isAny = true;
  }
  return { ...at, phase: isAny ? "credits" : "done" };
}

const KIND_OF_LINE = {
  recurring: CHARGE_KIND.recurring,
  "one-off": CHARGE_KIND.oneOff,
  "period-charge": CHARGE_KIND.periodEnd,
  tax: CHARGE_KIND.tax,
  rounding: CHARGE_KIND.rounding,
} as const;

async function writeLines(unit: ClosingUnit, { account, lines }: ClosedAccount): Promise<void> {
  const { context, session, epochName } = unit;
  const { chargeBook } = context.profile.agreement;
  const credits: ClosingCredits["lines"] = [];
  let taxNano = 0n;
  for (const [at, line] of lines.entries()) {
    const { name, amountNano } = line;
    if (line.kind === "credit") credits.push({ name, amountNano: amountNano.toString() });
    // An included tax is said, not added: the prices hold it.
    if (line.isIncluded || line.kind === "credit") continue;
    if (line.kind === "tax") taxNano += line.amountNano;
    const charge = chargeOfLine(unit, account, line, at);
    await numberCharge(session, context, chargeBook, charge, { tiles: unit.tiles });
  }
  if (taxNano > 0n) {
    const key = keys.epoch(account, epochName, chargeBook);
    const state = (await session.get<EpochState>(key)) as EpochState;
    const before = BigInt(state.taxNano ?? "0");
    session.put(key, { ...state, taxNano: (before + taxNano).toString() } satisfies EpochState);
  }
  if (credits.length === 0) return;
  const { period } = unit;
  session.put(keys.closingCredits(epochName, account, period.from), {
    account,
    period,
    lines: credits,
  } satisfies ClosingCredits);
}

function chargeOfLine(
  { epochName, period, tariff }: ClosingUnit,
  account: string,
  line: PeriodLine,
  at: number,
): UnnumberedCharge {
  const start = period.to - 1;
  return {
    ...closingEntry(account, epochName, `${period.from}:${at}`, start),
    // What an invoice says of whose use a line is; here, what it is for.
    device: line.name,
    amountNano: line.amountNano,
    third: {
      kind: "charge",
      group: chargeWithoutUse(
        KIND_OF_LINE[line.kind as keyof typeof KIND_OF_LINE],
        start,
        tariff.version,
      ),
    },
    components: line.parts.map(({ because, amountNano }) => ({
      kind: line.kind,
      name: because,
      amountNano: amountNano.toString(),
    })),
    moves: [],
  };
}

/** Of an entry that no record stands behind: the account is in its id, so that no two are the same. */
function closingEntry(account: string, epoch: string, name: string, startMilliseconds: number) {
  return {
    recordId: `closing:${account}:${name}`,
    revision: 0,
    account,
    epoch,
    startMilliseconds,
    party: () => ({
      group: {
        restDigits: NO_DIGITS,
        type: PARTY_TYPE.none,
        cell: 0n,
        file: new Uint8Array(16),
        offset: 0n,
        length: 0,
        eventsRoot: new Uint8Array(32),
      },
    }),
  };
}

/** A charge, and what no credit has taken off it yet. */
interface Creditable extends PlacedCharge {
  leftNano: bigint;
}

type CreditingStep = Pick<ClosingStep, "context" | "session" | "epochName">;

/**
 * A reduction is credited to the largest charges, each at most by what earlier credits left of it. An
 * account whose charges were given back already gets no more than they asked.
 */
async function writeCredits(step: CreditingStep, credits: ClosingCredits): Promise<void> {
  const { context, session, epochName } = step;
  const { account, period, lines } = credits;
  const { creditBook } = context.profile.agreement;
  const charges = await creditables(step, credits);
  let at = 0;
  for (const line of lines) {
    let left = BigInt(line.amountNano);
    for (const charge of charges) {
      const amountNano = left < charge.leftNano ? left : charge.leftNano;
      if (amountNano === 0n) continue;
      charge.leftNano -= amountNano;
      left -= amountNano;
      await numberCharge(session, context, creditBook, {
        ...closingEntry(account, epochName, `${period.from}:C${at++}`, period.to - 1),
        device: line.name,
        amountNano,
        third: {
          kind: "credit",
          group: {
            targetDomain: fromHex(charge.domain, 20),
            targetSequence: charge.sequence,
            targetIndex: charge.leafIndex,
            reason: CREDIT_REASON.goodwill,
            claim: new Uint8Array(32),
          },
        },
        components: [{ kind: "credit", name: line.name, amountNano: amountNano.toString() }],
      });
    }
  }
}

/** Charges on the ledger, the largest first, with what earlier credits left of them. */
async function creditables(
  { context, epochName }: CreditingStep,
  { account, period }: ClosingCredits,
): Promise<Creditable[]> {
  const { store, profile } = context;
  const { chargeBook, creditBook } = profile.agreement;
  const { fromMilliseconds } = billingEpoch(epochName, profile.zone);
  const epochs = [epochName, ...(period.from < fromMilliseconds ? [epochBefore(epochName)] : [])];
  const charges: Creditable[] = [];
  const credited = new Map<string, bigint>();
  for (const epoch of epochs) {
    for (const one of await readOwnedCharges(store, account, epoch, chargeBook)) {
      charges.push({ ...one, leftNano: BigInt(one.charge.amountNano) });
    }
  }
  for await (const { key } of store.scan(below(`epoch/${account}/`))) {
    const [, , epoch = "", domain] = key.split("/");
    if (domain !== creditBook) continue;
    for (const { charge } of await readOwnedCharges(store, account, epoch, creditBook)) {
      const { credit } = charge.opened;
      if (credit === undefined) continue;
      const place = `${credit.targetSequence}/${credit.targetIndex}`;
      credited.set(place, (credited.get(place) ?? 0n) + BigInt(charge.amountNano));
    }
  }
  for (const one of charges) {
    const taken = credited.get(`${one.sequence}/${one.leafIndex}`) ?? 0n;
    one.leftNano = taken < one.leftNano ? one.leftNano - taken : 0n;
  }
  return charges
    .filter(({ leftNano }) => leftNano > 0n)
    .sort((a, b) => (a.leftNano > b.leftNano ? -1 : a.leftNano < b.leftNano ? 1 : 0));
}

const tariffLacking = (): TallystickError =>
  new TallystickError(
    "bill.tariff-lacking",
    "The ledger has a version of the tariff that began in the month, and this node does not have it; publish the same document again, recycle what waits, and bill then.",
  );
