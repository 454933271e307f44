import assert from "node:assert/strict";
import { readUsageLine } from "../../../node/core/rating/usage-line.ts";
import type { UsageRecord } from "../../../node/core/records/usage-record.ts";
import { checkTariff } from "../../../node/core/tariff/check.ts";
import { tariffDocument } from "../tariff/tariff-fixture.ts";
import { accountScene } from "./account-scene.ts";

const DIGITS = "9".repeat(200);

/** A tariff that counts and grants, so that a record that is half applied would show. */
const scene = () =>
  accountScene({
    ...tariffDocument({
      services: [
        {
          service: "voice",
          direction: "outgoing",
          prices: [
            {
              setUp: "0.05",
              counted: "session",
              price: { amount: "0.01", per: 1, unit: "s" },
              increments: { first: 60, further: 60, unit: "s" },
            },
          ],
        },
        {
          service: "content",
          measure: "amount",
          prices: [{ price: { amount: "0.1", per: 1, unit: "amount" } }],
        },
      ],
    }),
    defaultPlan: "S",
    plans: [
      {
        name: "S",
        limits: [{ name: "l", scope: "account", per: "day", maximum: "100" }],
        allowances: [{ name: "m", scope: "account", uses: [{ service: "voice" }], money: "1" }],
      },
    ],
  });

const suspended: [string, object, string][] = [
  ["a negative duration", { durationSeconds: -1 }, "rating.quantity-negative"],
  ["no number", { durationSeconds: Number.NaN }, "rating.quantity-not-a-number"],
  [
    "no finite number",
    { durationSeconds: Number.POSITIVE_INFINITY },
    "rating.quantity-not-a-number",
  ],
  ["an exponent", { durationSeconds: "6e1" }, "rating.quantity-not-a-number"],
  ["a number that prints with one", { durationSeconds: 1e21 }, "rating.quantity-not-a-number"],
  ["200 digits", { durationSeconds: DIGITS }, "rating.quantity-not-a-number"],
  ["more than is counted", { durationSeconds: "99999999999999999" }, "rating.quantity-too-large"],
  ["a part of a millisecond", { durationSeconds: "0.0001" }, "rating.quantity-too-fine"],
  ["no duration", { durationSeconds: undefined }, "rating.no-quantity"],
  [
    "an end before its start",
    { sessionStart: "2026-03-05T12:00:01.000Z" },
    "rating.session-after-start",
  ],
  ["a day that is none", { start: "2026-02-30T12:00:00.000Z" }, "rating.bad-start"],
  ["no instant", { start: "yesterday" }, "rating.bad-start"],
  ["an amount that is none", paid("NaN"), "rating.quantity-not-a-number"],
  ["an amount with an exponent", paid("1e3"), "rating.quantity-not-a-number"],
  ["a negative amount", paid("-1"), "rating.quantity-negative"],
  ["an amount of 200 digits", paid(DIGITS), "rating.quantity-not-a-number"],
  ["an amount beyond a billionth", paid("0.0000000001"), "rating.quantity-too-fine"],
  ["an amount beyond eight bytes", paid("99999999999"), "rating.quantity-too-large"],
  ["an amount of no currency", paid("1", "EUX"), "rating.no-exchange-rate"],
];

function paid(amount: string, currency = "EUR"): object {
  return { service: "content", direction: "none", declaredCharge: { amount, currency } };
}

const unusable: [string, string, string][] = [
  ["a key twice", '"durationSeconds":1,"durationSeconds":2', "json.duplicate-key"],
  ["an exponent", '"durationSeconds":1e1', "json.exponent"],
  ["NaN", '"durationSeconds":NaN', "usage.not-json"],
  ["200 digits", `"durationSeconds":${DIGITS}`, "json.number-too-long"],
  ["octets that a double does not keep", '"totalOctets":9007199254740993', "json.number-inexact"],
];

describe("bad input", () => {
  for (const [what, change, code] of suspended) {
    it(`suspends ${what}, and nothing of it is applied`, () => {
      const { outcomeOf, rate, state } = scene();
      rate({ durationSeconds: 10, sessionId: "s" });
      const before = JSON.stringify(state);
      const outcome = outcomeOf({ durationSeconds: 1, ...change } as Partial<UsageRecord>);
      assert.equal(outcome.outcome === "suspended" && outcome.code, code);
      assert.equal(JSON.stringify(state), before);
    });
  }

  for (const [what, fields, code] of unusable) {
    it(`refuses a line with ${what}`, () => {
      const line = readUsageLine(
        `{"id":"r","service":"voice","start":"2026-03-05T12:00:00Z",${fields}}`,
      );
      assert.equal(line.kind === "unusable" && line.code, code);
    });
  }

  it("refuses amounts in a tariff that are no plain decimals", () => {
    for (const amount of ["1e3", "NaN", "-1", DIGITS, "0.0000000001", "", "1,5", " 1"]) {
      const services = [
        { service: "event", prices: [{ price: { amount, per: 1, unit: "unit" } }] },
      ];
      const { problems } = checkTariff({ ...tariffDocument(), services });
      assert.equal(problems[0]?.code, "tariff.shape", amount);
    }
    for (const per of [0, -1, 1.5, Number.NaN, 1e300]) {
      const services = [
        { service: "event", prices: [{ price: { amount: "1", per, unit: "unit" } }] },
      ];
      assert.equal(checkTariff({ ...tariffDocument(), services }).document, undefined, `${per}`);
    }
  });
});
