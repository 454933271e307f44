import type { TariffPlan, TariffTax } from "../tariff/document.ts";
import { EVERYTHING } from "../tariff/document-plans.ts";

/*
 * What the sums of a period are kept by: a service, with its price's tax category where it has one,
 * or the kind of a line, with its name where it is a fee. Discounts and taxes are on some of them.
 */

const SEPARATOR = "\n";
/** Told apart from a tax category of the same name. */
const FEE_SEPARATOR = "\n\n";

export function itemOf(service: string, category: string | undefined): string {
  return category === undefined ? service : `${service}${SEPARATOR}${category}`;
}

export function itemOfFee(kind: "recurring" | "one-off", name: string): string {
  return `${kind}${FEE_SEPARATOR}${name}`;
}

/** The service or kind of line. */
const kindOfItem = (item: string): string => item.split(SEPARATOR)[0] ?? item;

const isLineKind = (kind: string): boolean => ["recurring", "one-off", "period-end"].includes(kind);

function feeOfItem(item: string): string | undefined {
  const kind = kindOfItem(item);
  const start = kind + FEE_SEPARATOR;
  return isLineKind(kind) && item.startsWith(start) ? item.slice(start.length) : undefined;
}

export function describeItem(item: string): string {
  const fee = feeOfItem(item);
  return fee === undefined ? item.replace(SEPARATOR, ", ") : `${kindOfItem(item)} "${fee}"`;
}

const isUse = (item: string): boolean => !isLineKind(kindOfItem(item));

type PeriodDiscount = NonNullable<TariffPlan["periodDiscounts"]>[number];

/**
 * What a discount is off: charges of use unless it names something. In the order in which it is named,
 * and what one name holds in the order in which it came up.
 */
export function itemsOfDiscount(
  { services, of, fees = [] }: Pick<PeriodDiscount, "services" | "of" | "fees">,
  items: readonly string[],
): string[] {
  const names: readonly string[] | undefined = services ?? of;
  if (names === undefined && fees.length === 0) return items.filter(isUse);
  const named = [
    ...(names ?? []).flatMap((one) =>
      one === EVERYTHING ? items : items.filter((item) => kindOfItem(item) === one),
    ),
    ...fees.flatMap((fee) => items.filter((item) => feeOfItem(item) === fee)),
  ];
  return [...new Set(named)];
}

/** Whether a tax is on an item: by its category where any of the taxes names that, else by its service. */
export function isTaxed(item: string, { of }: TariffTax, taxes: readonly TariffTax[]): boolean {
  if (of === undefined) return true;
  const category = feeOfItem(item) === undefined ? item.split(SEPARATOR)[1] : undefined;
  const isNamed = category !== undefined && taxes.some((tax) => tax.of?.includes(category));
  return of.includes(isNamed ? category : kindOfItem(item));
}
