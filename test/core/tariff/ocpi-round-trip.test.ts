import assert from "node:assert/strict";
import fc from "fast-check";
import { TallystickError } from "../../../node/core/errors.ts";
import { readOcpiSession } from "../../../node/core/formats/ocpi-sessions.ts";
import { checkTariff, parseTariff } from "../../../node/core/tariff/check.ts";
import { exportOcpi } from "../../../node/core/tariff/export-ocpi.ts";
import { importOcpiTariff } from "../../../node/core/tariff/import-ocpi.ts";
import { accountScene } from "../rating/account-scene.ts";

/* Any tariff of OCPI, and any session: imported, exported and imported again it costs the same. */

/** A short calendar is soon laid down. */
const FRAME = {
  id: "1",
  currency: "EUR",
  start_date_time: "2026-03-01T00:00:00Z",
  end_date_time: "2026-04-01T00:00:00Z",
};

const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });
const price = fc.integer({ min: 0, max: 9_999 }).map((n) => n / 1000);
const vat = some(fc.constantFrom(0, 5.2, 10, 20));
const component = fc.record({
  type: fc.constantFrom("ENERGY", "FLAT", "TIME", "PARKING_TIME"),
  price,
  vat,
  step_size: fc.constantFrom(1, 1, 60, 300),
});
const restrictions = fc.record({
  start_time: some(fc.constantFrom("00:00", "06:00", "17:30", "22:00")),
  end_time: some(fc.constantFrom("00:00", "06:00", "17:30")),
  start_date: some(fc.constantFrom("2026-03-03", "2026-03-05")),
  end_date: some(fc.constantFrom("2026-03-06", "2026-03-07")),
  day_of_week: some(fc.constantFrom(["MONDAY"], ["TUESDAY", "SATURDAY"])),
  max_power: some(fc.constantFrom(11, 22.5)),
  min_current: some(fc.constantFrom(16, 32)),
  min_kwh: some(fc.constantFrom(3, 12)),
  max_duration: some(fc.constantFrom(1800, 3600)),
});
const element = fc.record({
  price_components: fc.uniqueArray(component, {
    minLength: 1,
    maxLength: 3,
    selector: ({ type }) => type,
  }),
  restrictions: some(fc.oneof(restrictions, fc.constant({ reservation: "RESERVATION" }))),
});
const tariff = fc
  .record({
    elements: fc.array(element, { minLength: 1, maxLength: 5 }),
    max_price: some(fc.constant({ excl_vat: 4 })),
  })
  .map((one) => JSON.parse(JSON.stringify({ ...FRAME, ...one })) as object);

/** Each restriction by use alone, between two prices that nothing else tells apart. */
const EXAMPLES = [
  { max_kwh: 3, type: "ENERGY" },
  { min_kwh: 3, type: "TIME" },
  { max_duration: 600, type: "TIME" },
  { min_duration: 900, type: "ENERGY" },
  { max_power: 11, type: "ENERGY" },
  { min_current: 16, type: "ENERGY" },
].map(({ type, ...restriction }) => ({
  ...FRAME,
  elements: [
    { price_components: [{ type, price: 1, step_size: 1 }], restrictions: restriction },
    { price_components: [{ type, price: 2, step_size: 1 }] },
  ],
}));

/** Periods of a quarter of an hour, with all that a price can depend on. */
const session = fc
  .record({
    start: fc.integer({ min: 0, max: 5 * 96 }),
    periods: fc.array(
      fc.record({
        ENERGY: fc.integer({ min: 0, max: 9_000 }).map((n) => n / 1000),
        MAX_POWER: fc.constantFrom(7, 11, 22),
        MAX_CURRENT: fc.constantFrom(10, 16, 40),
        isParked: fc.boolean(),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ start, periods }) => {
    const at = (index: number) =>
      new Date(Date.parse("2026-03-02T00:00:00Z") + (start + index) * 900_000).toISOString();
    return {
      id: "cdr",
      start_date_time: at(0),
      end_date_time: at(periods.length),
      charging_periods: periods.map(({ isParked, ...volumes }, index) => ({
        start_date_time: at(index),
        dimensions: Object.entries({ ...volumes, [isParked ? "PARKING_TIME" : "TIME"]: 0.25 }).map(
          ([type, volume]) => ({ type, volume }),
        ),
      })),
    };
  });

/** Two quarters of an hour with energy on both sides of every limit. */
const BUSY = [2, 7].map((energy) => ({
  id: "cdr",
  start_date_time: "2026-03-02T10:00:00Z",
  end_date_time: "2026-03-02T10:30:00Z",
  charging_periods: [
    { at: "10:00", power: 10, current: 10 },
    { at: "10:15", power: 22, current: 40 },
  ].map(({ at, power, current }) => ({
    start_date_time: `2026-03-02T${at}:00Z`,
    dimensions: [
      { type: "ENERGY", volume: energy },
      { type: "TIME", volume: 0.25 },
      { type: "MAX_POWER", volume: power },
      { type: "MAX_CURRENT", volume: current },
    ],
  })),
}));

const imported = (input: object) => {
  try {
    return importOcpiTariff(input, "UTC").document;
  } catch (error) {
    if (error instanceof TallystickError && error.code === "import.not-expressible") {
      return undefined;
    }
    throw error;
  }
};

describe("tariffs of OCPI, there and back", () => {
  it("cost the same for every record of every session", () => {
    let compared = 0;
    fc.assert(
      fc.property(tariff, fc.array(session, { minLength: 3, maxLength: 3 }), (input, sessions) => {
        const document = imported(input);
        if (document === undefined) return;
        const { problems } = checkTariff(document);
        assert.deepEqual(
          problems.filter(({ severity }) => severity === "error"),
          [],
        );
        const exported = exportOcpi(parseTariff(document), { countryCode: "DE", partyId: "ALD" });
        const again = imported(JSON.parse(JSON.stringify(exported.tariff)));
        assert.ok(again !== undefined);
        for (const one of sessions) {
          const before = accountScene(document);
          const after = accountScene(again);
          for (const record of readOcpiSession(one, "cdr").records) {
            const a = before.outcomeOf(record);
            const b = after.outcomeOf(record);
            if (a.outcome === "suspended" && b.outcome === "suspended") continue;
            if (b.outcome !== "rated") assert.fail(JSON.stringify([a, b]));
            // Where all is free, export leaves out of what it depends.
            assert.equal(b.amountNano, a.outcome === "rated" ? a.amountNano : 0n, record.id);
            compared += 1;
          }
          const totals = [before, after].map(
            ({ close }) => close("2026-03-01/2026-04-01")[0]?.totalNano ?? 0n,
          );
          assert.equal(totals[1], totals[0]);
        }
      }),
      { seed: 5, numRuns: 60, examples: EXAMPLES.map((one): [object, typeof BUSY] => [one, BUSY]) },
    );
    assert.ok(compared > 100, `${compared}`);
  });
});
