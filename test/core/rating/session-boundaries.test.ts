import assert from "node:assert/strict";
import { rateUsage } from "../../../node/core/rating/rate-usage.ts";
import type { UsageRecord } from "../../../node/core/records/usage-record.ts";
import { compileTariff } from "../../../node/core/tariff/compile.ts";
import type { TariffPrice, TariffService } from "../../../node/core/tariff/document.ts";
import { PEAK_CALENDAR, tariffDocument } from "../tariff/tariff-fixture.ts";

const START = "2026-03-02T12:00:00.000Z";
const STARTED_MINUTES = {
  price: { amount: "0.1", per: 1, unit: "min" },
  increments: { first: 60, further: 60, unit: "s" },
} satisfies TariffPrice;

const outcomeOf = (record: Partial<UsageRecord>, service: Partial<TariffService> = {}) =>
  rateUsage(
    compileTariff(
      tariffDocument({
        calendar: PEAK_CALENDAR,
        services: [
          { service: "voice", direction: "outgoing", prices: [STARTED_MINUTES], ...service },
        ],
      }),
    ),
    {
      id: "r",
      service: "voice",
      direction: "outgoing",
      start: START,
      durationSeconds: 60,
      billable: true,
      ...record,
    },
  );
const codeOf = (...[record, service]: Parameters<typeof outcomeOf>) => {
  const outcome = outcomeOf(record, service);
  return outcome.outcome === "suspended" ? outcome.code : outcome.outcome;
};

describe("a session", () => {
  it("can start with its record, and not after it", () => {
    assert.equal(codeOf({ sessionStart: START }), "rated");
    const later = { sessionStart: "2026-03-02T12:00:00.001Z" };
    assert.equal(codeOf(later), "rating.session-after-start");
  });

  it("can start 65,535 minutes before its record, and not a minute more", () => {
    const minutesBefore = (minutes: number) =>
      new Date(Date.parse(START) - minutes * 60_000).toISOString();
    assert.equal(codeOf({ sessionStart: minutesBefore(65_535) }), "rated");
    assert.equal(codeOf({ sessionStart: minutesBefore(65_536) }), "rating.session-too-long");
  });

  it("is not priced by its parts where bands or tiers run on over the whole", () => {
    const part = { sessionId: "s", partial: "first" } as const;
    assert.equal(codeOf(part), "rated");
    assert.equal(codeOf(part, { bandsAt: "increment-start" }), "rating.session-not-joined");
    const steps = [{ upTo: 1, price: STARTED_MINUTES.price }, { price: STARTED_MINUTES.price }];
    const tiers = {
      kind: "graduated" as const,
      over: "session" as const,
      unit: "min" as const,
      steps,
    };
    const { increments } = STARTED_MINUTES;
    assert.equal(codeOf(part, { prices: [{ tiers, increments }] }), "rating.session-not-joined");
  });

  it("has no more octets than eight bytes hold, both directions together", () => {
    const data: Partial<TariffService> = {
      service: "data",
      direction: "none",
      prices: [
        {
          price: { amount: "0", per: 1, unit: "octet" },
          increments: { first: 1, further: 1, unit: "octet" },
        },
      ],
    };
    const octets = (up: bigint, down: bigint) =>
      codeOf(
        {
          service: "data",
          direction: "none",
          uplinkOctets: String(up),
          downlinkOctets: String(down),
        },
        data,
      );
    assert.equal(octets(2n ** 63n, 2n ** 63n - 1n), "rated");
    assert.equal(octets(2n ** 63n, 2n ** 63n), "rating.quantity-too-large");
  });
});
