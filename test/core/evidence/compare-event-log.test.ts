import assert from "node:assert/strict";
import { readOwnEvents } from "../../../node/core/aggregation/read-own-events.ts";
import {
  type AskEvents,
  agrees,
  compareEventLog,
} from "../../../node/core/evidence/compare-event-log.ts";
import { sampleBundle } from "../../client-app/sample-bundle.ts";
import { EVENTS_LINE, sampleEventLog, showSampleEvents } from "../../client-app/sample-events.ts";
import { hasCode } from "../../engine/engine-scene.ts";
import { NAME_KEY } from "../formats/name-key.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const logOf = (text: string) => readOwnEvents(bytes(text), "log.csv", NAME_KEY);

describe("a device's log beside the events of a line", () => {
  const { bundle } = sampleBundle({ endpoints: [], events: true });
  const charge = bundle.charges.find(({ line }) => line === EVENTS_LINE) ?? assert.fail();
  let calls = 0;
  const ask: AskEvents = async (events) => {
    calls++;
    return showSampleEvents(events);
  };

  it("agrees where both have the same events", async () => {
    const seen: number[] = [];
    const { counts, compared } = await compareEventLog(
      bundle,
      charge,
      logOf(sampleEventLog()),
      ask,
      (done) => seen.push(done),
    );
    assert.ok(agrees(counts));
    assert.deepEqual(
      [counts.inLog, counts.inCharge, counts.charged, counts.chargedOnly, compared.length],
      [320, 320, 320, 0, 320],
    );
    assert.deepEqual([calls, seen.length], [2, 1]);
  });

  it("tells what is charged otherwise, not charged, and charged alone", async () => {
    const other = "elsewhere,1791350000000,1\n";
    const outside = "meter-7,5,1\n";
    const log = logOf(sampleEventLog({ differs: true }) + other + outside);
    const { counts } = await compareEventLog(bundle, charge, log, ask);
    assert.deepEqual(counts, {
      inLog: 320,
      inCharge: 319,
      otherQuantity: 1,
      notInCharge: 1,
      notShown: 0,
      charged: 320,
      chargedOnly: 1,
    });
    assert.ok(!agrees(counts));
  });

  it("believes no proof of something else, and no header that the line does not bind", async () => {
    const log = logOf(sampleEventLog());
    const shifted: AskEvents = async (events) => {
      const { header, proofs } = showSampleEvents(events);
      return { header, proofs: [...proofs.slice(1), ...proofs.slice(0, 1)] };
    };
    const { counts } = await compareEventLog(bundle, charge, log, shifted);
    assert.deepEqual([counts.inCharge, counts.notShown], [0, 320]);
    const silent: AskEvents = async (events) => ({ header: showSampleEvents(events).header });
    assert.equal((await compareEventLog(bundle, charge, log, silent)).counts.notShown, 320);
    const lying: AskEvents = async (events) => {
      const { header, proofs } = showSampleEvents(events);
      return { header: { ...header, count: "319" }, proofs };
    };
    await assert.rejects(compareEventLog(bundle, charge, log, lying), hasCode("events.bad-proof"));
  });

  it("reads a log as a whole or not at all", () => {
    assert.deepEqual(logOf("device,time\nlamp,2026-10-07T05:10:00Z"), [
      { device: "lamp", time: String(Date.parse("2026-10-07T05:10:00Z")), sequence: "0" },
    ]);
    const broken = (text: string, line: number) =>
      assert.throws(
        () => logOf(text),
        (error: { code?: string; place?: { line?: number } }) =>
          error.code === "events.unusable-log" && error.place?.line === line,
      );
    broken("device,time,quantity\nlamp,5,1\nlamp,later,1\n", 3);
    broken("device,time,quantity\nlamp,5,1\nlamp,later,1", 3);
    assert.throws(() => logOf("\n\n"), hasCode("events.unusable-log"));
    assert.throws(() => logOf("a,b\n1,2\n"), hasCode("events.no-header"));
  });
});
