import assert from "node:assert/strict";
import { type InspectLine, isRecord } from "../../../node/core/formats/inspect-line.ts";
import { NAME, parse, recognises } from "../../../node/core/formats/ocpi-cdr.ts";
import { recogniseFormat } from "../../../node/core/formats/registry.ts";
import { readUsageRecord } from "../../../node/core/records/read-usage-record.ts";

const cdr = (more: object = {}) => ({
  country_code: "BE",
  party_id: "BEC",
  id: "12345",
  start_date_time: "2026-03-02T12:00:00Z",
  end_date_time: "2026-03-02T14:00:00",
  cdr_token: { contract_id: "DE8ACC12E46L89" },
  cdr_location: { evse_id: "BE*BEC*E041503003" },
  signed_data: null,
  charging_periods: [
    {
      start_date_time: "2026-03-02T12:00:00Z",
      dimensions: [
        { type: "ENERGY", volume: 15.342 },
        { type: "TIME", volume: 0.0834 },
        { type: "MAX_POWER", volume: 11 },
        { type: "STATE_OF_CHARGE", volume: 40 },
      ],
    },
    {
      start_date_time: "2026-03-02T13:00:00",
      dimensions: [
        { type: "ENERGY", volume: 1 },
        { type: "PARKING_TIME", volume: 1 },
      ],
    },
  ],
  total_energy: 16.342,
  ...more,
});

async function linesOf(text: string): Promise<InspectLine[]> {
  const lines: InspectLine[] = [];
  const bytes = new TextEncoder().encode(text);
  // In two pieces, wherever they end.
  async function* chunks() {
    yield bytes.subarray(0, 301);
    yield bytes.subarray(301);
  }
  for await (const line of parse(chunks(), { file: "cdr.json" })) lines.push(line);
  return lines;
}

const rejections = (lines: InspectLine[]) =>
  lines.flatMap((line) => ("rejected" in line ? [line.rejected] : []));

describe("charge detail records of OCPI", () => {
  it("are recognised by what they hold, as an object, a list, an answer and lines", async () => {
    const one = JSON.stringify(cdr());
    const other = JSON.stringify(cdr({ id: "12346" }));
    const pretty = JSON.stringify([cdr(), cdr({ id: "12346" })], undefined, 2);
    const answer = JSON.stringify({ data: [cdr(), cdr({ id: "12346" })], status_code: 1000 });
    for (const text of [pretty, answer, `${one}\n\n${other}`]) {
      const head = new TextEncoder().encode(text);
      assert.equal(recogniseFormat(head, "x").name, NAME);
      assert.equal((await linesOf(text)).filter(isRecord).length, 10);
    }
    assert.equal((await linesOf(one)).filter(isRecord).length, 5);
    assert.ok(!recognises(new TextEncoder().encode('{"service":"energy"}')));
  });

  it("are a start, and energy and time of each period", async () => {
    const records = (await linesOf(JSON.stringify(cdr(), undefined, 1))).filter(isRecord);
    for (const record of records) assert.deepEqual(readUsageRecord(record), record);
    assert.deepEqual(
      records.map(({ source: _, aParty: __, bParty: ___, direction: ____, ...rest }) => rest),
      [
        {
          id: "BE*BEC*12345/start",
          service: "event",
          application: "start",
          start: "2026-03-02T12:00:00.000Z",
          sessionId: "BE*BEC*12345",
          billable: true,
        },
        {
          id: "BE*BEC*12345/1/ENERGY",
          service: "energy",
          energyWattHours: "15342",
          durationSeconds: 3600,
          start: "2026-03-02T12:00:00.000Z",
          sessionId: "BE*BEC*12345",
          billable: true,
          powerKilowatts: 11,
          sessionSeconds: 0,
          sessionWattHours: "0",
          partial: "first",
        },
        {
          id: "BE*BEC*12345/1/TIME",
          service: "time",
          application: "charging",
          durationSeconds: 300.24,
          start: "2026-03-02T12:00:00.000Z",
          sessionId: "BE*BEC*12345",
          billable: true,
          powerKilowatts: 11,
          sessionSeconds: 0,
          sessionWattHours: "0",
          partial: "first",
        },
        {
          id: "BE*BEC*12345/2/ENERGY",
          service: "energy",
          energyWattHours: "1000",
          durationSeconds: 3600,
          start: "2026-03-02T13:00:00.000Z",
          sessionId: "BE*BEC*12345",
          billable: true,
          sessionSeconds: 3600,
          sessionWattHours: "15342",
          partial: "last",
        },
        {
          id: "BE*BEC*12345/2/PARKING_TIME",
          service: "time",
          application: "parking",
          durationSeconds: 3600,
          start: "2026-03-02T13:00:00.000Z",
          sessionId: "BE*BEC*12345",
          billable: true,
          sessionSeconds: 3600,
          sessionWattHours: "15342",
          partial: "last",
        },
      ],
    );
    assert.equal(records[0]?.aParty, "DE8ACC12E46L89");
  });

  it("tell where their energy does not add up", async () => {
    const report = (await linesOf(JSON.stringify(cdr({ total_energy: 20 })))).at(-1);
    assert.ok(report !== undefined && "file" in report);
    assert.deepEqual(
      report.file.problems.map(({ code }) => code),
      ["ocpi.energy-differs"],
    );
  });

  it("need not tell energy in their periods", async () => {
    const periods = [{ ...cdr().charging_periods[0], dimensions: [{ type: "TIME", volume: 1 }] }];
    const report = (await linesOf(JSON.stringify(cdr({ charging_periods: periods })))).at(-1);
    assert.ok(report !== undefined && "file" in report);
    assert.deepEqual(report.file.problems, []);
  });

  it("are refused by field, and those beside them are read", async () => {
    const period = (more: object) =>
      cdr({ charging_periods: [{ ...(cdr().charging_periods[0] as object), ...more }] });
    const cases: [object, string, string | undefined][] = [
      [cdr({ credit: true }), "ocpi.credit", "credit"],
      [cdr({ charging_periods: [] }), "ocpi.bad-session", "charging_periods"],
      [
        period({ start_date_time: "2026-02-30T12:00:00Z" }),
        "ocpi.bad-session",
        "charging_periods.0.start_date_time",
      ],
      [
        period({ dimensions: [{ type: "ENERGY", volume: -1 }] }),
        "ocpi.bad-session",
        "charging_periods.0.dimensions.0.volume",
      ],
      [
        cdr({ charging_periods: [...cdr().charging_periods].reverse() }),
        "ocpi.bad-session",
        "charging_periods.1.start_date_time",
      ],
    ];
    for (const [bad, code, field] of cases) {
      const lines = await linesOf(JSON.stringify([bad, cdr()]));
      assert.deepEqual(
        rejections(lines).map((one) => [one.code, one.field]),
        [[code, field]],
      );
      assert.equal(lines.filter(isRecord).length, 5);
    }
    const cut = rejections(await linesOf(`${JSON.stringify(cdr())}\n{"charging_periods":[`));
    assert.deepEqual(
      cut.map(({ code, line }) => [code, line]),
      [["json.malformed", 2]],
    );
  });
});
