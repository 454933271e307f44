import assert from "node:assert/strict";
import type { UsageRecord } from "../../../node/core/records/usage-record.ts";
import { checkTariff } from "../../../node/core/tariff/check.ts";
import { holdsMeasures } from "../../../node/core/tariff/class-measures.ts";
import { importOcpiTariff } from "../../../node/core/tariff/import-ocpi.ts";

const record = (more: Partial<UsageRecord>): UsageRecord => ({
  id: "r",
  service: "energy",
  direction: "none",
  start: "2026-03-02T12:00:00.000Z",
  billable: true,
  ...more,
});
const SLOW = { powerKilowatts: { below: "11" } };

describe("numbers of a record that classes ask for", () => {
  it("hold from one on, and below another", () => {
    const middle = { powerKilowatts: { from: "11", below: "22.5" } };
    const at = (powerKilowatts: number | string) =>
      holdsMeasures(middle, record({ powerKilowatts }));
    assert.deepEqual([10.999, 11, "22.499", 22.5].map(at), [false, true, true, false]);
    assert.ok(holdsMeasures({ currentAmperes: { from: "32" } }, record({ currentAmperes: 32 })));
  });

  it("are power by energy and duration, exactly, where the record names none", () => {
    const half = { durationSeconds: 1800 };
    assert.ok(!holdsMeasures(SLOW, record({ energyWattHours: "5500", ...half })));
    assert.ok(holdsMeasures(SLOW, record({ energyWattHours: "5499.999", ...half })));
  });

  it("are refused where the record says none, and where it is no number", () => {
    const refused = (more: Partial<UsageRecord>, time: object, code: string) =>
      assert.throws(() => holdsMeasures(time, record(more)), { code });
    refused({}, SLOW, "rating.no-measure");
    refused({ energyWattHours: "5500", durationSeconds: 0 }, SLOW, "rating.no-measure");
    refused({ powerKilowatts: "1e3" }, SLOW, "rating.measure-not-a-number");
    refused({ partial: "last" }, { sessionSeconds: { below: "60" } }, "rating.no-measure");
    refused({ partial: "last" }, { sessionWattHours: { below: "60" } }, "rating.no-measure");
  });

  it("are of the record's start, and a record over a limit is refused", () => {
    const early = { sessionSeconds: { below: "1800" } };
    const sessionStart = "2026-03-02T11:30:00.001Z";
    assert.ok(holdsMeasures(early, record({ sessionStart })));
    assert.ok(!holdsMeasures(early, record({ sessionStart: "2026-03-02T11:30:00.000Z" })));
    const lasts = (durationSeconds: number) => record({ sessionSeconds: 1700, durationSeconds });
    assert.ok(holdsMeasures(early, lasts(100)));
    assert.ok(holdsMeasures(early, lasts(100.9)), "durations are rounded by who sends them");
    assert.throws(() => holdsMeasures(early, lasts(102)), { code: "rating.crosses-a-condition" });
    const first = { sessionWattHours: { below: "20000" } };
    assert.ok(holdsMeasures(first, record({ energyWattHours: "20000" })));
    assert.throws(() => holdsMeasures(first, record({ energyWattHours: "20001" })), {
      code: "rating.crosses-a-condition",
    });
  });

  it("are refused in a document where nothing can lie between them", () => {
    const { document } = importOcpiTariff(
      {
        id: "1",
        currency: "EUR",
        elements: [
          {
            price_components: [{ type: "ENERGY", price: 1, step_size: 1 }],
            restrictions: { max_power: 16 },
          },
        ],
      },
      "UTC",
    );
    const codes = (range: object) => {
      const when = [{ services: ["energy"], powerKilowatts: range }];
      const classes = document.classes?.classes.map((one, at) =>
        at === 0 ? { ...one, when } : one,
      );
      const changed = { ...document, classes: { ...document.classes, classes } };
      return checkTariff(changed).problems.map(({ code }) => code);
    };
    assert.deepEqual(codes({ below: "16" }), []);
    assert.deepEqual(codes({}), ["tariff.condition-empty"]);
    assert.deepEqual(codes({ from: "16", below: "16" }), ["tariff.condition-empty"]);
  });
});
