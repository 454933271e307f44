import { CHARGE_KIND, CREDIT_REASON } from "../commitment/charge-groups.ts";
import { formatNano } from "../money/decimal.ts";
import { fraction } from "../money/fraction.ts";
import { BillingPeriods } from "../rating/billing-period.ts";
import type { StateKey } from "../rating/rating-state.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import type { TariffDocument, TariffPlan } from "../tariff/document.ts";
import {
  type Bundle,
  type BundleCharge,
  type BundleCredit,
  isClosed,
  type OpenedCharge,
} from "./bundle.ts";
import { type Check, fail, pass, unknown } from "./check.ts";
import {
  type AskedFee,
  type AskedLine,
  type Closing,
  closeAgain,
  doubtsOf,
  FEE_KINDS,
  isFound,
  isFoundAlone,
  LINE_KINDS,
  reasonOf,
} from "./close-again.ts";
import { findFee } from "./find-fee.ts";
import { assignedAt, type NamedPlanUse, PeriodUse } from "./period-use.ts";
import type { Replayed } from "./plan-replay.ts";

/*
 * What a period's end adds to a bill is computed again from the bill's own lines, by the code that
 * closes a period: closing values of counters, fees, minima and maxima, discounts, the commitment,
 * taxes, rounding. Each line is taken as it is asked, since it is judged by itself; so a wrong one does
 * not make those after it wrong. Whatever the lines do not show (devices that were not used, days on
 * which nobody called, others' use) is taken as told, and said.
 */

const REDUCTIONS = "reductions";

/** What a line of a period's end should be; `wrong` where it is not, `told` what it rests on else. */
export interface ClosedLine {
  expectedNano?: bigint;
  because: string;
  wrong: boolean;
  told: string[];
}

type Moved = (period: number) => Iterable<[StateKey, bigint]>;

export class PeriodReplay {
  readonly #bundle: Bundle;
  readonly #from: number;
  readonly #to: number;
  readonly #moved: Moved;
  /** Whether anything will be asked: large bills without fees need none of it. */
  readonly #isNeeded: boolean;
  readonly #sums = new Map<number, PeriodUse>();
  /** Lines of the periods' ends that were judged. */
  readonly #ends = new Map<number, { fees: AskedFee[]; ends: AskedLine[] }>();
  readonly #periods = new Map<CompiledTariff, BillingPeriods>();
  /** Instants whose lines were judged, or can not be. */
  readonly #tried = new Set<string>();
  readonly #judged = new Map<BundleCharge, ClosedLine>();
  #noted = 0;

  /** @param moved what the lines so far have moved of the account's counters in a period */
  constructor(bundle: Bundle, moved: Moved) {
    this.#bundle = bundle;
    this.#from = Date.parse(bundle.period.from);
    this.#to = Date.parse(bundle.period.to);
    this.#moved = moved;
    this.#isNeeded =
      bundle.charges.some(({ charge }) => !isClosed(charge) && isOfEnd(charge)) ||
      (bundle.invoice !== undefined && bundle.tariffs.some(canTakeOff));
  }

  /** A line of use whose tariff is known. @throws TallystickError as `placeCharge` */
  note(
    tariff: CompiledTariff,
    line: BundleCharge,
    charge: OpenedCharge,
    replayed: Replayed | undefined,
  ): void {
    if (!this.#isNeeded) return;
    const periods = this.#periodsOf(tariff);
    const period = periods.at(Number(charge.start));
    const isLate = period.to <= this.#from;
    const use = this.#sumsIn(isLate ? periods.at(this.#from) : period, periods);
    use.add(tariff, line, charge, replayed, isLate);
    this.#noted += 1;
  }

  /**
   * @returns undefined where the bill does not hold what the line follows from
   * @throws TallystickError as `placeCharge`
   */
  check(tariff: CompiledTariff, line: BundleCharge): ClosedLine | undefined {
    const { charge } = line;
    if (isClosed(charge)) return undefined;
    if (charge.kind === CHARGE_KIND.thirdParty) this.#noteShared(tariff, line, charge);
    if (!isOfEnd(charge)) return undefined;
    if (!this.#tried.has(charge.start)) this.#judge(tariff, charge.start);
    this.#tried.add(charge.start);
    return this.#judged.get(line);
  }

  #noteShared(tariff: CompiledTariff, line: BundleCharge, { start }: OpenedCharge): void {
    if (!this.#isNeeded) return;
    const periods = this.#periodsOf(tariff);
    const used = periods.at(Number(start));
    this.#sumsIn(used.to <= this.#from ? periods.at(this.#from) : used, periods).addShared(line);
  }

  #periodsOf(tariff: CompiledTariff): BillingPeriods {
    const known = this.#periods.get(tariff) ?? new BillingPeriods(tariff.document);
    this.#periods.set(tariff, known);
    return known;
  }

  #sumsIn(period: PeriodUse["period"], periods: BillingPeriods): PeriodUse {
    const use = this.#sums.get(period.from) ?? new PeriodUse(period, periods);
    this.#sums.set(period.from, use);
    return use;
  }

