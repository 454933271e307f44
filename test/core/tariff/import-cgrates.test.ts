import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TallystickError } from "../../../node/core/errors.ts";
import { formatNano } from "../../../node/core/money/decimal.ts";
import { rateUsage } from "../../../node/core/rating/rate-usage.ts";
import type { UsageRecord } from "../../../node/core/records/usage-record.ts";
import { checkTariff } from "../../../node/core/tariff/check.ts";
import { compileTariff } from "../../../node/core/tariff/compile.ts";
import type { TariffDocument } from "../../../node/core/tariff/document.ts";
import { type CgratesOptions, importCgrates } from "../../../node/core/tariff/import-cgrates.ts";
import { planFiles } from "./cgrates-plan.ts";

const OPTIONS: CgratesOptions = { currency: "USD", timeZone: "UTC", calendarUntil: "2030-01-01" };
const MONDAY = "2019-03-11T09:00:00.000Z";

function costOf(document: TariffDocument, use: Partial<UsageRecord>): string {
  const rated = rateUsage(compileTariff(document), {
    id: "r",
    service: "voice",
    direction: "outgoing",
    start: MONDAY,
    billable: true,
    ...use,
  });
  return rated.outcome === "rated" ? formatNano(rated.amountNano) : JSON.stringify(rated);
}

const call = (bParty: string, durationSeconds: number, start = MONDAY) => ({
  bParty,
  durationSeconds,
  start,
});

