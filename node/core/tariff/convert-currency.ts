import { TallystickError } from "../errors.ts";
import { formatNano, parseDecimalNano } from "../money/decimal.ts";
import { parseTariff } from "./check.ts";
import type { TariffDocument, TariffPlan } from "./document.ts";
import { convertNano } from "./exchange.ts";

type Exchange = NonNullable<TariffDocument["exchange"]>;

/**
 * The price list in another currency. Prices stay as they are written and are converted by the table,
 * which the document then holds: they stay exact, and the root binds the rates. Plans are amounts of
 * the document's currency; they are converted once, half even, to the billionth.
 * @param exchange rates of one date, in units of `currency`; one of them for the document's currency
 * @throws TallystickError `exchange.no-rate`, `exchange.amounts-measured`, and those of `parseTariff` for what comes out
 */
export function convertTariff(
  document: TariffDocument,
  currency: string,
  exchange: Exchange,
): TariffDocument {
  const rates = { currency, exchange };
  if (convertNano(rates, 0n, document.currency) === undefined) {
    throw new TallystickError(
      "exchange.no-rate",
      `The table has no rate for ${document.currency}, the tariff's currency; add it.`,
      { field: "rates" },
    );
  }
  const measured = document.services.findIndex(({ measure }) => measure === "amount");
  if (measured >= 0) {
    throw new TallystickError(
      "exchange.amounts-measured",
      "Borders between tiers of amounts would mean something else in another currency; write them anew.",
      { field: `/services/${measured}/measure` },
    );
  }
  const amount = (written: string): string =>
    formatNano(convertNano(rates, parseDecimalNano(written), document.currency) ?? 0n);
  const { plans, ...rest } = document;
  return parseTariff({
    ...rest,
    name: `${document.name}, ${currency}`.slice(0, 80),
    currency,
    exchange,
    services: document.services.map((service) => ({
      ...service,
      prices: service.prices.map((price) => ({ currency: document.currency, ...price })),
    })),
    ...(plans === undefined ? {} : { plans: plans.map((plan) => convertPlan(plan, amount)) }),
  });
}

function convertPlan(plan: TariffPlan, amount: (written: string) => string): TariffPlan {
  const some = <T extends object, K extends keyof T>(entry: T, ...keys: K[]): T => ({
    ...entry,
    ...Object.fromEntries(
      keys.flatMap((key) => (entry[key] === undefined ? [] : [[key, amount(String(entry[key]))]])),
    ),
  });
  const { allowances, recurring, oneOff, limits, sponsored, periodDiscounts } = plan;
  return {
    ...some(plan, "commitment"),
    ...(allowances && {
      allowances: allowances.map((one) => {
        const { rollover } = one;
        const cap = rollover?.cap;
        return {
          ...some(one, "money"),
          ...(rollover !== undefined && cap !== undefined && "money" in cap
            ? { rollover: { ...rollover, cap: { money: amount(cap.money) } } }
            : {}),
        };
      }),
    }),
    ...(recurring && { recurring: recurring.map((one) => some(one, "amount")) }),
    ...(oneOff && { oneOff: oneOff.map((one) => some(one, "amount")) }),
    ...(limits && { limits: limits.map((one) => some(one, "minimum", "maximum")) }),
    ...(sponsored && { sponsored: sponsored.map((one) => some(one, "cap")) }),
    ...(periodDiscounts && {
      periodDiscounts: periodDiscounts.map((one) => ({
        ...some(one, "amount"),
        ...(one.ladder === undefined
          ? {}
          : { ladder: one.ladder.map((rung) => some(rung, "from")) }),
      })),
    }),
  };
}