  /** All lines of the period's end that are due at an instant, together. */
  #judge(tariff: CompiledTariff, start: string): void {
    const periods = this.#periodsOf(tariff);
    const period = periods.at(Number(start));
    const isInBill = period.from >= this.#from && period.to <= this.#to;
    if (!isInBill || Number(start) !== period.to - 1 || !this.#isWhole()) return;
    const use = this.#sumsIn(period, periods);
    const asked = this.#bundle.charges.flatMap((line): AskedLine[] => {
      const { charge, amountNano } = line;
      if (isClosed(charge) || !isOfEnd(charge) || charge.start !== start) return [];
      return [{ line, charge, askedNano: BigInt(amountNano) }];
    });
    const fees = this.#judgeFees(tariff, use, asked);
    const ends = asked.filter(({ charge }) => LINE_KINDS[charge.kind] !== undefined);
    this.#ends.set(period.from, { fees, ends });
    if (ends.length > 0) this.#judgeEnd(tariff, use, fees, ends);
  }

  /** Whether the bill's lines are all here, each of use priced again. */
  #isWhole(): boolean {
    let ofUse = 0;
    for (const [at, { account, charge }] of this.#bundle.charges.entries()) {
      if (isClosed(account) || isClosed(charge)) return false;
      if (account.chargeNumber !== `${at + 1}`) return false;
      if (charge.kind === CHARGE_KIND.usage) ofUse += 1;
    }
    return ofUse === this.#noted;
  }

  /** Fees stand in the order of the plans and their lists; each is due once for each assignment. */
  #judgeFees(tariff: CompiledTariff, use: PeriodUse, asked: readonly AskedLine[]): AskedFee[] {
    const taken = new Set<string>();
    return asked.flatMap((one): AskedFee[] => {
      const kind = FEE_KINDS[one.charge.kind];
      if (kind === undefined) return [];
      const found = findFee(tariff, use, kind, one.askedNano, taken);
      const { name = "", plan = "", amount = "", told } = found ?? {};
      if (found !== undefined) taken.add(found.key);
      const because =
        found === undefined
          ? "no fee of any plan of the published tariff comes to this amount"
          : `the published plan "${plan}" has the fee "${name}" of ${amount}`;
      this.#judged.set(one.line, {
        ...(found === undefined ? {} : { expectedNano: one.askedNano }),
        because,
        wrong: found === undefined,
        told: told === undefined ? [] : [told],
      });
      const parts = [{ because, exact: fraction(one.askedNano) }];
      return [{ ...one, fee: { kind, name, parts } }];
    });
  }

  #judgeEnd(tariff: CompiledTariff, use: PeriodUse, fees: AskedFee[], ends: AskedLine[]): void {
    const { isShown, closings, at } = this.#close(tariff, use, { fees, ends });
    const told = doubtsOf(tariff, use);
    const doubts = [...use.doubts, ...told];
    const { plan, found, left } = (closings[at] ?? closings[0]) as Closing;
    if (!isShown || at > 0) {
      const name = plan === undefined ? "no plan" : `the plan "${plan.name}"`;
      told.push(`that the account had ${name}`);
    }
    for (const one of ends) {
      const line = found.get(one);
      const due = line ?? left.find(({ kind }) => kind === LINE_KINDS[one.charge.kind]);
      if (line === undefined && due !== undefined) left.splice(left.indexOf(due), 1);
      const isOpen = line === undefined && doubts.length > 0;
      const because = due === undefined ? "nothing of its kind is due" : reasonOf(due);
      this.#judged.set(one.line, {
        expectedNano: due?.amountNano ?? 0n,
        because: isOpen ? "not what the lines alone come to" : because,
        wrong: line === undefined && !isOpen,
        told: isOpen ? doubts : told,
      });
    }
  }

  /**
   * Under each plan that the account can have had, until one yields all lines; `at` is that one, or -1.
   * @param isOfAll under all of them
   */
  #close(
    tariff: CompiledTariff,
    use: PeriodUse,
    asked: { fees: readonly AskedFee[]; ends: readonly AskedLine[] },
    isOfAll = false,
  ): { isShown: boolean; closings: Closing[]; at: number } {
    const { plans, isShown } = this.#plansAt(tariff, use);
    const held = use.held(this.#moved(use.period.from));
    const toClose = { tariff, periods: this.#periodsOf(tariff), use, held, ...asked };
    const closings: Closing[] = [];
    let at = -1;
    for (const plan of plans) {
      const closing = closeAgain(toClose, plan);
      // Of a plan that no line shows, all that it asks must be there.
      const fits = closings.length === 0 ? isFound(closing) : isFoundAlone(closing);
      closings.push(closing);
      if (!fits || at >= 0) continue;
      at = closings.length - 1;
      if (!isOfAll) break;
    }
    return { isShown, closings, at };
  }

  /**
   * Whether the invoice's credits hold what the period's end takes off: discounts, maxima, rounding down.
   * @param tariffAt the tariff in force at an instant
   * @returns undefined where nothing is taken off
   */
  checkReductions(
    creditsNano: bigint,
    tariffAt: (milliseconds: number) => CompiledTariff | undefined,
  ): Check | undefined {
    if (!this.#isNeeded || !this.#isWhole()) return undefined;
    let [expected, least] = [0n, 0n];
    const doubts = new Set<string>();
    const told = new Set<string>();
    const plans = new Set<string>();
    for (const use of this.#sums.values()) {
      const { from, to } = use.period;
      const tariff = from < this.#from || to > this.#to ? undefined : tariffAt(to - 1);
      if (tariff === undefined) continue;
      const asked = this.#ends.get(from) ?? { fees: [], ends: [] };
      const { isShown, closings, at } = this.#close(tariff, use, asked, true);
      const [first = 0n, ...others] = (at < 0 ? closings : closings.filter(isFound)).map(takenOff);
      expected += first;
      least += others.reduce((fewest, one) => (one < fewest ? one : fewest), first);
      for (const doubt of use.doubts) doubts.add(doubt);
      for (const open of doubtsOf(tariff, use)) told.add(open);
      if (!isShown || at !== 0) plans.add("which plan the account had");
    }
    if (expected === 0n) return undefined;
    const [due, given] = [formatNano(expected, 2), formatNano(creditsNano, 2)];
    const says = `The period's end takes ${due} off; the invoice gives ${given} in credits`;
    const isEnough = creditsNano >= expected;
    if (isEnough && told.size + plans.size === 0) return pass(REDUCTIONS, `${says}.`);
    // What was given back for another reason leaves less of a charge to be taken off.
    const isSure = doubts.size + told.size === 0 && this.#bundle.credits.every(isGoodwill);
    if (creditsNano < least && isSure) return fail(REDUCTIONS, `${says}.`);
    const others = isEnough ? [] : [...doubts, "what was given back before"];
    const words = [...told, ...plans, ...others];
    return unknown(REDUCTIONS, `${says}, if the operator's word is true on: ${words.join("; ")}.`);
  }

  /** The plan of the period's end first, then all that it could be where no line shows it. */
  #plansAt(
    { document: { plans = [] } }: CompiledTariff,
    { period, named }: PeriodUse,
  ): { plans: (TariffPlan | undefined)[]; isShown: boolean } {
    const assigned = assignedAt(this.#bundle, period.to - 1);
    if (assigned !== undefined) return { plans: [plans[assigned - 1]], isShown: true };
    const last = named.reduce<NamedPlanUse | undefined>(
      (latest, one) => (latest === undefined || one.last > latest.last ? one : latest),
      undefined,
    );
    const first = plans.find(({ name }) => name === last?.plan);
    const others = [undefined, ...plans].filter((plan) => plan !== first);
    return { plans: [first, ...others], isShown: last !== undefined || plans.length === 0 };
  }
}

const takenOff = ({ closed }: Closing): bigint =>
  closed.lines.reduce(
    (sum, { kind, amountNano }) => (kind === "credit" ? sum + amountNano : sum),
    0n,
  );

const isGoodwill = ({ credit }: BundleCredit): boolean =>
  !isClosed(credit) && credit.reason === CREDIT_REASON.goodwill;

/** Whether a document, which nobody has checked yet, has plans that can take something off. */
function canTakeOff({ document: { plans, rounding } }: Bundle["tariffs"][number]): boolean {
  const { of } = (rounding ?? {}) as Partial<TariffDocument["rounding"]>;
  return Array.isArray(plans) ? plans.length > 0 : of === "line" || of === "invoice";
}

const isOfEnd = ({ kind }: OpenedCharge): boolean =>
  FEE_KINDS[kind] !== undefined || LINE_KINDS[kind] !== undefined;