describe("import of CGRateS plans", () => {
  const office = importCgrates(planFiles(), { ...OPTIONS, subject: "1001" });
  const all = importCgrates(planFiles(), OPTIONS);

  it("gives documents that check finds nothing wrong with", () => {
    for (const { document } of [office, all]) assert.deepEqual(checkTariff(document).problems, []);
  });

  /** The first four are what CGRateS's own tutorial states (general_tests/tutorial2_it_test.go). */
  const cases: [string, TariffDocument, Partial<UsageRecord>, string][] = [
    ["45 s to a number of one's own plan", office.document, call("1002", 45), "0.55"],
    ["45 s at peak by the fallback, a whole minute", office.document, call("1003", 45), "1.4"],
    [
      "2048 octets at 1 per 1024",
      office.document,
      { service: "data", direction: "none", totalOctets: 2048 },
      "2",
    ],
    [
      "a message by the longest prefix",
      all.document,
      { service: "sms", bParty: "1002", units: 1 },
      "0.1",
    ],
    [
      "a message by the shorter one",
      all.document,
      { service: "sms", bParty: "1003", units: 1 },
      "0.2",
    ],
    ["61 s at peak: by the second after the first minute", all.document, call("1003", 61), "1.42"],
    ["off peak at 07:59:59", all.document, call("1003", 45, "2019-03-11T07:59:59.000Z"), "0.55"],
    ["off peak from 19:00", all.document, call("1003", 45, "2019-03-11T19:00:00.000Z"), "0.55"],
    ["off peak on Saturday", all.document, call("1003", 45, "2019-03-16T09:00:00.000Z"), "0.55"],
    [
      "peak on a first of January that is a Wednesday",
      all.document,
      call("1003", 45, "2020-01-01T09:00:00.000Z"),
      "1.4",
    ],
    ["tiers over the session: 90 s", all.document, call("3012", 90), "0.65"],
    [
      "the same prefix by weight, on the first of January",
      all.document,
      call("2012", 90, "2020-01-01T09:00:00.000Z"),
      "1",
    ],
    ["and on other days", all.document, call("2012", 90), "0.65"],
    ["a maximum", all.document, call("2012", 9000, "2020-01-01T09:00:00.000Z"), "5"],
  ];
  for (const [name, document, use, cost] of cases) {
    it(`prices ${name}: ${cost}`, () => assert.equal(costOf(document, use), cost));
  }

  it("keeps a rate of more than nine decimals exactly", () => {
    const { document } = importCgrates(
      planFiles({ "DestinationRates.csv": (text) => text.replace("R_KIB,*up,4", "R_TINY,*up,9") }),
      OPTIONS,
    );
    const use = { service: "data", direction: "none", totalOctets: 1024 * 1000 } as const;
    assert.equal(costOf(document, use), "0.00000015");
  });

  it("names by file and line what is not in the document", () => {
    const told = all.notes.map(({ code, file, line, isLeftOut }) => [code, file, line, isLeftOut]);
    assert.deepEqual(told, [
      ["import.other-subject", "RatingProfiles.csv", 3, false],
      ["import.not-a-number", "Destinations.csv", 7, true],
      ["import.category-unknown", "RatingProfiles.csv", 6, true],
      ["import.overlapping-destinations", "RatingPlans.csv", 7, false],
      ["import.price-of-the-start", "RatingPlans.csv", 2, false],
    ]);
  });

  it("leaves out a destination that has no price at some times, and says so", () => {
    const weekdaysOnly = (text: string) => text.replace("P_ALL,D_TOWN_NIGHT,WEEKEND,10\n", "");
    const { document, notes } = importCgrates(
      planFiles({ "RatingPlans.csv": weekdaysOnly }),
      OPTIONS,
    );
    assert.ok(notes.some(({ code, isLeftOut }) => code === "import.no-rate-at-times" && isLeftOut));
    assert.match(costOf(document, call("1003", 45)), /rating\.no-row-for-number/);
  });

  it("takes the newest activation, and names the older ones", () => {
    const twice = (text: string) => `${text}example.org,sms,*any,2020-01-01T00:00:00Z,P_DATA,\n`;
    const { document, notes } = importCgrates(planFiles({ "RatingProfiles.csv": twice }), OPTIONS);
    assert.equal(document.validFrom, "2020-01-01T00:00:00.000Z");
    assert.ok(notes.some(({ code, line }) => code === "import.older-profile" && line === 5));
  });

  const refusals: [
    string,
    Partial<Record<string, (text: string) => string>>,
    string,
    string,
    number | undefined,
  ][] = [
    [
      "a rate that is not there",
      { "Rates.csv": (t) => t.replaceAll("R_NIGHT", "R_OTHER") },
      "import.reference-unknown",
      "DestinationRates.csv",
      3,
    ],
    [
      "a destination that is not there",
      { "Destinations.csv": (t) => t.replaceAll("TOWN", "VILLAGE") },
      "import.reference-unknown",
      "DestinationRates.csv",
      2,
    ],
    [
      "a timing that is not there",
      { "Timings.csv": (t) => t.replace("EVENING", "DUSK") },
      "import.reference-unknown",
      "RatingPlans.csv",
      4,
    ],
    [
      "an amount with an exponent",
      { "Rates.csv": (t) => t.replace("0.01,1s", "1e-2,1s") },
      "import.row-unusable",
      "Rates.csv",
      5,
    ],
    [
      "a negative amount",
      { "Rates.csv": (t) => t.replace("0.1,0.01", "0.1,-0.01") },
      "import.row-unusable",
      "Rates.csv",
      5,
    ],
    [
      "a rate for no units",
      { "Rates.csv": (t) => t.replace("0.01,1s", "0.01,0s") },
      "import.row-unusable",
      "Rates.csv",
      5,
    ],
    [
      "a bare number as duration",
      { "Rates.csv": (t) => t.replace("0.01,1s,1s", "0.01,60,60") },
      "import.not-expressible",
      "Rates.csv",
      5,
    ],
    [
      "a rounding that we have not",
      { "DestinationRates.csv": (t) => t.replace("R_NIGHT,*up,4", "R_NIGHT,*sideways,4") },
      "import.not-expressible",
      "DestinationRates.csv",
      3,
    ],
    [
      "half a minute as time of day",
      { "Timings.csv": (t) => t.replace("08:00:00", "08:00:30") },
      "import.not-expressible",
      "Timings.csv",
      2,
    ],
    [
      "a 13th month",
      { "Timings.csv": (t) => t.replace("*any,1,1", "*any,13,1") },
      "import.row-unusable",
      "Timings.csv",
      6,
    ],
    [
      "too few columns",
      { "RatingPlans.csv": (t) => t.replace("P_DATA,D_ANY_DATA,*any,10", "P_DATA,D_ANY_DATA") },
      "import.row-unusable",
      "RatingPlans.csv",
      10,
    ],
    [
      "an activation that is no instant",
      { "RatingProfiles.csv": (t) => t.replace("2019-03-01T00:00:00Z,P_SMS", "soon,P_SMS") },
      "import.row-unusable",
      "RatingProfiles.csv",
      5,
    ],
  ];
  for (const [what, changes, code, file, line] of refusals) {
    it(`refuses ${what} by file and line`, () => {
      assert.throws(
        () => importCgrates(planFiles(changes), OPTIONS),
        (error: unknown) => {
          assert.ok(error instanceof TallystickError);
          assert.deepEqual([error.code, error.place.file, error.place.line], [code, file, line]);
          return true;
        },
      );
    });
  }

  it("refuses a folder that lacks a table", () => {
    const files = planFiles();
    files.delete("Rates.csv");
    assert.throws(() => importCgrates(files, OPTIONS), { code: "import.file-missing" });
  });

  const fixtures = process.env.TALLYSTICK_FIXTURES;
  if (fixtures !== undefined) {
    it("reproduces the costs of the fixtures' tutorial", () => {
      const folder = join(fixtures, "rating");
      const { tariffs, cases: stated } = JSON.parse(
        readFileSync(join(folder, "cgrates_expected.json"), "utf8"),
      );
      const plan = join(folder, tariffs);
      const files = new Map(
        readdirSync(plan).map((name) => [name, readFileSync(join(plan, name))]),
      );
      for (const { category, subject, destination, usage, at, cost } of stated) {
        const { document } = importCgrates(files, { ...OPTIONS, subject });
        const use = {
          call: { bParty: destination, durationSeconds: Number.parseInt(usage, 10) },
          data: { service: "data", direction: "none", totalOctets: usage },
          sms: { service: "sms", bParty: destination, units: usage },
        }[category as string] as Partial<UsageRecord>;
        const start = at === "any" ? MONDAY : new Date(at).toISOString();
        assert.equal(Number(costOf(document, { ...use, start })), Number(cost));
      }
    });
  }

  describe("that are written otherwise", () => {
    const bytes = (text: string) => new TextEncoder().encode(text);
    const plan = (changes: Record<string, string | undefined> = {}) =>
      new Map(
        Object.entries({
          "Rates.csv": "R,0,0.6,60s,60s,0s",
          "DestinationRates.csv": "DR,*any,R,*up,4,0,",
          "RatingPlans.csv": "RP,DR,*any,10",
          "RatingProfiles.csv": "cgrates.org,call,*any,2019-01-01T00:00:00Z,RP,",
          ...changes,
        }).flatMap(([name, text]): [string, Uint8Array][] =>
          text === undefined ? [] : [[name, bytes(`${text}\n`)]],
        ),
      );
    const codes = (notes: { code: string }[]) => notes.map(({ code }) => code);
    const use = call("1002", 61);

    it("need no destinations and times where prices hold anywhere and always", () => {
      const { document, notes } = importCgrates(plan(), OPTIONS);
      assert.deepEqual([costOf(document, use), notes], ["1.2", []]);
    });

    it("may have timings of actions, which no price names", () => {
      const timings = "ALWAYS,*any,*any,*any,*any,00:00:00\nASAP,*any,*any,*any,*any,*asap";
      const files = plan({ "Timings.csv": timings, "RatingPlans.csv": "RP,DR,ALWAYS,10" });
      assert.equal(costOf(importCgrates(files, OPTIONS).document, use), "1.2");
      const named = plan({ "Timings.csv": timings, "RatingPlans.csv": "RP,DR,ASAP,10" });
      assert.throws(() => importCgrates(named, OPTIONS), { code: "import.row-unusable" });
    });

    it("may have one subject alone; among several one has to be named", () => {
      const one = plan({ "RatingProfiles.csv": "t,call,1001,2019-01-01T00:00:00Z,RP," });
      const { document, notes } = importCgrates(one, OPTIONS);
      assert.deepEqual([costOf(document, use), codes(notes)], ["1.2", ["import.only-subject"]]);
      const two = plan({
        "RatingProfiles.csv":
          "t,call,1001,2019-01-01T00:00:00Z,RP,\nt,call,1002,2019-01-01T00:00:00Z,RP,",
      });
      assert.throws(() => importCgrates(two, OPTIONS), { code: "import.subject-unknown" });
      assert.equal(
        costOf(importCgrates(two, { ...OPTIONS, subject: "1002" }).document, use),
        "1.2",
      );
      assert.throws(() => importCgrates(two, { ...OPTIONS, subject: "7" }), {
        code: "import.subject-unknown",
      });
    });

    it("may round to more decimals than there are, and count in bare nanoseconds", () => {
      const files = plan({
        "DestinationRates.csv": "DR,*any,R,*up,20,0,",
        "Rates.csv": "R,0,0.6,60000000000,60000000000,0",
      });
      const { document, notes } = importCgrates(files, OPTIONS);
      assert.deepEqual([costOf(document, use), codes(notes)], ["1.2", ["import.rounding-finer"]]);
      assert.throws(() => importCgrates(plan({ "Rates.csv": "R,0,0.6,60,60,0" }), OPTIONS), {
        code: "import.not-expressible",
      });
    });

    it("may have categories of their own, whose service is said", () => {
      const files = plan({ "RatingProfiles.csv": "t,vendor1,*any,2019-01-01T00:00:00Z,RP," });
      assert.throws(() => importCgrates(files, OPTIONS), { code: "import.nothing-fits" });
      const categories = new Map([["vendor1", "voice" as const]]);
      assert.equal(costOf(importCgrates(files, { ...OPTIONS, categories }).document, use), "1.2");
    });

    it("may begin at any fixed instant, and name the direction that calls have", () => {
      const from = (row: string, timeZone = "Europe/Berlin") =>
        importCgrates(plan({ "RatingProfiles.csv": row }), { ...OPTIONS, timeZone }).document
          .validFrom;
      assert.equal(from("t,call,*any,2019-07-01 00:00:00,RP,"), "2019-06-30T22:00:00.000Z");
      assert.equal(from("t,call,*any,20190701000000,RP,"), "2019-06-30T22:00:00.000Z");
      assert.equal(from("t,call,*any,1561939200,RP,"), "2019-07-01T00:00:00.000Z");
      assert.equal(from("t,call,*any,,RP,"), "1970-01-01T00:00:00.000Z");
      assert.equal(from("*out,t,call,*any,2019-07-01T00:00:00Z,RP,"), "2019-07-01T00:00:00.000Z");
      assert.equal(from("t,call,*out,*any,2019-07-01T00:00:00Z,RP,"), "2019-07-01T00:00:00.000Z");
      for (const [row, code] of [
        ["t,call,*any,*now,RP,", "import.row-unusable"],
        ["t,call,*any,2019-02-30 00:00:00,RP,", "import.row-unusable"],
        ["*in,t,call,*any,2019-07-01T00:00:00Z,RP,", "import.not-expressible"],
      ] as const) {
        assert.throws(() => from(row), { code });
      }
    });

    it("say what is not read, and why nothing could be", () => {
      const files = plan({});
      files.set("Actions.csv", new Uint8Array());
      assert.deepEqual(
        importCgrates(files, OPTIONS).notes.map(({ code, file, isLeftOut }) => [
          code,
          file,
          isLeftOut,
        ]),
        [["import.file-without-prices", "Actions.csv", false]],
      );
      const routes = plan({ "RatingProfiles.csv": "\nt,*routes,*any,2019-01-01T00:00:00Z,RP," });
      assert.throws(
        () => importCgrates(routes, OPTIONS),
        (error: TallystickError) => error.code === "import.nothing-fits" && error.place.line === 2,
      );
      const newer = new Map([["RateProfiles.csv", new Uint8Array()]]);
      assert.throws(() => importCgrates(newer, OPTIONS), { code: "import.format-unknown" });
    });
  });
});
