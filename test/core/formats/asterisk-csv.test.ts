import assert from "node:assert/strict";
import { parse, recognises } from "../../../node/core/formats/asterisk-csv.ts";
import { chunksOf, codeOf, collect, sorted } from "./chunks.ts";

interface Row {
  src?: string;
  dst?: string;
  start?: string;
  answer?: string;
  end?: string;
  duration?: string;
  billsec?: string;
  disposition?: string;
  uniqueid?: string;
}

/** 2024-03-05T10:00:00Z is 1709632800. */
function row(given: Row = {}): string {
  const one = {
    src: "4930111",
    dst: "4915112345",
    start: "2024-03-05 10:00:00",
    answer: "2024-03-05 10:00:07",
    end: "2024-03-05 10:01:07",
    duration: "67",
    billsec: "60",
    disposition: "ANSWERED",
    uniqueid: "1709632800.7",
    ...given,
  };
  return `"","${one.src}","${one.dst}","default","""Desk"" <${one.src}>","SIP/desk-1","SIP/trunk-2","Dial","SIP/x","${one.start}","${one.answer}","${one.end}",${one.duration},${one.billsec},"${one.disposition}","DOCUMENTATION","${one.uniqueid}",""\n`;
}

async function read(text: string, more: { zone?: string; sourceName?: string } = {}) {
  return sorted(await collect(parse(chunksOf(text, 100), { file: "Master.csv", ...more })));
}

