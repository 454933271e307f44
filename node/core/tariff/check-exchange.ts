import { isCurrency } from "../money/currency.ts";
import type { TariffDocument } from "./document.ts";
import { exchangeRate } from "./exchange.ts";
import type { ProblemList } from "./problem.ts";

/** Rates of exchange, and that each price's currency has one. */
export function checkExchange(document: TariffDocument, list: ProblemList): void {
  const { exchange, currency: own, services } = document;
  const seen = new Set<string>([own]);
  if (exchange !== undefined && Number.isNaN(Date.parse(exchange.date))) {
    list.error(
      "tariff.date-invalid",
      ["exchange", "date"],
      `${exchange.date} is no date; correct it.`,
    );
  }
  for (const [index, { currency, rate }] of (exchange?.rates ?? []).entries()) {
    const place = ["exchange", "rates", index];
    if (!isCurrency(currency)) {
      list.error(
        "tariff.currency-unknown",
        [...place, "currency"],
        `${currency} is no currency of ISO 4217; write its three-letter code.`,
      );
    }
    if (seen.has(currency)) {
      list.error(
        "tariff.rate-twice",
        place,
        `${currency} has a rate already, or is the tariff's own currency; remove one.`,
      );
    }
    seen.add(currency);
    if (!/[1-9]/.test(rate)) {
      list.error("tariff.rate-zero", [...place, "rate"], "A rate is more than zero.");
    }
  }
  for (const [serviceIndex, { prices }] of services.entries()) {
    for (const [priceIndex, { currency }] of prices.entries()) {
      if (currency === undefined || exchangeRate(document, currency) !== undefined) continue;
      list.error(
        "tariff.rate-missing",
        ["services", serviceIndex, "prices", priceIndex, "currency"],
        `There is no rate for ${currency}; add it to "exchange".`,
      );
    }
  }
}
