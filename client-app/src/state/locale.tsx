import { createContext, useContext } from "react";
import { formatMoney } from "../model/money-words.ts";
import { type DateStyle, dateLocale, usableLanguages, usableZone } from "../model/time-words.ts";

/** How this reader writes numbers and dates, and the bill's zone and currency. */
export interface Wording {
  locale: string | undefined;
  dates: DateStyle;
  money(nano: bigint): string;
}

export function wordingFor(zone: string, currency: string): Wording {
  const [locale] = usableLanguages(navigator.languages);
  return {
    locale,
    dates: { locale: dateLocale(navigator.languages), zone: usableZone(zone) },
    money: (nano) => formatMoney(nano, currency, locale),
  };
}

export const WordingContext = createContext<Wording | undefined>(undefined);

export function useWording(): Wording {
  const wording = useContext(WordingContext);
  if (wording === undefined) throw new Error("WordingContext is missing above this component");
  return wording;
}
