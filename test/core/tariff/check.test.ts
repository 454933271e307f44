import assert from "node:assert/strict";
import { checkTariff, parseTariff } from "../../../node/core/tariff/check.ts";
import type { TariffDocument } from "../../../node/core/tariff/document.ts";
import { PEAK_CALENDAR, PER_STARTED_MINUTE, tariffDocument } from "./tariff-fixture.ts";

const outgoing = { service: "voice", direction: "outgoing" } as const;
const germany = { name: "Germany", prefixes: ["49"] };

/** What must be refused: a change of the valid document, the code, and the place. */
const refused: [string, Partial<TariffDocument> | object, string, string][] = [
  ["an unknown key", { discount: 5 }, "tariff.unknown-key", "/discount"],
  [
    "an unknown key deep inside",
    { services: [{ ...outgoing, prices: [{ ...PER_STARTED_MINUTE, setup: "1" }] }] },
    "tariff.unknown-key",
    "/services/0/prices/0/setup",
  ],
  [
    "a price as a number",
    { services: [{ service: "sms", prices: [{ price: { amount: 0.1, per: 1, unit: "unit" } }] }] },
    "tariff.shape",
    "/services/0/prices/0/price/amount",
  ],
  [
    "a negative price",
    {
      services: [{ service: "sms", prices: [{ price: { amount: "-1", per: 1, unit: "unit" } }] }],
    },
    "tariff.shape",
    "/services/0/prices/0/price/amount",
  ],
  [
    "a price in exponent notation",
    {
      services: [{ service: "sms", prices: [{ price: { amount: "1e2", per: 1, unit: "unit" } }] }],
    },
    "tariff.shape",
    "/services/0/prices/0/price/amount",
  ],
  ["another format", { format: "tariff-2" }, "tariff.shape", "/format"],
  ["no services", { services: [] }, "tariff.shape", "/services"],
  ["an unknown currency", { currency: "EUX" }, "tariff.currency-unknown", "/currency"],
  ["an unknown zone", { timeZone: "Europe/Nowhere" }, "tariff.time-zone-unknown", "/timeZone"],
  ["an offset as zone", { timeZone: "+01:00" }, "tariff.time-zone-unknown", "/timeZone"],
  ["30 February", { validFrom: "2026-02-30" }, "tariff.date-invalid", "/validFrom"],
  ["an end before its start", { validTo: "2026-01-01" }, "tariff.validity-empty", "/validTo"],
  [
    "a calendar that ends early",
    { validTo: "2027-01-01", calendarUntil: "2026-06-01", calendar: PEAK_CALENDAR },
    "tariff.calendar-too-short",
    "/calendarUntil",
  ],
  [
    "a calendar of thousands of years",
    { validTo: "9999-12-31", calendar: PEAK_CALENDAR },
    "tariff.calendar-too-long",
    "/validTo",
  ],
  [
    "a calendar that is laid down for centuries",
    { calendarUntil: "2226-01-01", calendar: PEAK_CALENDAR },
    "tariff.calendar-too-long",
    "/calendarUntil",
  ],
  [
    "two services of one direction",
    { services: [outgoing, outgoing].map((s) => ({ ...s, prices: [PER_STARTED_MINUTE] })) },
    "tariff.service-twice",
    "/services/1",
  ],
  [
    "a zone that is not there",
    { services: [{ ...outgoing, zones: ["Germany"], prices: [PER_STARTED_MINUTE] }] },
    "tariff.zone-unknown",
    "/services/0/zones/0",
  ],
  [
    "one prefix in two zones",
    {
      zones: [germany, { name: "Deutschland", prefixes: ["1", "49"] }],
      services: [{ ...outgoing, zones: ["Germany", "Deutschland"], prices: [PER_STARTED_MINUTE] }],
    },
    "tariff.prefix-twice",
    "/services/0/zones/1",
  ],
  ["two zones of one name", { zones: [germany, germany] }, "tariff.zone-twice", "/zones/1/name"],
  [
    "a zone without a price",
    {
      zones: [germany, { name: "World", prefixes: [""] }],
      services: [
        {
          ...outgoing,
          zones: ["Germany", "World"],
          prices: [{ ...PER_STARTED_MINUTE, zones: ["Germany"] }],
        },
      ],
    },
    "tariff.price-missing",
    "/services/0/zones/1",
  ],
  [
    "a band without a price",
    {
      calendar: PEAK_CALENDAR,
      services: [{ ...outgoing, prices: [{ ...PER_STARTED_MINUTE, bands: ["peak"] }] }],
    },
    "tariff.price-missing",
    "/services/0/prices",
  ],
  [
    "two prices for one zone and band",
    {
      calendar: PEAK_CALENDAR,
      services: [
        { ...outgoing, prices: [PER_STARTED_MINUTE, { ...PER_STARTED_MINUTE, bands: ["peak"] }] },
      ],
    },
    "tariff.price-ambiguous",
    "/services/0/prices/1",
  ],
  [
    "a band that is not there",
    { services: [{ ...outgoing, prices: [{ ...PER_STARTED_MINUTE, bands: ["peak"] }] }] },
    "tariff.band-unknown",
    "/services/0/prices/0/bands/0",
  ],
  [
    "units that do not fit",
    {
      services: [
        {
          service: "data",
          prices: [{ ...PER_STARTED_MINUTE, price: { amount: "1", per: 1, unit: "MB" } }],
        },
      ],
    },
    "tariff.unit-does-not-fit",
    "/services/0/prices/0/increments/unit",
  ],
  [
    "use that is counted nohow",
    { services: [{ ...outgoing, prices: [{ price: { amount: "1", per: 1, unit: "min" } }] }] },
    "tariff.increments-missing",
    "/services/0/prices/0",
  ],
  [
    "an increment of four bytes and one",
    {
      services: [
        {
          service: "data",
          prices: [
            {
              price: { amount: "1", per: 1, unit: "GB" },
              increments: { first: 1, further: 4_294_967_296, unit: "octet" },
            },
          ],
        },
      ],
    },
    "tariff.increment-too-large",
    "/services/0/prices/0/increments/further",
  ],
  [
    "a minimum above the maximum",
    {
      services: [
        { ...outgoing, prices: [{ ...PER_STARTED_MINUTE, minimum: "2", maximum: "1.99" }] },
      ],
    },
    "tariff.minimum-above-maximum",
    "/services/0/prices/0/minimum",
  ],
  [
    "a span over midnight",
    {
      calendar: { bands: [{ name: "n", when: [{ from: "20:00", to: "08:00" }] }], otherwise: "d" },
    },
    "tariff.time-of-day-empty",
    "/calendar/bands/0/when/0",
  ],
  [
    "holidays that are not listed",
    { calendar: { bands: [{ name: "n", when: [{ holidays: true }] }], otherwise: "d" } },
    "tariff.holidays-missing",
    "/calendar/bands/0/when/0/holidays",
  ],
  [
    "a holiday that is no date",
    { calendar: { ...PEAK_CALENDAR, holidays: ["2026-02-29"] } },
    "tariff.date-invalid",
    "/calendar/holidays/0",
  ],
  [
    "two bands of one name",
    { calendar: { ...PEAK_CALENDAR, otherwise: "peak" } },
    "tariff.band-twice",
    "/calendar/otherwise",
  ],
];

