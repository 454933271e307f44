import type { TariffTax } from "../tariff/document.ts";

/*
 * What the sums of a period are kept by: a service, with its price's tax category where it has one,
 * or the kind of a line. Discounts and taxes are on some of them.
 */

const SEPARATOR = "\n";

export function itemOf(service: string, category: string | undefined): string {
  return category === undefined ? service : `${service}${SEPARATOR}${category}`;
}

export const serviceOfItem = (item: string): string => item.split(SEPARATOR)[0] ?? item;

export const describeItem = (item: string): string => item.replace(SEPARATOR, ", ");

/** Period discounts are off charges of use unless they name services. */
export const isUse = (item: string): boolean =>
  item !== "recurring" && item !== "one-off" && item !== "period-end";

/** Whether a tax is on an item: by its category where any of the taxes names that, else by its service. */
export function isTaxed(item: string, { of }: TariffTax, taxes: readonly TariffTax[]): boolean {
  if (of === undefined) return true;
  const [service = "", category] = item.split(SEPARATOR);
  const isNamed = category !== undefined && taxes.some((tax) => tax.of?.includes(category));
  return of.includes(isNamed ? category : service);
}
