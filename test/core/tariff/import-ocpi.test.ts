import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readOcpiSession } from "../../../node/core/formats/ocpi-sessions.ts";
import { formatNano, parseDecimalNano } from "../../../node/core/money/decimal.ts";
import type { UsageRecord } from "../../../node/core/records/usage-record.ts";
import { checkTariff } from "../../../node/core/tariff/check.ts";
import { importOcpiTariff } from "../../../node/core/tariff/import-ocpi.ts";
import { accountScene } from "../rating/account-scene.ts";

const energy = (price: number, step_size = 1) => ({ type: "ENERGY", price, vat: 10, step_size });
const time = (price: number, step_size: number) => ({ type: "TIME", price, vat: 10, step_size });
const flat = (price: number) => ({ type: "FLAT", price, vat: 20, step_size: 1 });
const ocpi = (price_components: object[], more: object = {}) => ({
  country_code: "DE",
  party_id: "ALL",
  id: "16",
  currency: "EUR",
  elements: [{ price_components }],
  last_updated: "2018-12-17T11:16:55Z",
  ...more,
});
const kWh = (text: string) => ({ service: "energy", energyWattHours: text }) as const;
const minutes = (count: number) => ({ service: "time", durationSeconds: count * 60 }) as const;

/** OCPI 2.2.1 and 2.3.0, mod_tariffs and mod_cdrs: the costs that their examples state, before VAT. */
const cases: [string, object, Partial<UsageRecord>, string][] = [
  ["tariff 8: 20 kWh at 0.25", ocpi([energy(0.25)]), kWh("20000"), "5.00"],
  ["tariff 9: and a start of 0.50", ocpi([flat(0.5), energy(0.25)]), kWh("20000"), "5.50"],
  [
    "tariff 12: above its minimum",
    ocpi([energy(0.25)], { min_price: { excl_vat: 0.5, incl_vat: 0.55 } }),
    kWh("20000"),
    "5.00",
  ],
  [
    "tariff 12: 1 kWh is raised to its minimum",
    ocpi([energy(0.25)], { min_price: { excl_vat: 0.5, incl_vat: 0.55 } }),
    kWh("1000"),
    "0.50",
  ],
  [
    "tariff 6: 50 kWh are lowered to the maximum",
    ocpi([flat(0.5), energy(0.25)], { max_price: { excl_vat: 10, incl_vat: 11 } }),
    kWh("50000"),
    "10.00",
  ],
  ["tariff 1: 150 min at 2.00 an hour", ocpi([time(2, 60)]), minutes(150), "5.00"],
  ["tariff 2: 150 min at 1.90 an hour", ocpi([time(1.9, 300)]), minutes(150), "4.75"],
  [
    "tariff 5: free of charge",
    ocpi([{ type: "FLAT", price: 0, step_size: 0 }]),
    { service: "event" },
    "0.00",
  ],
  [
    "the example of a CDR: 1 h 58 min 23 s in steps of 300 s are 120 min",
    ocpi([time(2, 300)]),
    { service: "time", durationSeconds: 118 * 60 + 23 },
    "4.00",
  ],
  [
    "2.3.0, tariff 19: 150 min, tax not included",
    ocpi([time(2, 1)], { currency: "CAD", tax_included: "NO" }),
    minutes(150),
    "5.00",
  ],
  [
    "2.3.0: a maximum before taxes",
    ocpi([energy(0.25)], { max_price: { before_taxes: 4 } }),
    kWh("20000"),
    "4.00",
  ],
];

const evenings = ocpi([], {
  elements: [
    {
      price_components: [time(1.2, 60)],
      restrictions: { start_time: "22:00", end_time: "06:00", day_of_week: ["MONDAY"] },
    },
    { price_components: [time(2.4, 60)] },
  ],
});

const rate = (tariff: object, use: Partial<UsageRecord>) => {
  const { document } = importOcpiTariff(tariff, "Europe/Amsterdam");
  assert.deepEqual(checkTariff(document).problems, []);
  const outcome = accountScene(document).outcomeOf({
    direction: "none",
    start: "2022-01-13T14:30:00.000Z",
    ...use,
  });
  return outcome.outcome === "rated" ? formatNano(outcome.amountNano, 2) : outcome;
};

