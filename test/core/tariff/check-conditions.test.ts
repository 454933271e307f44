import assert from "node:assert/strict";
import { checkTariff } from "../../../node/core/tariff/check.ts";
import { tariffDocument } from "./tariff-fixture.ts";

const EACH = { price: { amount: "1", per: 1, unit: "unit" } };
const AREAS = [
  { name: "home", networks: ["26201"], unstated: true },
  { name: "abroad", networks: [""] },
];
const ORIGINS = [
  { name: "near", prefixes: ["49"] },
  { name: "far", prefixes: [""], withheld: true },
];
const CLASSES = {
  classes: [{ name: "gold", when: [{ qualities: ["gold"] }] }],
  otherwise: "standard",
};

const event = (prices: object[], more: object = {}, service: object = {}): object => ({
  services: [{ service: "event", prices, ...service }],
  ...more,
});
const PRICE = "/services/0/prices/0";

/** What must be refused: a change of a valid document, the code, and the place. */
const refused: [string, object, string, string][] = [
  [
    "an unknown area",
    event([{ ...EACH, areas: ["sea"] }], { areas: AREAS }),
    "tariff.condition-unknown",
    `${PRICE}/areas/0`,
  ],
  [
    "an unknown origin",
    event([{ ...EACH, origins: ["sea"] }]),
    "tariff.condition-unknown",
    `${PRICE}/origins/0`,
  ],
  [
    "an unknown class",
    event([{ ...EACH, classes: ["sea"] }], { classes: CLASSES }),
    "tariff.condition-unknown",
    `${PRICE}/classes/0`,
  ],
  [
    "an area without a price",
    event([{ ...EACH, areas: ["home"] }], { areas: AREAS }),
    "tariff.price-missing",
    "/services/0/prices",
  ],
  [
    "an origin without a price",
    event([{ ...EACH, origins: ["near"] }], { origins: ORIGINS }),
    "tariff.price-missing",
    "/services/0/prices",
  ],
  [
    "a class without a price",
    event([{ ...EACH, classes: ["gold"] }], { classes: CLASSES }),
    "tariff.price-missing",
    "/services/0/prices",
  ],
  [
    "two prices of one area",
    event([{ ...EACH, areas: ["home"] }, EACH], { areas: AREAS }),
    "tariff.price-ambiguous",
    "/services/0/prices/1",
  ],
  [
    "two prices of one class",
    event([{ ...EACH, classes: ["gold"] }, EACH], { classes: CLASSES }),
    "tariff.price-ambiguous",
    "/services/0/prices/1",
  ],
  [
    "a network in two areas",
    event([EACH], { areas: [...AREAS, { name: "c", networks: ["26201"] }] }),
    "tariff.prefix-twice",
    "/areas/2",
  ],
  [
    "two areas for no network",
    event([EACH], { areas: [...AREAS, { name: "c", unstated: true }] }),
    "tariff.prefix-twice",
    "/areas/2/unstated",
  ],
  [
    "two origins for withheld callers",
    event([EACH], { origins: [...ORIGINS, { name: "c", withheld: true }] }),
    "tariff.prefix-twice",
    "/origins/2/withheld",
  ],
  [
    "an area of nothing",
    event([EACH], { areas: [{ name: "a" }] }),
    "tariff.condition-empty",
    "/areas/0",
  ],
  [
    "an origin of nothing",
    event([EACH], { origins: [{ name: "a" }] }),
    "tariff.condition-empty",
    "/origins/0",
  ],
  [
    "a class of everything",
    event([EACH], { classes: { classes: [{ name: "a", when: [{}] }], otherwise: "b" } }),
    "tariff.condition-empty",
    "/classes/classes/0/when/0",
  ],
  [
    "two areas of one name",
    event([EACH], { areas: [...AREAS, { name: "home", networks: ["1"] }] }),
    "tariff.name-twice",
    "/areas/2/name",
  ],
  [
    "two classes of one name",
    event([EACH], { classes: { ...CLASSES, otherwise: "gold" } }),
    "tariff.name-twice",
    "/classes",
  ],
  [
    "a rate for no currency",
    event([EACH], {
      exchange: { date: "2026-01-01", source: "s", rates: [{ currency: "EUX", rate: "1" }] },
    }),
    "tariff.currency-unknown",
    "/exchange/rates/0/currency",
  ],
  [
    "two rates for one currency",
    event([EACH], {
      exchange: {
        date: "2026-01-01",
        source: "s",
        rates: [
          { currency: "USD", rate: "1" },
          { currency: "USD", rate: "2" },
        ],
      },
    }),
    "tariff.rate-twice",
    "/exchange/rates/1",
  ],
  [
    "a rate for its own currency",
    event([EACH], {
      exchange: { date: "2026-01-01", source: "s", rates: [{ currency: "EUR", rate: "1" }] },
    }),
    "tariff.rate-twice",
    "/exchange/rates/0",
  ],
  [
    "a rate of nothing",
    event([EACH], {
      exchange: { date: "2026-01-01", source: "s", rates: [{ currency: "USD", rate: "0.000" }] },
    }),
    "tariff.rate-zero",
    "/exchange/rates/0/rate",
  ],
  [
    "rates of no date",
    event([EACH], {
      exchange: { date: "2026-13-01", source: "s", rates: [{ currency: "USD", rate: "1" }] },
    }),
    "tariff.date-invalid",
    "/exchange/date",
  ],
  [
    "a price in a currency without a rate",
    event([{ ...EACH, currency: "XDR" }]),
    "tariff.rate-missing",
    `${PRICE}/currency`,
  ],
  [
    "an amount per message",
    event([{ price: { amount: "0.1", per: 1, unit: "amount" } }]),
    "tariff.unit-does-not-fit",
    `${PRICE}/price/unit`,
  ],
  [
    "messages of a service that measures amounts",
    event([EACH], {}, { measure: "amount" }),
    "tariff.unit-does-not-fit",
    `${PRICE}/price/unit`,
  ],
  [
    "seconds before an event is charged",
    event([{ ...EACH, chargedFrom: { quantity: 1, unit: "s" } }]),
    "tariff.unit-does-not-fit",
    `${PRICE}/chargedFrom/unit`,
  ],
  [
    "a minimum of what is counted by session",
    event([{ ...EACH, counted: "session", minimum: "1" }]),
    "tariff.counting-does-not-fit",
    `${PRICE}/counted`,
  ],
  [
    "too many prices",
    event(
      [{ ...EACH, areas: ["home", "abroad"], origins: ["o0"] }],
      {
        areas: AREAS,
        origins: Array.from({ length: 1000 }, (_, i) => ({ name: `o${i}`, prefixes: [String(i)] })),
        zones: Array.from({ length: 600 }, (_, i) => ({ name: `z${i}`, prefixes: [`9${i}`] })),
      },
      { zones: Array.from({ length: 600 }, (_, i) => `z${i}`) },
    ),
    "tariff.too-many-prices",
    "/services/0",
  ],
];

