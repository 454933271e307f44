import { formatNano } from "../core/money/decimal.ts";
import type { ClosedAccount } from "../core/rating/account-closing.ts";
import type { AccountRated } from "../core/rating/account-rater.ts";
import { explainComponents, rowLabel } from "../core/rating/explain.ts";
import type { Rated } from "../core/rating/outcome.ts";
import type { PeriodLine } from "../core/rating/period-lines.ts";
import type { CompiledTariff } from "../core/tariff/compile.ts";

/* The lines that `rate` prints (docs/COMMANDS.md). */

/** @param decimals the least that an amount shows */
export function chargeLine(
  tariff: CompiledTariff,
  usageId: string,
  rated: Rated | AccountRated,
  decimals: number,
): object {
  const money = (nano: bigint): string => formatNano(nano, decimals);
  const because = explainComponents(tariff, rated);
  const counters = "counters" in rated ? rated.counters : [];
  return {
    usageId,
    ...("account" in rated ? { account: rated.account } : {}),
    amount: money(rated.amountNano),
    currency: rated.currency,
    components: rated.components.map((component, index) => ({
      kind: component.kind,
      rateRow: rateRow(tariff, rated, component.row),
      ...(component.name === undefined ? {} : { name: component.name }),
      ...(component.quantity === undefined ? {} : { units: String(component.quantity) }),
      ...(component.billed === undefined ? {} : { billedUnits: String(component.billed) }),
      amount: money(component.amountNano),
      because: because[index],
    })),
    ...("sponsored" in rated && rated.sponsored !== undefined
      ? {
          sponsored: rated.sponsored.map(({ account, name, amountNano }) => ({
            account,
            name,
            amount: money(amountNano),
          })),
        }
      : {}),
    counters: Object.fromEntries(
      counters.map(({ name, scope, of, before, after }) => [
        `${name} of ${scope} ${of}`,
        { before: String(before), after: String(after) },
      ]),
    ),
  };
}

function rateRow(tariff: CompiledTariff, { rows }: Rated, row: number | undefined): object {
  const price = row ?? rows.price;
  return { ...rowLabel(tariff, { ...rows, price }), index: price };
}

/** The key under which each kind of line stands. */
const KEY: Record<PeriodLine["kind"], string> = {
  recurring: "recurring",
  "one-off": "oneOff",
  "period-charge": "periodCharge",
  credit: "credit",
  tax: "tax",
  rounding: "rounding",
};

/** A fee for each device of an account with a hundred thousand of them is still one line. */
const PARTS_MAX = 1000;

/** The first parts, and the sum of all others as one. */
export function boundedParts(parts: PeriodLine["parts"], max: number): PeriodLine["parts"] {
  if (parts.length <= max) return parts;
  const others = parts.slice(max - 1);
  const amountNano = others.reduce((sum, part) => sum + part.amountNano, 0n);
  return [...parts.slice(0, max - 1), { because: `${others.length} more`, amountNano }];
}

export function periodLine(
  line: PeriodLine,
  currency: string,
  day: (milliseconds: number) => string,
  decimals: number,
): object {
  const money = (nano: bigint): string => formatNano(nano, decimals);
  return {
    [KEY[line.kind]]: {
      account: line.account,
      name: line.name,
      period: `${day(line.period.from)}/${day(line.period.to)}`,
      amount: money(line.amountNano),
      currency,
      ...(line.isIncluded ? { included: true } : {}),
      components: boundedParts(line.parts, PARTS_MAX).map(({ because, amountNano }) => ({
        amount: money(amountNano),
        because,
      })),
    },
  };
}

export function accountLine(
  closed: ClosedAccount,
  currency: string,
  day: (milliseconds: number) => string,
  decimals: number,
): object {
  const money = (nano: bigint): string => formatNano(nano, decimals);
  return {
    accountTotal: {
      account: closed.account,
      period: `${day(closed.period.from)}/${day(closed.period.to)}`,
      usage: money(closed.usageNano),
      net: money(closed.totalNano - closed.taxNano),
      tax: money(closed.taxNano),
      total: money(closed.totalNano),
      currency,
    },
  };
}
