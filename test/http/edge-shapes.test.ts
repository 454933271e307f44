import assert from "node:assert/strict";
import type { SessionRecord } from "../../node/core/charging/entry.ts";
import type { SessionUse } from "../../node/core/charging/session-use.ts";
import { edgeReportSchema, readReport, toWire } from "../../node/http/edge-shapes.ts";

/** Every field that a session's use can have: one that the centre refused would block all records behind it. */
const USE: Required<SessionUse> = {
  service: "data",
  direction: "none",
  start: "2026-03-01T12:00:00.000Z",
  aParty: "+491711",
  bParty: "internet",
  imsi: "262011234567890",
  deviceId: "meter-1",
  homeNetwork: "26201",
  visitedNetwork: "26202",
  application: "video",
  quality: "gold",
};

describe("what an edge reports", () => {
  it("comes to its centre as it was told, whatever the session was about", () => {
    const record: SessionRecord = {
      session: "s1",
      account: "anna",
      use: USE,
      quantity: "1000",
      amountNano: "5",
      currency: "EUR",
      tariffVersion: 1,
      components: [],
    };
    const report = {
      firstRecord: 7,
      records: [record],
      slices: [{ account: "anna", spentNano: 5n, returnedNano: 0n, wantedNano: 2n ** 70n }],
    };
    const read = readReport("edge-1", edgeReportSchema.parse(JSON.parse(toWire(report))));
    assert.deepEqual(read, { edge: "edge-1", ...report });
  });

  it("is refused where it says more than that", () => {
    const more = { firstRecord: 1, records: [], slices: [], balance: "9" };
    assert.equal(edgeReportSchema.safeParse(more).success, false);
  });
});