describe("tariffs of OCPI", () => {
  for (const [what, tariff, use, cost] of cases) {
    it(`${what}: ${cost}`, () => {
      assert.equal(rate(tariff, use), cost);
    });
  }

  it("price nothing that no element prices, and say so", () => {
    const isTold = (tariff: object) =>
      importOcpiTariff(tariff, "UTC").notes.some(({ code }) => code === "import.dimension-free");
    const free = ocpi([{ type: "FLAT", price: 0, step_size: 0 }]);
    assert.ok(isTold(free));
    assert.equal(rate(free, kWh("20000")), "0.00");
    assert.ok(isTold(ocpi([energy(0.25)])));
    assert.ok(!isTold(ocpi([energy(0.25), time(2, 60)])));
    const charging = ocpi([time(2, 60)]);
    assert.equal(rate(charging, { ...minutes(150), application: "parking" }), "0.00");
    assert.equal(rate(charging, { ...minutes(15), application: "reservation" }), "0.00");
    assert.equal(rate(ocpi([time(2, 60)]), kWh("20000")), "0.00");
  });

  it("keep their times of day, over midnight too, in the charge point's zone", () => {
    const at = (start: string) => rate(evenings, { ...minutes(60), start });
    assert.equal(at("2022-01-10T21:00:00.000Z"), "1.20");
    assert.equal(at("2022-01-10T20:59:59.000Z"), "2.40");
    assert.equal(at("2022-01-10T04:00:00.000Z"), "1.20");
    assert.equal(at("2022-01-11T22:00:00.000Z"), "2.40");
  });

  it("last to midnight where they end at 00:00", () => {
    const night = ocpi([], {
      elements: [
        {
          price_components: [time(1, 60)],
          restrictions: { start_time: "20:00", end_time: "00:00" },
        },
        { price_components: [time(3, 60)] },
      ],
    });
    const at = (start: string) => rate(night, { ...minutes(60), start });
    assert.equal(at("2022-01-10T22:59:59.000Z"), "1.00");
    assert.equal(at("2022-01-10T23:00:00.000Z"), "3.00");
  });

  it("cost nothing where no element holds, and say so", () => {
    const elements = [evenings.elements[0]];
    assert.equal(rate({ ...evenings, elements }, minutes(60)), "0.00");
  });

  it("cost what the first element that holds says, and nothing after one that always does", () => {
    const elements = [{ price_components: [time(9, 60)] }, ...evenings.elements];
    const first = { ...evenings, elements };
    assert.equal(rate(first, { ...minutes(60), start: "2022-01-10T21:00:00.000Z" }), "9.00");
  });

  it("keep one rate of VAT, and each of several on its part of a record", () => {
    const one = importOcpiTariff(ocpi([energy(0.25)]), "UTC");
    assert.deepEqual(one.document.taxes, [{ name: "VAT", percent: "10" }]);
    const totals = (tariff: object, wattHours: string) => {
      const { document } = importOcpiTariff(tariff, "UTC");
      const { rate: charge, close } = accountScene(document);
      charge({ ...kWh(wattHours), direction: "none" });
      const account = close("2026-03-01/2026-04-01")[0];
      return [account?.usageNano ?? 0n, account?.totalNano ?? 0n].map((nano) =>
        formatNano(nano, 2),
      );
    };
    const nine = ocpi([flat(0.5), energy(0.25)]);
    assert.deepEqual(totals(nine, "20000"), ["5.50", "6.10"]);
    const six = ocpi([flat(0.5), energy(0.25)], { max_price: { excl_vat: 10, incl_vat: 11 } });
    assert.deepEqual(totals(six, "30000"), ["8.00", "8.85"]);
    assert.deepEqual(
      importOcpiTariff(six, "UTC").notes.map(({ code, isLeftOut }) => [code, isLeftOut]),
      [
        ["import.dimension-free", false],
        ["import.limit-after-taxes", true],
      ],
    );
    const three = ocpi([flat(0.5), energy(0.25, 100)]);
    assert.deepEqual(totals(three, "20450"), ["5.625", "6.2375"]);
  });

  it("may be the only one that a server answers, and say nothing by null", () => {
    const plain = ocpi([energy(0.25)]);
    const { document } = importOcpiTariff(plain, "UTC");
    const answers = [[plain], { data: [plain], status_code: 1000 }, { data: plain }];
    for (const answer of [...answers, { ...plain, min_price: null, end_date_time: null }]) {
      assert.deepEqual(importOcpiTariff(answer, "UTC").document, document);
    }
    for (const bad of [{ data: [plain, plain] }, { data: [] }, { charging_periods: [] }, []]) {
      assert.throws(() => importOcpiTariff(bad, "UTC"), { code: "import.shape" });
    }
  });

  it("tell for which sessions alone they are", () => {
    const codes = (type: string) =>
      importOcpiTariff(ocpi([energy(0.25), time(2, 60)], { type }), "UTC").notes.map(
        ({ code }) => code,
      );
    assert.deepEqual(codes("REGULAR"), ["import.steps-by-session"]);
    assert.deepEqual(codes("PROFILE_CHEAP"), ["import.tariff-type", "import.steps-by-session"]);
  });

  it("keep a limit after taxes that follows from the one before, or that prices with taxes have", () => {
    const limited = (max_price: object, more: object = {}) =>
      importOcpiTariff(ocpi([energy(0.25)], { max_price, ...more }), "UTC");
    const codes = (found: ReturnType<typeof limited>) => found.notes.map(({ code }) => code);
    assert.deepEqual(codes(limited({ excl_vat: 10, incl_vat: 11 })), ["import.dimension-free"]);
    assert.deepEqual(codes(limited({ before_taxes: 10, after_taxes: 11.01 })), [
      "import.dimension-free",
      "import.limit-after-taxes",
    ]);
    const included = { tax_included: "YES" };
    const kept = limited({ before_taxes: 10, after_taxes: 11 }, included);
    assert.equal(kept.document.services[0]?.prices[0]?.maximum, "11");
    assert.throws(() => limited({ before_taxes: 10 }, included), {
      code: "import.not-expressible",
    });
  });

  describe("of several dimensions", () => {
    const parking = (price: number, step_size: number) => ({
      type: "PARKING_TIME",
      price,
      vat: 20,
      step_size,
    });
    const bill = (tariff: object, uses: Partial<UsageRecord>[]) => {
      const { document } = importOcpiTariff(tariff, "UTC");
      const { problems } = checkTariff(document);
      assert.deepEqual(
        problems.filter(({ severity }) => severity === "error"),
        [],
      );
      // Every session belongs to an account with a plan, so that a period can be closed.
      const { rate: charge, close } = accountScene({
        plans: [{ name: "none" }],
        defaultPlan: "none",
        ...document,
        rounding: { mode: "half-up", scale: 2 },
      });
      const net = uses.reduce(
        (sum, use) => sum + charge({ direction: "none", sessionId: "s", ...use }).amountNano,
        0n,
      );
      const total = close("2026-03-01/2026-04-01")[0]?.totalNano ?? 0n;
      return [formatNano(net, 2), formatNano(total, 2)];
    };
    const parked = (count: number) => ({ ...minutes(count), application: "parking" });

    it("price each by its records, with its own VAT (tariff 10, 13, 15)", () => {
      const start = { service: "event" } as const;
      const ten = ocpi([flat(0.5), energy(0.25), parking(2, 900)]);
      assert.deepEqual(bill(ten, [start, kWh("20000"), parked(40)]), ["7.00", "7.90"]);
      const thirteen = ocpi([time(3, 60), parking(5, 300)]);
      assert.deepEqual(bill(thirteen, [minutes(150), parked(42)]), ["11.25", "12.75"]);
      const fifteen = ocpi([], {
        elements: [
          {
            price_components: [{ ...time(5, 60), vat: 20 }],
            restrictions: { reservation: "RESERVATION" },
          },
          { price_components: [flat(0.5), energy(0.25)] },
        ],
      });
      const reserved = { ...minutes(15), application: "reservation" };
      assert.deepEqual(bill(fifteen, [reserved, start, kWh("20000")]), ["6.75", "7.60"]);
    });

    /** Costs as mod_tariffs of OCPI 2.2.1 works them out. */
    it("price reservations by fee and time, and expired ones by theirs (tariff 16, 17, 18)", () => {
      const start = { service: "event" } as const;
      const charging = { price_components: [flat(0.5), energy(0.25)] };
      const vat = (component: object) => ({ ...component, vat: 20 });
      const of = (reservation: string, ...price_components: object[]) => ({
        price_components: price_components.map(vat),
        restrictions: { reservation },
      });
      const reserved = (count: number, application = "reservation") => ({
        ...minutes(count),
        application,
      });
      const expired = (count: number) => reserved(count, "reservation-expired");
      const sixteen = ocpi([], {
        elements: [of("RESERVATION", flat(2), time(5, 300)), charging],
      });
      assert.equal(bill(sixteen, [reserved(13), start, kWh("20000")])[0], "8.75");
      const seventeen = ocpi([], {
        elements: [of("RESERVATION_EXPIRES", flat(4)), of("RESERVATION", time(2, 600)), charging],
      });
      assert.equal(bill(seventeen, [reserved(22), start, kWh("20000")])[0], "6.50");
      assert.equal(bill(seventeen, [expired(60)])[0], "6.00");
      const eighteen = ocpi([], {
        elements: [
          of("RESERVATION_EXPIRES", time(6, 600)),
          of("RESERVATION", time(3, 600)),
          charging,
        ],
      });
      assert.equal(bill(eighteen, [reserved(22), start, kWh("20000")])[0], "7.00");
      assert.equal(bill(eighteen, [expired(90)])[0], "9.00");
      const feeAlone = ocpi([], { elements: [of("RESERVATION", flat(2)), charging] });
      assert.equal(bill(feeAlone, [reserved(22)])[0], "2.00");
    });

    it("keep each dimension's times; one that no element prices is free (tariff 14)", () => {
      const until = (start_time: string, end_time: string) => ({ start_time, end_time });
      const plain = { vat: 0 };
      const fourteen = ocpi([], {
        last_updated: "2026-01-01T00:00:00Z",
        elements: [
          {
            price_components: [
              { ...time(1.2, 1), ...plain },
              { ...parking(1, 900), ...plain },
            ],
            restrictions: until("00:00", "17:00"),
          },
          {
            price_components: [
              { ...time(2.4, 1), ...plain },
              { ...parking(1, 900), ...plain },
            ],
            restrictions: until("17:00", "20:00"),
          },
          {
            price_components: [{ ...time(2.4, 1), ...plain }],
            restrictions: until("20:00", "00:00"),
          },
        ],
      });
      const at = (time: string, use: object) => ({ ...use, start: `2026-03-02T${time}:00.000Z` });
      const uses = [at("16:55", minutes(5)), at("17:00", minutes(5)), at("17:05", parked(2))];
      assert.deepEqual(bill(fourteen, uses), ["0.55", "0.55"]);
      assert.deepEqual(bill(fourteen, [at("21:00", parked(60))]), ["0.00", "0.00"]);
      const { notes } = importOcpiTariff(fourteen, "UTC");
      assert.deepEqual(
        notes.map(({ code }) => code),
        ["import.dimension-free", "import.steps-by-session", "import.price-of-the-start"],
      );
    });

    it("hold from ever on where the tariff says no beginning, and say so", () => {
      const { document, notes } = importOcpiTariff(
        { ...ocpi([energy(1)]), last_updated: undefined },
        "UTC",
      );
      assert.equal(document.validFrom, "1970-01-01T00:00:00Z");
      assert.deepEqual(
        notes.map(({ code, isLeftOut }) => [code, isLeftOut]),
        [
          ["import.no-start", false],
          ["import.dimension-free", false],
        ],
      );
    });

    it("keep a session's minimum and maximum over its records", () => {
      const bounded = ocpi([energy(0.25), time(1, 60)], { max_price: { excl_vat: 4 } });
      assert.deepEqual(bill(bounded, [kWh("8000"), minutes(60), minutes(120)])[0], "4.00");
    });
  });

  const refused: [string, object, string, string][] = [
    [
      "a kind of reservation that is not known",
      ocpi([], {
        elements: [{ price_components: [flat(4)], restrictions: { reservation: "RESERVATION_X" } }],
      }),
      "import.not-expressible",
      "elements/0/restrictions/reservation",
    ],
    [
      "a fee of a reservation at some times of day",
      ocpi([], {
        elements: [
          {
            price_components: [flat(4)],
            restrictions: { reservation: "RESERVATION", start_time: "08:00", end_time: "12:00" },
          },
        ],
      }),
      "import.not-expressible",
      "elements/0/price_components",
    ],
    [
      "two prices of one dimension in an element",
      ocpi([energy(1), flat(1), energy(2)]),
      "import.not-expressible",
      "elements/0/price_components/2",
    ],
    [
      "a restriction that is not known",
      ocpi([], { elements: [{ price_components: [energy(1)], restrictions: { min_soc: 16 } }] }),
      "import.not-expressible",
      "elements/0/restrictions/min_soc",
    ],
    [
      "a flat fee that depends on the power",
      ocpi([], { elements: [{ price_components: [flat(1)], restrictions: { max_power: 16 } }] }),
      "import.not-expressible",
      "elements/0/restrictions",
    ],
    [
      "power of four decimals",
      ocpi([], {
        elements: [{ price_components: [energy(1)], restrictions: { max_power: 1.2345 } }],
      }),
      "import.not-expressible",
      "elements/0/restrictions/max_power",
    ],
    [
      "several rates of VAT by how much was used",
      ocpi([], {
        elements: [
          { price_components: [energy(1)], restrictions: { max_kwh: 20 } },
          { price_components: [{ ...energy(2), vat: 20 }] },
        ],
      }),
      "import.not-expressible",
      "elements/1/price_components",
    ],
    [
      "a limit of energy within a step",
      ocpi([], {
        elements: [
          { price_components: [energy(1, 300)], restrictions: { max_kwh: 20 } },
          { price_components: [energy(2, 300)] },
        ],
      }),
      "import.not-expressible",
      "elements/0/price_components",
    ],
    [
      "a price of ten decimals",
      ocpi([energy(0.1234567891)]),
      "import.amount-not-exact",
      "elements/0/price_components",
    ],
    ["an exponent", ocpi([energy(1e-9)]), "import.amount-not-exact", "elements/0/price_components"],
    ["a negative price", ocpi([energy(-1)]), "import.shape", "elements/0/price_components/0/price"],
  ];
  for (const [what, tariff, code, field] of refused) {
    it(`refuse ${what}`, () => {
      assert.throws(
        () => importOcpiTariff(tariff, "UTC"),
        (error: { code: string; place: { field?: string } }) =>
          error.code === code && (error.place.field ?? "") === field,
      );
    });
  }

  const fixtures = process.env.TALLYSTICK_FIXTURES;
  if (fixtures === undefined) return;
  const folder = join(fixtures, "ocpi", "cdr-cases");
  for (const name of readdirSync(folder)) {
    it(`of ${name} cost what its CDR says`, () => {
      const read = (file: string) => JSON.parse(readFileSync(join(folder, name, file), "utf8"));
      const cdr = read("cdr1.json");
      const { document } = importOcpiTariff(read("tariff.json"), "UTC");
      const { outcomeOf } = accountScene(document);
      let nano = 0n;
      for (const use of readOcpiSession(cdr, name).records) {
        const outcome = outcomeOf(use);
        assert.equal(outcome.outcome, "rated");
        if (outcome.outcome === "rated") nano += outcome.amountNano;
      }
      // Amounts of four decimals are what the record's sender rounds to.
      const stated = parseDecimalNano(String(cdr.total_cost.excl_vat));
      assert.equal((nano + 50_000n) / 100_000n, stated / 100_000n);
    });
  }
});
