import { minorUnitDigits } from "../money/currency.ts";
import { formatNano } from "../money/decimal.ts";
import { explainComponents } from "../rating/explain.ts";
import type { Component } from "../rating/outcome.ts";
import { rowsAt } from "../rating/price-charge.ts";
import { readableCount } from "../rating/readable-units.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import { baseUnitOf } from "../tariff/units.ts";
import type { BundleCharge, OpenedCharge, ToldComponent, ToldMove } from "./bundle.ts";
import { rowsOfCharge } from "./check-price.ts";

/** A line whose price an account's plan decided, with the operator's words on it. */
export interface ToldLine {
  charge: OpenedCharge;
  amountNano: string;
  told: NonNullable<BundleCharge["told"]>;
}

/**
 * What an account's plan made of a price, in sentences: its components, then each counter and
 * allowance before and after. They are the operator's words; that they come to the amount is checked
 * here, that they follow from plan and lines by the check "priced" (plan-replay.ts).
 * @throws TallystickError as `priceCharge`
 */
export function explainTold(tariff: CompiledTariff, line: ToldLine): string[] {
  const { charge, told, amountNano } = line;
  const rows = rowsOfCharge(tariff, charge);
  const components = told.components.map(componentOf);
  const money = (nano: bigint): string => formatNano(nano, minorUnitDigits(tariff.currency));
  const zone = tariff.zones[rowsAt(tariff, rows).price.zone - 1];
  const unit = baseUnitOf(zone?.service ?? "event");
  const moneyNames = namesOfMoney(tariff, told.components);
  const sum = components.reduce((total, component) => total + component.amountNano, 0n);
  const say = (move: ToldMove): string => {
    const isMoney = moneyNames.has(move.name) || move.scope.startsWith("sponsor");
    const count = (text: string): string =>
      isMoney ? money(BigInt(text)) : readableCount(BigInt(text), unit);
    const whose = move.device === undefined ? move.scope : `${move.scope} ${move.device}`;
    return move.granted === undefined
      ? `counter "${move.name}" (${whose}): ${count(move.before)} before, ${count(move.after)} after`
      : `allowance "${move.name}" (${whose}): ${count(move.before)} left of ${count(move.granted)} before, ${count(move.after)} after`;
  };
  return [
    ...explainComponents(tariff, { components, rows }),
    ...told.moves.map(say),
    sum === BigInt(amountNano)
      ? `together ${money(sum)}`
      : `THIS DOES NOT COME TO THE AMOUNT: together ${money(sum)}, asked ${money(BigInt(amountNano))}`,
  ];
}

/** Limits and allowances that count money and no units. */
function namesOfMoney(tariff: CompiledTariff, components: readonly ToldComponent[]): Set<string> {
  const limits = (tariff.document.plans ?? []).flatMap((plan) => plan.limits ?? []);
  return new Set([
    ...limits.map(({ name }) => name),
    ...components.flatMap(({ kind, name }) =>
      kind === "allowance" && name !== undefined ? [name] : [],
    ),
  ]);
}

function componentOf(told: ToldComponent): Component {
  const { amountNano, quantity, billed, counterBefore, ...rest } = told;
  return {
    ...definedOnly(rest),
    amountNano: BigInt(amountNano),
    ...(quantity === undefined ? {} : { quantity: BigInt(quantity) }),
    ...(billed === undefined ? {} : { billed: BigInt(billed) }),
    ...(counterBefore === undefined ? {} : { counterBefore: BigInt(counterBefore) }),
  } as Component;
}

/** Without the keys whose value is undefined. */
const definedOnly = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
