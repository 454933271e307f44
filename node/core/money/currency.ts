import { TallystickError } from "../errors.ts";

/*
 * ISO 4217: alphabetic codes and their minor units. Codes withdrawn in the last years stay, because
 * old bills carry them.
 */

const TWO_DECIMALS = `
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR
LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB
PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL
THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`;
const NO_DECIMALS = `
BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF`;
const THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND";
const FOUR_DECIMALS = "CLF UYW";
/** ISO 4217 gives these no minor unit; XDR is the unit of roaming settlement. */
const NO_MINOR_UNIT = "XDR XSU XUA XAG XAU XPD XPT";

const MINOR_UNITS: ReadonlyMap<string, number> = new Map(
  (
    [
      [TWO_DECIMALS, 2],
      [NO_DECIMALS, 0],
      [THREE_DECIMALS, 3],
      [FOUR_DECIMALS, 4],
      [NO_MINOR_UNIT, 0],
    ] as const
  ).flatMap(([codes, digits]) =>
    codes
      .trim()
      .split(/\s+/)
      .map((code): [string, number] => [code, digits]),
  ),
);

export function isCurrency(code: string): boolean {
  return MINOR_UNITS.has(code);
}

/**
 * Decimals of the currency's minor unit; the least that an amount for people shows.
 * @throws TallystickError `currency.unknown`
 */
export function minorUnitDigits(code: string): number {
  const digits = MINOR_UNITS.get(code);
  if (digits === undefined) {
    throw new TallystickError(
      "currency.unknown",
      `${JSON.stringify(code)} is no currency code of ISO 4217.`,
    );
  }
  return digits;
}
