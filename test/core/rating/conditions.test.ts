import assert from "node:assert/strict";
import fc from "fast-check";
import { CHARGE_KIND, NO_DIGITS, NO_NETWORK } from "../../../node/core/commitment/charge-groups.ts";
import { repriceCharge } from "../../../node/core/evidence/check-price.ts";
import { chargeToJson } from "../../../node/core/evidence/group-json.ts";
import { priceCharge } from "../../../node/core/rating/price-charge.ts";
import { rateUsage } from "../../../node/core/rating/rate-usage.ts";
import type { UsageRecord } from "../../../node/core/records/usage-record.ts";
import { compileTariff } from "../../../node/core/tariff/compile.ts";
import type { TariffDocument, TariffPrice } from "../../../node/core/tariff/document.ts";
import { tariffDocument } from "../tariff/tariff-fixture.ts";

const cents = (amount: number, more: Partial<TariffPrice>): TariffPrice => ({
  price: { amount: `${amount}`, per: 1, unit: "unit" },
  ...more,
});

/** Each cell of area, origin and class has a price of its own. */
function table(changes: Partial<TariffDocument> = {}) {
  const areas = ["home", "EU", "world"];
  const origins = ["Berlin", "Germany", "elsewhere", "none", "invalid"];
  const classes = ["gold", "app", "guest", "else"];
  const prices = areas.flatMap((area, a) =>
    origins.flatMap((origin, o) =>
      classes.map((name, c) =>
        cents(100 * (a + 1) + 10 * (o + 1) + c + 1, {
          areas: [area],
          origins: [origin],
          classes: [name],
        }),
      ),
    ),
  );
  return compileTariff(
    tariffDocument({
      areas: [
        { name: "home", networks: ["26201"], unstated: true },
        { name: "EU", networks: ["262", "208"] },
        { name: "world", networks: [""] },
      ],
      origins: [
        { name: "Berlin", prefixes: ["4930"] },
        { name: "Germany", prefixes: ["49"] },
        { name: "elsewhere", prefixes: [""] },
        { name: "none", withheld: true },
        { name: "invalid", invalid: true },
      ],
      classes: {
        classes: [
          { name: "gold", when: [{ qualities: ["gold"] }] },
          { name: "app", when: [{ applications: ["a", "b"], homeNetworks: ["262"] }] },
          { name: "guest", when: [{ homeNetworks: ["310", "311"] }] },
        ],
        otherwise: "else",
      },
      services: [{ service: "event", direction: "incoming", prices }],
      ...changes,
    }),
  );
}

const record = (changes: Partial<UsageRecord>): UsageRecord => ({
  id: "r",
  service: "event",
  direction: "incoming",
  start: "2026-03-01T12:00:00.000Z",
  billable: true,
  ...changes,
});

describe("areas, origins and classes", () => {
  const tariff = table();
  const priceOf = (changes: Partial<UsageRecord>): string => {
    const outcome = rateUsage(tariff, record(changes));
    return outcome.outcome === "rated"
      ? String(outcome.amountNano / 1_000_000_000n)
      : outcome.outcome;
  };

  it("take the longest leading part of a network, and a place for no network", () => {
    assert.equal(priceOf({}), "144");
    assert.equal(priceOf({ visitedNetwork: "26201" }), "144");
    assert.equal(priceOf({ visitedNetwork: "26202" }), "244");
    assert.equal(priceOf({ visitedNetwork: "310410" }), "344");
  });

  it("tell callers apart: longest prefix, withheld, invalid", () => {
    assert.equal(priceOf({ aParty: "+493023125001" }), "114");
    assert.equal(priceOf({ aParty: "+498912345678" }), "124");
    assert.equal(priceOf({ aParty: "+12025550123" }), "134");
    assert.equal(priceOf({ aParty: "" }), "144");
    for (const invalid of [
      "anonymous",
      "+049301234567",
      "+123456",
      "+1234567890123456",
      "+49*301234567",
    ]) {
      assert.equal(priceOf({ aParty: invalid }), "154", invalid);
    }
  });

  it("take the first class that holds", () => {
    assert.equal(priceOf({ quality: "gold", homeNetwork: "310410" }), "141");
    assert.equal(priceOf({ application: "b", homeNetwork: "262-01" }), "142");
    assert.equal(priceOf({ application: "b" }), "144");
    assert.equal(priceOf({ homeNetwork: "311480" }), "143");
  });

  it("are priced again from the facts of the charge alone", () => {
    const field = <T>(...values: T[]) => fc.constantFrom<T | undefined>(undefined, ...values);
    const changes = fc.record({
      visitedNetwork: field("26201", "26202", "20801", "310410", "22803"),
      aParty: field("+493023125001", "+498912345678", "+12025550123", "x", "+1", "+49"),
      quality: field("gold"),
      application: field("a", "c"),
      homeNetwork: field("26201", "310410"),
    });
    fc.assert(
      fc.property(changes, (given) => {
        const kept = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
        const outcome = rateUsage(tariff, record(kept));
        assert.equal(outcome.outcome, "rated");
        if (outcome.outcome !== "rated") return;
        const { amountNano, components, rows } = outcome;
        assert.deepEqual(priceCharge(tariff, outcome), { amountNano, components, rows });
        // And from the charge group that is committed, as a reader is shown it.
        const opened = chargeToJson({
          salt: new Uint8Array(32),
          kind: CHARGE_KIND.usage,
          service: outcome.service,
          flags: outcome.direction,
          start: BigInt(outcome.startMilliseconds),
          sessionMinutes: 0,
          quantity: outcome.quantity,
          secondQuantity: 0n,
          decidingDigits: outcome.decidingDigits,
          originDigits: outcome.originDigits ?? NO_DIGITS,
          visitedNetwork: outcome.visitedNetwork ?? NO_NETWORK,
          class: outcome.class ?? 0,
          tariffVersion: 1,
          counters: [],
        });
        assert.equal(repriceCharge(tariff, opened).amountNano, amountNano);
      }),
      { numRuns: 300 },
    );
  });

  it("suspend what they have no place for", () => {
    const narrow = table({
      areas: [
        { name: "home", networks: ["26201"] },
        { name: "EU", networks: ["208"] },
        { name: "world", networks: ["310"] },
      ],
      origins: ["Berlin", "Germany", "elsewhere", "none", "invalid"].map((name, i) => ({
        name,
        prefixes: [`${i + 1}`],
      })),
    });
    const codeOf = (changes: Partial<UsageRecord>) => {
      const outcome = rateUsage(
        narrow,
        record({ visitedNetwork: "26201", aParty: "+1202", ...changes }),
      );
      return outcome.outcome === "suspended" ? outcome.code : outcome.outcome;
    };
    assert.equal(codeOf({}), "rated");
    assert.equal(codeOf({ visitedNetwork: "22801" }), "rating.no-area");
    assert.equal(codeOf({ visitedNetwork: undefined as never }), "rating.no-area");
    assert.equal(codeOf({ visitedNetwork: "DEUD1" }), "network.malformed");
    assert.equal(codeOf({ aParty: "+7495" }), "rating.no-origin");
    assert.equal(codeOf({ aParty: "anonymous" }), "rating.no-origin");
  });

  it("need the account where groups decide", () => {
    const grouped = table({
      classes: {
        classes: ["gold", "app", "guest"].map((name) => ({
          name,
          when: [{ accountGroups: [name] }],
        })),
        otherwise: "else",
      },
    });
    const outcome = rateUsage(grouped, record({}));
    assert.equal(outcome.outcome === "suspended" && outcome.code, "rating.needs-account");
  });
});
