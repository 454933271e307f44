import { minorUnitDigits } from "../money/currency.ts";
import { formatNano, parseDecimalNano } from "../money/decimal.ts";
import { fraction, roundFractionToMultiple } from "../money/fraction.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import type { TariffPlan, TariffTax } from "../tariff/document.ts";
import { isMeant } from "../tariff/plan-uses.ts";
import { planAt } from "./account-directory.ts";
import { overlaps } from "./allowances.ts";
import type { BillingPeriod, BillingPeriods } from "./billing-period.ts";
import { multiplyFractions, percentFraction } from "./compose-charge.ts";
import { type CounterCharge, counterCharges } from "./counter-charges.ts";
import { type DueFee, dueFees } from "./due-fees.ts";
import { describeItem, isTaxed, itemOfFee, itemsOfDiscount } from "./period-items.ts";
import { type ExactPart, type PeriodLine, type PeriodPart, roundParts } from "./period-lines.ts";
import type { RatedAccount } from "./rated-account.ts";
import type { StateKey } from "./rating-state.ts";

/** What a counter's closing value came to. */
type CountedSum = Pick<CounterCharge, "scope" | "of" | "place"> & { nano: bigint };
type PlanLimit = NonNullable<TariffPlan["limits"]>[number];
type PeriodDiscount = NonNullable<TariffPlan["periodDiscounts"]>[number];

/** An account's period: its lines in order, and the sum that they come to with its charges. */
export interface ClosedAccount {
  account: string;
  period: BillingPeriod;
  /** Charges of use, before the lines. */
  usageNano: bigint;
  lines: PeriodLine[];
  taxNano: bigint;
  totalNano: bigint;
}

/** One account's end of one period, in the fixed order. */
export class AccountClosing {
  readonly #tariff: CompiledTariff;
  readonly #periods: BillingPeriods;
  readonly #account: RatedAccount;
  readonly #period: BillingPeriod;
  readonly #lines: PeriodLine[] = [];
  /** What is owed so far, by service or kind of line: what taxes and discounts are on. */
  readonly #nets = new Map<string, bigint>();

  constructor(
    tariff: CompiledTariff,
    periods: BillingPeriods,
    account: RatedAccount,
    period: BillingPeriod,
  ) {
    this.#tariff = tariff;
    this.#periods = periods;
    this.#account = account;
    this.#period = period;
  }

