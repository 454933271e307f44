import type { TariffDocument, TariffPrice } from "../../node/core/tariff/document.ts";
import { TariffShelf } from "../../node/engine/rate/tariff-shelf.ts";
import { tariffDocument } from "../core/tariff/tariff-fixture.ts";

const DIRECTIONS = ["outgoing", "incoming", "none"] as const;

/** The same prices in all directions that the ledger knows for it. */
const inAllDirections = (
  service: TariffDocument["services"][number]["service"],
  prices: TariffPrice[],
  zones?: string[],
) =>
  DIRECTIONS.map((direction) => ({
    service,
    direction,
    prices,
    ...(zones === undefined ? {} : { zones }),
  }));

const each = (amount: string, more: Partial<TariffPrice> = {}): TariffPrice => ({
  price: { amount, per: 1, unit: "unit" },
  ...more,
});

/**
 * A price for every service: plain ones, one with a fee that is due once a session, one in steps, one by number,
 * one that is nothing, one that is known only at the period's end; and, of content, one by what it was.
 */
export const SERVICES_TARIFF = new TariffShelf([
  {
    version: 1,
    validFromSeconds: BigInt(Date.parse("2026-01-01T00:00:00Z") / 1000),
    document: tariffDocument({
      timeZone: "UTC",
      zones: [
        { name: "Germany", prefixes: ["49"] },
        { name: "Freephone", prefixes: ["49800"] },
      ],
      classes: {
        classes: [{ name: "parking", when: [{ applications: ["parking"] }] }],
        otherwise: "else",
      },
      services: [
        ...inAllDirections("voice", [
          {
            price: { amount: "0.10", per: 1, unit: "min" },
            increments: { first: 60, further: 1, unit: "s" },
          },
        ]),
        ...inAllDirections(
          "sms",
          [each("0.09", { zones: ["Germany"] }), each("0", { zones: ["Freephone"] })],
          ["Germany", "Freephone"],
        ),
        ...inAllDirections("mms", [each("0.39", { maximum: "1.00" })]),
        ...inAllDirections("data", [
          {
            price: { amount: "0.02", per: 1, unit: "MB" },
            increments: { first: 10, further: 10, unit: "KB" },
          },
        ]),
        ...inAllDirections("energy", [
          {
            setUp: "0.05",
            price: { amount: "0.30", per: 1, unit: "kWh" },
            increments: { first: 1, further: 1, unit: "Wh" },
          },
        ]),
        ...inAllDirections("time", [
          {
            increments: { first: 60, further: 60, unit: "s" },
            tiers: {
              kind: "graduated",
              over: "session",
              unit: "min",
              steps: [
                { upTo: 10, price: { amount: "0.05", per: 1, unit: "min" } },
                { price: { amount: "0.01", per: 1, unit: "min" } },
              ],
            },
          },
        ]),
        ...inAllDirections("content", [
          each("2", { classes: ["parking"] }),
          each("1", { classes: ["else"] }),
        ]),
        ...inAllDirections("event", [each("0.001")]),
      ],
    }),
  },
]);
