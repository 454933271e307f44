import assert from "node:assert/strict";
import fc from "fast-check";
import { formatMoney } from "../../../client-app/src/model/money-words.ts";
import { formatNumber } from "../../../client-app/src/model/party-words.ts";
import {
  dateLocale,
  formatDuration,
  formatEpoch,
  formatLapse,
  formatMoment,
  formatPeriod,
  usableLanguages,
  usableZone,
} from "../../../client-app/src/model/time-words.ts";

describe("money in words", () => {
  it("has the currency's decimals, and more only where the amount needs them", () => {
    assert.equal(formatMoney(180_000_000n, "EUR", "en-GB"), "€0.18");
    assert.equal(formatMoney(1_500_000_000n, "EUR", "en-GB"), "€1.50");
    assert.equal(formatMoney(617_250n, "EUR", "en-GB"), "€0.00061725");
    assert.equal(formatMoney(120_000_000_000n, "JPY", "en-GB"), "JP¥120");
  });
  it("never rounds, however large the amount", () => {
    assert.equal(
      formatMoney(9_007_199_254_740_993_010_000_000n, "EUR", "en-GB"),
      "€9,007,199,254,740,993.01",
    );
  });
});

describe("a number in words", () => {
  it("sets the country code apart", () => {
    assert.equal(formatNumber("+491713920017"), "+49 171 392 0017");
    assert.equal(formatNumber("+12025550147"), "+1 202 555 0147");
    assert.equal(formatNumber("+353861234567"), "+353 861 234 567");
  });
  it("leaves names and short codes as they are", () => {
    assert.equal(formatNumber("22966"), "22966");
    assert.equal(formatNumber("internet.alder"), "internet.alder");
  });
  it("keeps every digit in its order", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\+[1-9]\d{6,14}$/), (number) => {
        assert.equal(formatNumber(number).replaceAll(" ", ""), number);
      }),
    );
  });
});

describe("time in words", () => {
  it("says lengths in hours, minutes and seconds", () => {
    assert.equal(formatDuration(0), "0 s");
    assert.equal(formatDuration(43_000), "43 s");
    assert.equal(formatDuration(103_000), "1 min 43 s");
    assert.equal(formatDuration(3_600_000), "1 h");
    assert.equal(formatDuration(213_400), "3 min 33.4 s");
    assert.equal(formatDuration(59_960), "1 min");
  });
  it("says a lapse in its largest unit", () => {
    assert.equal(formatLapse(86_400_000 * 21 + 5), "21 days");
    assert.equal(formatLapse(86_400_000), "1 day");
    assert.equal(formatLapse(61_000), "1 minute");
    assert.equal(formatLapse(10), "less than a second");
  });
  it("names the month of a billing epoch, and nothing that is none", () => {
    assert.equal(formatEpoch("2026-10", "en-GB"), "October 2026");
    assert.equal(formatEpoch("winter", "en-GB"), "winter");
  });
  it("ends a half-open period with its last day in the bill's zone", () => {
    const dates = { locale: "en-GB", zone: "Europe/Berlin" };
    const [from, to] = [Date.parse("2026-09-30T22:00:00Z"), Date.parse("2026-10-31T23:00:00Z")];
    assert.match(formatPeriod(from, to, dates), /^1\s?–\s?31 October 2026$/);
  });
  it("takes another zone or says so where no calendar knows the one or the time", () => {
    assert.equal(usableZone("Europe/Berlin"), "Europe/Berlin");
    assert.equal(usableZone("Mars/Olympus"), "UTC");
    const dates = { locale: "en-GB", zone: "UTC" };
    assert.equal(formatMoment(Number.NaN, dates), "unknown time");
    assert.equal(formatPeriod(0, 1e17, dates), "unknown time");
  });
  it("passes over languages that the platform can not use", () => {
    assert.deepEqual(usableLanguages(["en-US@posix", "de-DE"]), ["de-DE"]);
    assert.equal(dateLocale(["de-DE", "en-AU"]), "en-AU");
    assert.equal(dateLocale(["de-DE"]), "en-GB");
  });
});