describe("the check of a tariff", () => {
  it("finds nothing wrong with a valid document", () => {
    assert.deepEqual(checkTariff(tariffDocument()).problems, []);
  });

  for (const [what, changes, code, place] of refused) {
    it(`refuses ${what} at ${place}`, () => {
      const document = { ...tariffDocument(), ...changes };
      const { document: accepted, problems } = checkTariff(document);
      assert.equal(accepted, undefined);
      const errors = problems.filter(({ severity }) => severity === "error");
      assert.ok(
        errors.some((problem) => problem.code === code && problem.place === place),
        JSON.stringify(problems),
      );
      assert.throws(() => parseTariff(document), { code: errors[0]!.code });
    });
  }

  for (const notADocument of [null, 5, "tariff", [], {}]) {
    it(`refuses ${JSON.stringify(notADocument)}`, () => {
      assert.throws(() => parseTariff(notADocument), { code: "tariff.shape" });
    });
  }

  it("accepts one prefix in two zones that no service has both of", () => {
    const { problems } = checkTariff(
      tariffDocument({
        zones: [
          { name: "Europe", prefixes: ["49", "44"] },
          { name: "Germany", prefixes: ["49"] },
        ],
        services: [
          { ...outgoing, zones: ["Europe"], prices: [PER_STARTED_MINUTE] },
          {
            service: "sms",
            direction: "outgoing",
            zones: ["Germany"],
            prices: [{ price: { amount: "1", per: 1, unit: "unit" } }],
          },
        ],
      }),
    );
    assert.deepEqual(problems, []);
  });

  it("warns of a zone that nobody sells and of a band that never holds", () => {
    const { document, problems } = checkTariff(
      tariffDocument({
        zones: [germany],
        calendar: {
          bands: [
            ...PEAK_CALENDAR.bands,
            { name: "noon", when: [{ days: ["monday"], from: "12:00", to: "13:00" }] },
          ],
          otherwise: "off-peak",
        },
      }),
    );
    assert.ok(document);
    assert.deepEqual(
      problems.map(({ severity, code, place }) => [severity, code, place]),
      [
        ["warning", "tariff.zone-unused", "/zones/0"],
        ["warning", "tariff.band-never-holds", "/calendar/bands/1"],
      ],
    );
  });
});