describe("conditions of a tariff", () => {
  it("are accepted when each has one price", () => {
    const document = event(
      [
        { ...EACH, areas: ["home"], classes: ["gold"] },
        { ...EACH, areas: ["home"], classes: ["standard"], origins: ["near"] },
        { ...EACH, areas: ["home"], classes: ["standard"], origins: ["far"] },
        { ...EACH, areas: ["abroad"] },
      ],
      { areas: AREAS, origins: ORIGINS, classes: CLASSES },
    );
    assert.deepEqual(checkTariff({ ...tariffDocument(), ...document }).problems, []);
  });

  for (const [what, change, code, place] of refused) {
    it(`refuses ${what}`, () => {
      const { document, problems } = checkTariff({ ...tariffDocument(), ...change });
      assert.equal(document, undefined);
      assert.ok(
        problems.some((one) => one.code === code && one.place === place),
        JSON.stringify(problems),
      );
    });
  }

  it("refuses what is measured as an amount and is none", () => {
    const services = [
      {
        service: "voice",
        direction: "outgoing",
        measure: "amount",
        prices: [{ price: { amount: "1", per: 1, unit: "amount" } }],
      },
    ];
    const { problems } = checkTariff({ ...tariffDocument(), services });
    assert.equal(problems[0]?.code, "tariff.unit-does-not-fit");
    assert.equal(problems[0]?.place, "/services/0/measure");
  });
});
