import assert from "node:assert/strict";
import fc from "fast-check";
import { plainUsageRecord } from "../../../node/core/records/plain-usage-record.ts";
import { readBySchema } from "../../../node/core/records/read-usage-record.ts";

const anything = fc.oneof(
  fc.constantFrom("", " ", "x", "ü".repeat(98), "a".repeat(98), "a".repeat(99), "a".repeat(1_000)),
  fc.constantFrom("a".repeat(1_001), "0", "00", "1.5", "1.", "-1", "1e3", "9".repeat(31), "\u0000"),
  fc.constantFrom(0, -0, 1, -1, 0.5, 900, -901, 1e9, 1e9 + 1, 2 ** 53 - 1, 2 ** 53, Number.NaN),
  fc.constantFrom(Number.POSITIVE_INFINITY, null, undefined, true, false, [], {}, ["voice"]),
  fc.constantFrom("voice", "energy", "outgoing", "none", "first", "toString", "__proto__"),
  fc.constantFrom("2026-10-05T10:00:00.000Z", "2026-10-05T10:00:00Z", "2026-02-30T10:00:00.000Z"),
  fc.constantFrom(
    "2026-10-05T24:00:00.000Z",
    "1969-12-31T23:59:59.999Z",
    "2026-10-05t10:00:00.000z",
  ),
  fc.constantFrom("ab".repeat(32), "AB".repeat(32), `0x${"ab".repeat(32)}`, `0x${"ab".repeat(31)}`),
);
const usual = (value: unknown) =>
  fc.oneof({ weight: 80, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: anything });
const source = fc.record(
  {
    format: usual("asterisk-csv"),
    file: usual(""),
    position: usual(1),
    sha256: usual("cd".repeat(32)),
    byteOffset: usual(0),
    byteLength: usual(294),
  },
  { requiredKeys: ["format", "file", "position", "sha256"] },
);
const REQUIRED = {
  id: "lamps:day:lamp-7:2026-10-05",
  service: "energy",
  direction: "none",
  start: "2026-10-05T00:00:00.000Z",
  billable: true,
};
const OPTIONAL = {
  sessionStart: "2026-10-04T22:00:00.000Z",
  utcOffsetMinutes: -60,
  durationSeconds: 60.5,
  uplinkOctets: "12",
  downlinkOctets: 0,
  totalOctets: 12,
  energyWattHours: "12.345",
  units: 1,
  aParty: "+4930",
  bParty: "Jürgen",
  imsi: "26201",
  deviceId: "lamp-7",
  homeNetwork: "26201",
  visitedNetwork: "26202",
  application: "parking",
  quality: "slab 0",
  sessionId: "s",
  sequence: 3,
  partial: "last",
  cause: "ANSWERED",
  account: "a",
  eventsRoot: `0x${"ab".repeat(32)}`,
};
const fieldsOf = (fields: object) =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, usual(value)]));
const value = fc.record(
  {
    ...fieldsOf({ ...REQUIRED, ...OPTIONAL }),
    declaredCharge: usual({ amount: "1", currency: "EUR" }),
    source: fc.oneof({ weight: 80, arbitrary: source }, { weight: 1, arbitrary: anything }),
  },
  { requiredKeys: [] },
);

describe("a usage record that is plainly one", () => {
  it("is what the schema makes of it, and nothing else is", () => {
    let plain = 0;
    fc.assert(
      fc.property(value, fc.nat(19), fc.constantFrom("id", "more", "start"), (some, odd, name) => {
        const given: Record<string, unknown> = odd === 0 ? some : { ...REQUIRED, ...some };
        if (odd === 1) given[name] = odd;
        const found = plainUsageRecord(given);
        if (found === undefined) return;
        assert.deepEqual(found, readBySchema(given));
        plain++;
      }),
      { numRuns: 4_000 },
    );
    assert.ok(plain > 20, `${plain} were plain`);
  });

  it("is refused field by field where the schema refuses it", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys({ ...REQUIRED, ...OPTIONAL, source: 0 })),
        anything,
        (name, odd) => {
          const given = { ...REQUIRED, ...OPTIONAL, [name]: odd };
          const found = plainUsageRecord(given);
          if (found !== undefined) assert.deepEqual(found, readBySchema(given), name);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it("has all that records usually have", () => {
    assert.ok(plainUsageRecord(REQUIRED));
    const all = { ...REQUIRED, ...OPTIONAL };
    const told = { format: "x", file: "x", position: 1, sha256: "cd".repeat(32) };
    assert.deepEqual(plainUsageRecord({ ...all, source: told }), { ...all, source: told });
  });

  it("is none when a field is missing, unknown or inherited", () => {
    for (const name of Object.keys(REQUIRED)) {
      const { [name]: _, ...rest } = REQUIRED as Record<string, unknown>;
      assert.equal(plainUsageRecord(rest), undefined, name);
    }
    assert.equal(plainUsageRecord({ ...REQUIRED, constructor: "x" }), undefined);
    assert.equal(plainUsageRecord(Object.create(REQUIRED)), undefined);
    assert.equal(plainUsageRecord(JSON.parse('{"__proto__":{"id":"x"}}')), undefined);
    for (const none of [null, undefined, 1, "x", [], [REQUIRED]]) {
      assert.equal(plainUsageRecord(none), undefined);
    }
  });
});
