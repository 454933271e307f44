import { formatNano } from "../../../node/core/money/decimal.ts";

/**
 * Money for people, in their language's way of writing numbers. Never rounded: as many decimals as
 * the currency's minor unit has, or more where the amount needs them.
 */
export function formatMoney(nano: bigint, currency: string, locale: string | undefined): string {
  const decimal = formatNano(nano) as Intl.StringNumericLiteral;
  const needed = decimal.split(".")[1]?.length ?? 0;
  const usual = new Intl.NumberFormat(locale, { style: "currency", currency });
  const usualDecimals = usual.resolvedOptions().maximumFractionDigits ?? 2;
  if (needed <= usualDecimals) return usual.format(decimal);
  return new Intl.NumberFormat(locale, {
    style: "currency",
    currency,
    minimumFractionDigits: needed,
    maximumFractionDigits: needed,
  }).format(decimal);
}

export function formatCount(count: number | bigint, locale: string | undefined): string {
  return new Intl.NumberFormat(locale).format(count);
}