describe("Asterisk's Master.csv", () => {
  it("charges from the answer for billsec", async () => {
    const { records, file } = await read(row());
    const { source, ...record } = records[0]!;
    assert.deepEqual(record, {
      id: "asterisk:1709632800.7:20240305100000:ANSWERED",
      service: "voice",
      direction: "outgoing",
      start: "2024-03-05T10:00:07.000Z",
      sessionStart: "2024-03-05T10:00:00.000Z",
      utcOffsetMinutes: 0,
      durationSeconds: 60,
      aParty: "4930111",
      bParty: "4915112345",
      sessionId: "1709632800.7",
      cause: "ANSWERED",
      billable: true,
    });
    assert.equal(source?.byteOffset, 0);
    assert.equal(source?.byteLength, row().length - 1);
    assert.deepEqual(file.computed, { records: 1, billable: 1, durationSeconds: 60 });
    assert.deepEqual(file.problems, []);
  });

  it("bills only what was answered, also with 0 s", async () => {
    const { records } = await read(
      row({ billsec: "0", uniqueid: "1709632800.1" }) +
        ["NO ANSWER", "BUSY", "FAILED", "CONGESTION"]
          .map((disposition, i) =>
            row({ disposition, answer: "", billsec: "0", uniqueid: `1709632800.${i + 2}` }),
          )
          .join(""),
    );
    assert.deepEqual(
      records.map(({ billable }) => billable),
      [true, false, false, false, false],
    );
    assert.equal(records[1]?.start, "2024-03-05T10:00:00.000Z");
  });

  it("learns the zone from the unique id, row by row across a clock change", async () => {
    const { records, problems } = await read(
      // Berlin: +01:00 until 2024-03-31T01:00Z, then +02:00.
      row({
        start: "2024-03-31 01:59:50",
        answer: "2024-03-31 01:59:55",
        end: "2024-03-31 03:01:00",
        uniqueid: "1711846790.1",
      }) +
        row({
          start: "2024-03-31 03:00:10",
          answer: "2024-03-31 03:00:10",
          end: "2024-03-31 03:02:00",
          uniqueid: "1711846810.2",
        }),
    );
    assert.deepEqual(
      records.map((one) => [one.sessionStart ?? one.start, one.utcOffsetMinutes]),
      [
        ["2024-03-31T00:59:50.000Z", 60],
        ["2024-03-31T01:00:10.000Z", 120],
      ],
    );
    assert.deepEqual(problems, []);
  });

  it("keeps the zone for a leg that starts long after its channel", async () => {
    const leg = (at: string): string =>
      row({
        start: `2024-03-05 ${at}`,
        answer: "",
        end: "2024-03-05 11:30:00",
        disposition: "BUSY",
        billsec: "0",
      });
    const { records } = await read(leg("11:00:00") + leg("11:17:33") + leg("11:15:02"));
    assert.deepEqual(
      records.map(({ start }) => start),
      ["2024-03-05T10:00:00.000Z", "2024-03-05T10:17:33.000Z", "2024-03-05T10:15:02.000Z"],
    );
  });

  it("takes the zone that the caller states, and says when the ids contradict it", async () => {
    const stated = await read(row(), { zone: "Europe/Berlin" });
    assert.equal(stated.records[0]?.start, "2024-03-05T09:00:07.000Z");
    assert.deepEqual(stated.problems, ["asterisk.zone-contradicts-ids"]);
    const night = row({
      start: "2024-10-27 02:30:00",
      answer: "2024-10-27 02:30:00",
      end: "2024-10-27 02:31:00",
      uniqueid: "1729992600.1",
    });
    const second = await read(night, { zone: "Europe/Berlin" });
    assert.equal(second.records[0]?.start, "2024-10-27T01:30:00.000Z");
    assert.deepEqual(second.problems, []);
  });

  it("says that it fell back to UTC where the ids reveal nothing", async () => {
    const { records, problems } = await read(row({ uniqueid: "call-a" }));
    assert.equal(records[0]?.start, "2024-03-05T10:00:07.000Z");
    assert.equal(records[0]?.utcOffsetMinutes, undefined);
    assert.deepEqual(problems, ["asterisk.zone-unknown"]);
  });

  it("rejects a row that is broken and goes on with the next", async () => {
    const good = row();
    const broken: [string, string][] = [
      [good.replace('"default",', '"default,'), "csv.unterminated-quote"],
      [good.replace(',""\n', ',"\n'), "csv.unterminated-quote"],
      [`${good.split(",").slice(0, 12).join(",")}\n`, "asterisk.column-count"],
      [row({ start: "2024-02-30 10:00:00" }), "asterisk.bad-start"],
      [row({ answer: "soon" }), "asterisk.bad-answer"],
      [row({ answer: "" }), "asterisk.bad-answer"],
      [row({ end: "" }), "asterisk.bad-end"],
      [row({ duration: "-1" }), "asterisk.bad-duration"],
      [row({ billsec: "1.5" }), "asterisk.bad-billsec"],
      [row({ disposition: "MAYBE" }), "asterisk.bad-disposition"],
      [row({ uniqueid: "" }), "asterisk.bad-uniqueid"],
    ];
    for (const [text, code] of broken) {
      const { records, rejected } = await read(good + text + row({ uniqueid: "1709632800.9" }));
      assert.deepEqual(
        rejected.map((one) => [one.code, one.position, one.line]),
        [[code, 2, 2]],
        text,
      );
      assert.equal(records.length, 2, text);
      assert.equal(records[1]?.source?.position, 3);
    }
  });

  it("flags what the rows contradict, and drops nothing", async () => {
    const { records, file, problems } = await read(
      row() + row({ billsec: "61" }) + row({ disposition: "BUSY", answer: "", billsec: "0" }),
    );
    assert.equal(records.length, 3);
    assert.deepEqual(problems, [
      "asterisk.billsec-exceeds-call",
      "asterisk.repeated-unique-id",
      "file.duplicate-record",
    ]);
    assert.deepEqual(
      file.problems.map(({ positions }) => positions),
      [[2], [2, 3], [2]],
    );
  });

  it("names a record by switch and call, not by where it stands", async () => {
    const other = row({ uniqueid: "1709632800.8" });
    const first = await read(row() + other, { sourceName: "pbx-1" });
    const second = await read(other + row(), { sourceName: "pbx-1" });
    assert.equal(first.records[0]?.id, "asterisk:pbx-1:1709632800.7:20240305100000:ANSWERED");
    assert.deepEqual(
      first.records.map(({ id }) => id),
      second.records.map(({ id }) => id).reverse(),
    );
    const long = await read(row({ uniqueid: `${"x".repeat(100)}-1709632800.7` }));
    assert.match(long.records[0]!.id, /^sha256:[0-9a-f]{64}$/);
  });

  it("is recognised by its columns, and refuses a zone that does not exist", async () => {
    assert.ok(recognises(new TextEncoder().encode(row())));
    assert.ok(!recognises(new TextEncoder().encode("a,b,c\n1,2,3\n")));
    assert.equal(
      await codeOf(collect(parse(chunksOf(row()), { file: "f", zone: "Mars/Olympus" }))),
      "zone.unknown",
    );
  });
});
