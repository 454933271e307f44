import assert from "node:assert/strict";
import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { ZoneClock } from "../../../node/core/records/zone-clock.ts";

const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Asia/Kathmandu",
  "UTC",
  "+05:30",
];
const instant = fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2040, 0, 1) });

describe("a zone's clock", () => {
  it("shows what the calendar library says", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), instant, (zone, at) => {
        const expected =
          Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).offsetNanoseconds;
        assert.equal(new ZoneClock(zone).offsetAt(at), expected / 1e6);
      }),
    );
  });

  it("finds the instant again at which it shows a time", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), instant, (zone, at) => {
        const clock = new ZoneClock(zone);
        assert.ok(clock.instantsOf(at + clock.offsetAt(at)).includes(at));
      }),
    );
  });

  it("changes at the very instant of the change", () => {
    const berlin = new ZoneClock("Europe/Berlin");
    const change = Date.UTC(2024, 9, 27, 1);
    assert.equal(berlin.offsetAt(change - 1), 7_200_000);
    assert.equal(berlin.offsetAt(change), 3_600_000);
  });

  it("shows a time twice when it is set back, and skips one when it is set forward", () => {
    const berlin = new ZoneClock("Europe/Berlin");
    const twice = Date.UTC(2024, 9, 27, 2, 30);
    assert.deepEqual(berlin.instantsOf(twice), [twice - 7_200_000, twice - 3_600_000]);
    const skipped = Date.UTC(2024, 2, 31, 2, 30);
    assert.deepEqual(berlin.instantsOf(skipped), []);
    assert.deepEqual(berlin.readingsOfSkipped(skipped), [skipped - 7_200_000, skipped - 3_600_000]);
  });

  it("refuses a zone that does not exist", () => {
    assert.throws(() => new ZoneClock("Mars/Olympus"), { code: "zone.unknown" });
  });
});
