import { strict as assert } from "node:assert";
import { AggregationPolicy } from "../../../node/core/aggregation/policy.ts";

const GOOD = { name: "lamps", service: "event", groupBy: [], window: "hour", quantity: "count" };
const slabs = { zone: "Europe/Berlin", begin: ["22:00", "06:00"] };

describe("an aggregation policy", () => {
  it("knows the window of an event", () => {
    const time = Date.parse("2026-10-01T13:59:59.999Z");
    const begin = (window: string) =>
      new Date(new AggregationPolicy({ ...GOOD, window }).windowOf(time)).toISOString();
    assert.equal(begin("hour"), "2026-10-01T13:00:00.000Z");
    assert.equal(begin("day"), "2026-10-01T00:00:00.000Z");
  });

  it("knows the slab of the day in its zone, across the clock change and over midnight", () => {
    const policy = new AggregationPolicy({ ...GOOD, groupBy: ["slab"], slabs });
    for (const [time, slab] of [
      ["2026-10-24T03:59:59Z", 1],
      ["2026-10-24T04:00:00Z", 0],
      ["2026-10-24T19:59:00Z", 0],
      ["2026-10-24T20:00:00Z", 1],
      ["2026-10-25T04:30:00Z", 1],
      ["2026-10-25T05:00:00Z", 0],
    ] as const) {
      assert.equal(policy.slabOf(Date.parse(time)), slab, time);
    }
    assert.equal(new AggregationPolicy(GOOD).slabOf(5), 0);
  });

  it("refuses what it does not know, and slabs that nobody groups by", () => {
    for (const [wrong, field] of [
      [{ name: "Lamps" }, "name"],
      [{ service: "voice" }, "service"],
      [{ window: "month" }, "window"],
      [{ groupBy: ["colour"] }, "groupBy.0"],
      [{ quantity: "average" }, "quantity"],
      [{ quantity: "maximum" }, "groupBy"],
      [{ slabs }, "slabs"],
      [{ groupBy: ["slab"] }, "slabs"],
      [{ groupBy: ["slab"], slabs: { ...slabs, begin: ["06:10"] } }, "slabs.begin.0"],
    ] as const) {
      assert.throws(
        () => new AggregationPolicy({ ...GOOD, ...wrong }),
        (error: { code: string; place: { field: string } }) => {
          assert.equal(error.code, "policy.wrong");
          assert.equal(error.place.field, field);
          return true;
        },
      );
    }
    const zone = { ...slabs, zone: "Mars/Olympus" };
    assert.throws(() => new AggregationPolicy({ ...GOOD, groupBy: ["slab"], slabs: zone }), {
      code: "zone.unknown",
    });
  });
});