  /** @param fees what is due for the period itself, where it is known beforehand */
  close(held: readonly [StateKey, bigint][], fees?: Iterable<DueFee>): ClosedAccount {
    const of = (kind: string) => held.filter(([[first]]) => first === kind);
    for (const [[, , service = ""], nano] of of("net")) this.#nets.set(service, nano);
    const usageNano = this.#net();
    this.#roundLines();
    const counted: CountedSum[] = [];
    for (const { name, item, parts, ...use } of counterCharges(this.#tariff, of("counter"))) {
      counted.push({ ...use, nano: this.#add("period-charge", name, parts, item) });
    }
    const last =
      planAt(this.#account, this.#period.to - 1) ??
      this.#account.assignments.findLast((dates) => overlaps(dates, this.#period));
    for (const { kind, name, parts } of fees ?? this.#feesDue(of("seen"))) {
      this.#add(kind, name, parts, itemOfFee(kind, name));
    }
    if (last !== undefined) {
      this.#limits(last.plan, of("limit"), counted);
      for (const discount of last.plan.periodDiscounts ?? []) this.#discount(discount);
      this.#commitment(last.plan);
    }
    const taxNano = this.#account.taxExempt ? 0n : this.#taxes();
    const { of: rounded } = this.#tariff.document.rounding;
    if (rounded === "invoice") this.#round("invoice", this.#net() + taxNano, "rounding");
    return {
      account: this.#account.id,
      period: this.#period,
      usageNano,
      lines: this.#lines,
      taxNano,
      totalNano: this.#net() + taxNano,
    };
  }

  #feesDue(seen: readonly [StateKey, bigint][]): Iterable<DueFee> {
    return dueFees(this.#account, this.#period, this.#periods, seen);
  }

  /** Each service's sum is a line of its own where the tariff rounds lines. */
  #roundLines(): void {
    if (this.#tariff.document.rounding.of !== "line") return;
    for (const [service, nano] of [...this.#nets])
      this.#round(describeItem(service), nano, service);
  }

  /** A charge or credit for what rounding a sum adds or takes; nothing where it does neither. */
  #round(what: string, nano: bigint, item: string): void {
    const { mode, scale } = this.#tariff.document.rounding;
    const rounded = roundFractionToMultiple(fraction(nano), 10n ** BigInt(9 - scale), mode);
    if (rounded === nano) return;
    const kind = rounded > nano ? "rounding" : "credit";
    const because = `${what}: ${this.#money(nano)} rounded ${mode.replace("-", " ")} to ${scale} decimals`;
    const added = rounded - nano;
    const amountNano = added < 0n ? -added : added;
    const { id: account } = this.#account;
    const parts = [{ because, amountNano }];
    this.#lines.push({ kind, account, name: "rounding", period: this.#period, amountNano, parts });
    this.#nets.set(item, (this.#nets.get(item) ?? 0n) + added);
  }

  #net(items: readonly string[] = [...this.#nets.keys()]): bigint {
    return items.reduce((sum, item) => sum + (this.#nets.get(item) ?? 0n), 0n);
  }

  /** @param item what the line adds to: a service, or its own kind */
  #add(kind: PeriodLine["kind"], name: string, exact: readonly ExactPart[], item: string): bigint {
    const rounded = roundParts(exact, this.#tariff.document);
    const { amountNano, parts } =
      kind === "credit" ? noMoreThan(rounded, this.#net([item])) : rounded;
    if (
      amountNano === 0n &&
      parts.every((part) => part.amountNano === 0n) &&
      kind !== "recurring"
    ) {
      return 0n;
    }
    const { id: account } = this.#account;
    this.#lines.push({ kind, account, name, period: this.#period, amountNano, parts });
    const sign = kind === "credit" ? -1n : 1n;
    this.#nets.set(item, (this.#nets.get(item) ?? 0n) + sign * amountNano);
    return amountNano;
  }

  #limits(
    plan: TariffPlan,
    held: readonly [StateKey, bigint][],
    counted: readonly CountedSum[],
  ): void {
    for (const limit of plan.limits ?? []) {
      for (const { of, bucket, sumNano } of this.#limitSums(limit, held, counted)) {
        const where = [of, bucket].filter((part) => part !== "").join(", ");
        const minimum = parseDecimalNano(limit.minimum ?? "0");
        if (sumNano < minimum) {
          const because = `${where}: ${this.#money(sumNano)} raised to the minimum of ${limit.minimum}`;
          const exact = fraction(minimum - sumNano);
          this.#add("period-charge", limit.name, [{ because, exact }], "period-end");
        }
        if (limit.per !== "period" || limit.maximum === undefined) continue;
        const over = sumNano - parseDecimalNano(limit.maximum);
        if (over <= 0n) continue;
        const because = `${where}: ${this.#money(sumNano)} lowered to the maximum of ${limit.maximum}`;
        const services = [...new Set((limit.uses ?? []).map(({ service }) => service))];
        const named = services.length === 0 ? {} : { services };
        this.#takeOff(limit.name, over, because, itemsOfDiscount(named, [...this.#nets.keys()]));
      }
    }
  }

  /** What a limit's charges came to; a period's hold what its counters are charged by at its end. */
  #limitSums(
    limit: PlanLimit,
    held: readonly [StateKey, bigint][],
    counted: readonly CountedSum[],
  ): { of: string; bucket: string; sumNano: bigint }[] {
    const sums = held
      .filter(([[, , name]]) => name === limit.name)
      .map(([[, , , of = "", bucket = ""], sumNano]) => ({ of, bucket, sumNano }));
    if (limit.per !== "period") return sums;
    for (const { scope, of: counterOf, place, nano } of counted) {
      if (!isMeant(limit.uses, place)) continue;
      if (limit.scope === "device" && scope !== "device") continue;
      const of = limit.scope === "device" ? counterOf : this.#account.id;
      const sum = sums.find((one) => one.of === of);
      if (sum === undefined) sums.push({ of, bucket: "", sumNano: nano });
      else sum.sumNano += nano;
    }
    return sums;
  }

  /** Takes a sum off items in their order, as far as each goes. */
  #takeOff(name: string, nano: bigint, because: string, items: readonly string[]): void {
    let left = nano;
    for (const item of items) {
      const net = this.#net([item]);
      const part = left < net ? left : net;
      if (part <= 0n) continue;
      this.#add("credit", name, [{ because, exact: fraction(part) }], item);
      left -= part;
    }
  }

  #discount({ name, percent, ladder, amount, ...named }: PeriodDiscount): void {
    const items = itemsOfDiscount(named, [...this.#nets.keys()]);
    const base = this.#net(items);
    const rung = ladder?.findLast(({ from }) => parseDecimalNano(from) <= base);
    const share = percent ?? rung?.percent;
    if (amount !== undefined) this.#takeOff(name, parseDecimalNano(amount), `${amount} off`, items);
    if (share === undefined) return;
    for (const item of items) {
      const net = fraction(this.#net([item]));
      const because = `${share} % off ${this.#money(net.numerator)} of ${describeItem(item)}`;
      const exact = multiplyFractions(net, percentFraction(share));
      this.#add("credit", name, [{ because, exact }], item);
    }
  }

  #commitment({ commitment }: TariffPlan): void {
    if (commitment === undefined) return;
    const net = this.#net();
    const missing = parseDecimalNano(commitment) - net;
    if (missing <= 0n) return;
    const because = `${this.#money(net)} raised to the commitment of ${commitment}`;
    const exact = fraction(missing);
    this.#add("period-charge", "commitment", [{ because, exact }], "period-end");
  }

  /** On net, by tax; an included one is said and not added. */
  #taxes(): bigint {
    let sum = 0n;
    for (const tax of this.#tariff.document.taxes ?? []) sum += this.#tax(tax);
    return sum;
  }

  #tax(tax: TariffTax): bigint {
    const { name, percent, included } = tax;
    const taxes = this.#tariff.document.taxes ?? [];
    const base = this.#net([...this.#nets.keys()].filter((item) => isTaxed(item, tax, taxes)));
    if (base <= 0n) return 0n;
    const share = percentFraction(percent);
    const exact = included
      ? fraction(base * share.numerator, share.denominator + share.numerator)
      : multiplyFractions(fraction(base), share);
    const because = included
      ? `${percent} % is in ${this.#money(base)}`
      : `${percent} % on ${this.#money(base)}`;
    const { amountNano, parts } = roundParts([{ because, exact }], this.#tariff.document);
    const { id: account } = this.#account;
    this.#lines.push({
      kind: "tax",
      account,
      name,
      period: this.#period,
      amountNano,
      parts,
      ...(included ? { isIncluded: true } : {}),
    });
    return included ? 0n : amountNano;
  }

  #money(nano: bigint): string {
    return formatNano(nano, minorUnitDigits(this.#tariff.currency));
  }
}

/** Rounded up, a credit could be more than what is left. */
function noMoreThan(
  { amountNano, parts }: { amountNano: bigint; parts: PeriodPart[] },
  most: bigint,
): { amountNano: bigint; parts: PeriodPart[] } {
  if (amountNano <= most) return { amountNano, parts };
  const because = "no more than what is left";
  return { amountNano: most, parts: [...parts, { because, amountNano: most - amountNano }] };
}
