import assert from "node:assert/strict";
import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { bandNames, compileCalendar } from "../../../node/core/tariff/calendar.ts";
import { checkTariff } from "../../../node/core/tariff/check.ts";
import type { TariffDocument } from "../../../node/core/tariff/document.ts";
import { validityOf } from "../../../node/core/tariff/instants.ts";
import { PEAK_CALENDAR, tariffDocument } from "./tariff-fixture.ts";

function bandAt(document: TariffDocument, instant: string): string | undefined {
  const milliseconds = Date.parse(instant);
  const row = compileCalendar(document).find(
    ({ from, to }) => from <= milliseconds && milliseconds < to,
  );
  return row === undefined ? undefined : bandNames(document)[row.band - 1];
}

/** A year, so that rows can be walked quickly. */
const year2026 = { validFrom: "2026-01-01", validTo: "2027-01-01" };

describe("a tariff's calendar", () => {
  const peak = tariffDocument({ ...year2026, calendar: PEAK_CALENDAR });

  it("reads times on the wall clock of the tariff's zone, summer and winter", () => {
    // Berlin is at UTC+1 in winter, UTC+2 in summer.
    assert.equal(bandAt(peak, "2026-01-05T06:59:00Z"), "off-peak");
    assert.equal(bandAt(peak, "2026-01-05T07:00:00Z"), "peak");
    assert.equal(bandAt(peak, "2026-01-05T19:00:00Z"), "off-peak");
    assert.equal(bandAt(peak, "2026-07-06T05:59:00Z"), "off-peak");
    assert.equal(bandAt(peak, "2026-07-06T06:00:00Z"), "peak");
    assert.equal(bandAt(peak, "2026-07-06T18:00:00Z"), "off-peak");
    assert.equal(bandAt(peak, "2026-07-05T10:00:00Z"), "off-peak", "a Sunday");
  });

  it("has seasons, from midnight to midnight on the wall clock", () => {
    const season = (when: object) =>
      tariffDocument({
        ...year2026,
        calendar: { bands: [{ name: "summer", when: [when] }], otherwise: "rest" },
      });
    const summer = season({ since: "2026-06-01", until: "2026-08-31", days: ["monday"] });
    assert.equal(bandAt(summer, "2026-05-31T21:59:59Z"), "rest");
    assert.equal(bandAt(summer, "2026-05-31T22:00:00Z"), "summer");
    assert.equal(bandAt(summer, "2026-06-02T10:00:00Z"), "rest", "a Tuesday");
    assert.equal(bandAt(summer, "2026-08-24T21:59:59Z"), "summer");
    assert.equal(bandAt(summer, "2026-08-30T22:00:00Z"), "rest", "a Monday");
    const codes = (when: object) => checkTariff(season(when)).problems.map(({ code }) => code);
    assert.deepEqual(codes({ since: "2026-06-01", until: "2026-06-01" }).slice(0, 1), [
      "tariff.validity-empty",
    ]);
    assert.deepEqual(codes({ since: "2026-02-30" }).slice(0, 1), ["tariff.date-invalid"]);
  });

  const night = tariffDocument({
    ...year2026,
    calendar: {
      bands: [{ name: "night", when: [{ from: "02:15", to: "02:45" }] }],
      otherwise: "day",
    },
  });

  it("has a band twice in the hour that comes twice", () => {
    // 2026-10-25: 03:00 summer time (01:00Z) becomes 02:00 winter time again.
    const bands = [
      "2026-10-25T00:14:00Z",
      "2026-10-25T00:15:00Z",
      "2026-10-25T00:44:00Z",
      "2026-10-25T00:45:00Z",
      "2026-10-25T01:00:00Z",
      "2026-10-25T01:15:00Z",
      "2026-10-25T01:45:00Z",
    ].map((instant) => bandAt(night, instant));
    assert.deepEqual(bands, ["day", "night", "night", "day", "day", "night", "day"]);
  });

  it("has no band in the hour that is skipped", () => {
    // 2026-03-29: 02:00 winter time (01:00Z) becomes 03:00 summer time.
    const from = Date.parse("2026-03-29T00:00:00Z");
    const rows = compileCalendar(night).filter((row) => row.to > from && row.from < from + 7.2e6);
    assert.deepEqual(
      rows.map((row) => row.band),
      [2],
    );
  });

  it("lets the first band of the list win, and knows holidays of every year and of one", () => {
    const document = tariffDocument({
      validFrom: "2026-01-01",
      validTo: "2028-01-01",
      calendar: {
        holidays: ["12-25", "2026-04-03"],
        bands: [{ name: "holiday", when: [{ holidays: true }] }, ...PEAK_CALENDAR.bands],
        otherwise: "off-peak",
      },
    });
    assert.equal(bandAt(document, "2026-12-25T10:00:00Z"), "holiday");
    assert.equal(bandAt(document, "2026-12-24T23:00:00Z"), "holiday", "midnight in Berlin");
    assert.equal(bandAt(document, "2027-12-25T10:00:00Z"), "holiday");
    assert.equal(bandAt(document, "2026-04-03T10:00:00Z"), "holiday");
    assert.equal(bandAt(document, "2027-04-05T10:00:00Z"), "peak");
  });

  it("knows 29 February", () => {
    const document = tariffDocument({
      validFrom: "2027-01-01",
      validTo: "2029-01-01",
      calendar: {
        bands: [{ name: "leap day", when: [{ dates: ["02-29"] }] }],
        otherwise: "other",
      },
    });
    const rows = compileCalendar(document).filter((row) => row.band === 1);
    assert.deepEqual(rows, [
      { from: Date.parse("2028-02-28T23:00Z"), to: Date.parse("2028-02-29T23:00Z"), band: 1 },
    ]);
  });

  it("is one row without bands, from long before the tariff to its end", () => {
    const document = tariffDocument(year2026);
    const { validFrom, validTo } = validityOf(document);
    assert.deepEqual(compileCalendar(document), [
      { from: validFrom - 65_535 * 60_000, to: validTo, band: 1 },
    ]);
  });

  it("covers five years unless the document says otherwise", () => {
    const rows = compileCalendar(tariffDocument({ calendar: PEAK_CALENDAR }));
    assert.equal(rows.at(-1)?.to, Date.parse("2031-01-01T00:00:00+01:00"));
  });

  it("covers every instant once and says what a wall clock says", () => {
    const bands = fc
      .array(
        fc.record({
          days: fc.uniqueArray(fc.constantFrom("monday", "saturday", "sunday"), { minLength: 1 }),
          minutes: fc.uniqueArray(fc.integer({ min: 0, max: 96 }), {
            minLength: 2,
            maxLength: 2,
          }),
        }),
        { minLength: 1, maxLength: 3 },
      )
      .map((list) =>
        list.map(({ days, minutes }, i) => {
          const [from, to] = minutes
            .sort((a, b) => a - b)
            .map((quarter) => new Date(quarter * 9e5).toISOString().slice(11, 16));
          const until = minutes[1] === 96 ? "24:00" : to!;
          return { name: `band ${i}`, when: [{ days, from: from!, to: until }] };
        }),
      );
    const zone = fc.constantFrom("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC");
    // Around both changes of the clock in both hemispheres.
    const minute = fc.integer({ min: 0, max: 366 * 1440 });
    fc.assert(
      fc.property(bands, zone, fc.array(minute, { maxLength: 40 }), (list, timeZone, minutes) => {
        const document = tariffDocument({
          ...year2026,
          timeZone,
          calendar: { bands: list as never, otherwise: "otherwise" },
        });
        const rows = compileCalendar(document);
        const { calendarFrom, calendarUntil } = validityOf(document);
        assert.equal(rows[0]?.from, calendarFrom);
        assert.equal(rows.at(-1)?.to, calendarUntil);
        for (const [i, row] of rows.entries()) {
          assert.ok(row.from < row.to);
          if (i > 0) assert.equal(row.from, rows[i - 1]?.to);
        }
        for (const offset of minutes) {
          const at = calendarFrom + offset * 60_000;
          const row = rows.find(({ from, to }) => from <= at && at < to);
          if (row === undefined) continue;
          const clock = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);
          const time = clock.toPlainTime().toString().slice(0, 5);
          const weekday = ["monday", "", "", "", "", "saturday", "sunday"][clock.dayOfWeek - 1];
          const expected = list.findIndex(({ when: [part] }) =>
            Boolean(part?.days.includes(weekday as never) && part.from <= time && time < part.to),
          );
          assert.equal(row.band, expected === -1 ? list.length + 1 : expected + 1);
        }
      }),
      { numRuns: 60 },
    );
  });
});
