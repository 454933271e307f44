import { CHARGE_KIND } from "../commitment/charge-groups.ts";
import { planNamedBy } from "../commitment/plan-scope.ts";
import type { BillingPeriod, BillingPeriods } from "../rating/billing-period.ts";
import { itemOf } from "../rating/period-items.ts";
import { placeOf } from "../rating/plan-pricer.ts";
import { isTooShort } from "../rating/price-charge.ts";
import { billedOf, firstPricePlace } from "../rating/price-pieces.ts";
import type { StateKey } from "../rating/rating-state.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import { type Bundle, type BundleCharge, isClosed, type OpenedCharge } from "./bundle.ts";
import { rowsOfCharge } from "./check-price.ts";
import type { ShownHolders } from "./fee-fit.ts";
import { chargeFromJson } from "./group-json.ts";
import type { Replayed } from "./plan-replay.ts";
import { OWN } from "./told-quantities.ts";

/** Use of another account, whose service its charge does not show. */
const SHARED = "shared";

/** A plan that charges name, and when they do. */
export interface NamedPlanUse {
  /** Undefined where they say that there is none. */
  plan: string | undefined;
  ordinal: string;
  first: number;
  last: number;
}

/** What the lines of a bill come to in one billing period. */
export class PeriodUse {
  readonly period: BillingPeriod;
  readonly #periods: BillingPeriods;
  readonly #nets = new Map<string, bigint>();
  readonly #counters = new Map<string, [StateKey, bigint]>();
  readonly #named = new Map<string, NamedPlanUse>();
  /** By assignment, then device, the local days of use. */
  readonly #days = new Map<string, Map<string, Set<string>>>();
  #knowsDevices = true;
  /** Why what follows from them may differ: then nothing is said to be wrong. */
  readonly doubts = new Set<string>();

  constructor(period: BillingPeriod, periods: BillingPeriods) {
    this.period = period;
    this.#periods = periods;
  }

  /** A line of use that was priced again. @param isLate its own period was closed: it joins this one's sums */
  add(
    tariff: CompiledTariff,
    line: BundleCharge,
    charge: OpenedCharge,
    replayed: Replayed | undefined,
    isLate: boolean,
  ): void {
    const price = replayed?.price ?? rowsOfCharge(tariff, charge).price - firstPricePlace(tariff);
    const { service } = placeOf(tariff, price);
    const item = itemOf(service.service, tariff.priceSources[price]?.price.taxCategory);
    const { plans = [], taxes = [] } = tariff.document;
    // Accounts that nothing but their use is due for are not summed up, until they get a plan.
    if (replayed === undefined && (plans.length > 0 || taxes.length === 0)) {
      this.doubts.add("which use came before the account had a plan");
    }
    if (replayed !== undefined || plans.length === 0) this.#addNet(item, line);
    if (isLate) {
      this.doubts.add("which period's sums late use has joined");
      return;
    }
    const device = isClosed(line.account) ? undefined : line.account.deviceTag;
    if (device === undefined) this.#knowsDevices = false;
    if (replayed === undefined) this.#count(tariff, price, charge, device);
    else this.#name(replayed, Number(charge.start), device ?? "");
  }

  #name({ plan, ordinal }: Replayed, start: number, device: string): void {
    const key = JSON.stringify([plan, ordinal]);
    const named = this.#named.get(key) ?? { plan, ordinal, first: start, last: start };
    named.first = Math.min(named.first, start);
    named.last = Math.max(named.last, start);
    this.#named.set(key, named);
    const byDevice = this.#days.get(key) ?? new Map<string, Set<string>>();
    this.#days.set(key, byDevice);
    const days = byDevice.get(device) ?? new Set<string>();
    byDevice.set(device, days.add(this.#periods.dayAt(start)));
  }

  /** A line for what this account pays of others' use. */
  addShared(line: BundleCharge): void {
    this.#addNet(SHARED, line);
  }

  #addNet(item: string, { amountNano }: BundleCharge): void {
    this.#nets.set(item, (this.#nets.get(item) ?? 0n) + BigInt(amountNano));
  }

  /** Of a tariff without plans: the counter that the charge names, and what it moves it by. */
  #count(
    tariff: CompiledTariff,
    price: number,
    charge: OpenedCharge,
    device: string | undefined,
  ): void {
    const counter = tariff.priceSources[price]?.counter;
    const quantity = BigInt(charge.quantity);
    if (counter === undefined || isTooShort(tariff, price, quantity)) return;
    const { name, scope } = counter;
    if (scope === "pool") return;
    const before = BigInt(charge.counters[0]?.counterBefore ?? 0);
    const of = scope === "device" ? (device ?? "device") : OWN;
    const key: StateKey = ["counter", OWN, scope, of, name];
    const value = before + billedOf(tariff, price, quantity);
    this.#counters.set(JSON.stringify(key), [key, value]);
  }

  get hasShared(): boolean {
    return this.#nets.has(SHARED);
  }

  get knowsDevices(): boolean {
    return this.#knowsDevices;
  }

  /** Plans in the order in which their first use began. */
  get named(): NamedPlanUse[] {
    return [...this.#named.values()].sort((a, b) => a.first - b.first);
  }

  /** As the period's end takes it. @param moved of what plans count */
  held(moved: Iterable<[StateKey, bigint]>): [StateKey, bigint][] {
    const nets = [...this.#nets].map(([item, nano]): [StateKey, bigint] => [
      ["net", OWN, item],
      nano,
    ]);
    return [...nets, ...this.#counters.values(), ...moved];
  }

  /** What the lines that name an assignment show of whoever has the plan. */
  holdersOf(named: NamedPlanUse): ShownHolders {
    const { from, to } = this.period;
    const byDevice = this.#days.get(JSON.stringify([named.plan, named.ordinal]));
    const devices = [...(byDevice?.values() ?? [])].map((days) => [...days]);
    const all = devices.flat();
    const sum = (counts: number[]): number => counts.reduce((total, one) => total + one, 0);
    return {
      days: this.#periods.daysBetween(from, to),
      daysHeld: spanOf(all),
      daysUsed: new Set(all).size,
      devices: devices.length,
      deviceDaysHeld: sum(devices.map(spanOf)),
      deviceDaysUsed: sum(devices.map(({ length }) => length)),
      knowsDevices: this.#knowsDevices,
      isBegun: this.named.some(({ first }) => first < named.first),
    };
  }
}

const DAY = 86_400_000;

/** Days from the first to the last, both counted. */
function spanOf(days: readonly string[]): number {
  const sorted = [...days].sort();
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return 0;
  return Math.round((Date.parse(last) - Date.parse(first)) / DAY) + 1;
}

/** The plan that a charge of kind 8 of the bill assigns at an instant: its place in the document, from 1. */
export function assignedAt({ charges }: Bundle, milliseconds: number): number | undefined {
  const found = charges.find(({ charge }) => {
    if (isClosed(charge) || charge.kind !== CHARGE_KIND.assignment) return false;
    const from = Number(charge.start);
    return from <= milliseconds && milliseconds < from + Number(charge.quantity);
  });
  if (found === undefined || isClosed(found.charge)) return undefined;
  return planNamedBy(chargeFromJson(found.charge))?.plan;
}
