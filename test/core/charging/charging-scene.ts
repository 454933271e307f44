import type { Pricers } from "../../../node/core/charging/answer-session.ts";
import { SessionPricer } from "../../../node/core/charging/price-session.ts";
import type { SessionUse } from "../../../node/core/charging/session-use.ts";
import { TallystickError } from "../../../node/core/errors.ts";
import { AccountDirectory } from "../../../node/core/rating/account-directory.ts";
import { compileTariff } from "../../../node/core/tariff/compile.ts";
import type { TariffDocument } from "../../../node/core/tariff/document.ts";
import { tariffDocument } from "../tariff/tariff-fixture.ts";

export const START = Date.parse("2026-03-02T10:00:00.000Z");
export const NANO = 1_000_000_000n;

/** 0.10 to begin with, then 0.20 a started minute; free to 0800; messages 0.09. */
export const PREPAID_TARIFF: Partial<TariffDocument> = {
  numbering: { countryCode: "49", nationalPrefix: "0", internationalPrefix: "00" },
  rounding: { mode: "half-up", scale: 4 },
  zones: [
    { name: "anywhere", prefixes: [""] },
    { name: "free", prefixes: ["49800"] },
  ],
  services: [
    {
      service: "voice",
      direction: "outgoing",
      zones: ["anywhere", "free"],
      prices: [
        {
          zones: ["anywhere"],
          setUp: "0.10",
          price: { amount: "0.20", per: 1, unit: "min" },
          increments: { first: 60, further: 60, unit: "s" },
        },
        {
          zones: ["free"],
          price: { amount: "0", per: 1, unit: "min" },
          increments: { first: 1, further: 1, unit: "s" },
        },
      ],
    },
    {
      service: "sms",
      direction: "outgoing",
      prices: [{ price: { amount: "0.09", per: 1, unit: "unit" } }],
    },
    {
      service: "data",
      prices: [
        {
          price: { amount: "0.07", per: 3, unit: "MB" },
          increments: { first: 1, further: 1, unit: "KB" },
        },
      ],
    },
  ],
};

export function pricersOf(changes: Partial<TariffDocument>): Pricers {
  const tariff = compileTariff(tariffDocument(changes));
  const pricer = new SessionPricer(tariff, new AccountDirectory(tariff.document, true));
  return {
    currency: tariff.currency,
    inForce: (milliseconds) => {
      if (milliseconds >= tariff.validFrom) return pricer;
      throw new TallystickError("rating.tariff-not-in-force", "too early");
    },
    ofVersion: () => pricer,
  };
}

export const CALL: SessionUse = {
  service: "voice",
  direction: "outgoing",
  start: new Date(START).toISOString(),
  aParty: "+4917139200071",
  bParty: "+442071234567",
};
export const FREE_CALL: SessionUse = { ...CALL, bParty: "+498001234567" };
export const MESSAGE: SessionUse = {
  service: "sms",
  direction: "outgoing",
  start: CALL.start,
  aParty: "+4917139200071",
  bParty: "+442071234567",
};
export const BROWSING: SessionUse = { service: "data", direction: "none", start: CALL.start };
