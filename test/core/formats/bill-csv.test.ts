import assert from "node:assert/strict";
import { parse, recognises } from "../../../node/core/formats/bill-csv.ts";
import { chunksOf, codeOf, collect } from "./chunks.ts";

const HEADER =
  "line,service,direction,other_party,start_local,duration_s,billed_minutes,amount_usd\n";

async function read(text: string, size?: number) {
  const items = await collect(parse(chunksOf(text, size), { file: "bill.csv" }));
  return {
    lines: items.flatMap((item) => ("line" in item ? [item.line] : [])),
    rejected: items.flatMap((item) => ("rejected" in item ? [item.rejected] : [])),
  };
}

describe("a bill as CSV", () => {
  it("reads a line, in whatever chunks it comes", async () => {
    for (const size of [1, 7, 1000]) {
      const { lines } = await read(
        `${HEADER}S01,voice,out,(555) 555-0017,2014-12-03 11:37:49,124,3,0.30\r\n`,
        size,
      );
      assert.deepEqual(lines, [
        {
          line: "S01",
          position: 1,
          service: "voice",
          direction: "outgoing",
          otherParty: "(555) 555-0017",
          start: { localMs: Date.UTC(2014, 11, 3, 11, 37, 49), precisionSeconds: 1 },
          durationSeconds: 124,
          billedUnits: 3,
          unitSeconds: 60,
          amountNano: 300_000_000n,
          currency: "USD",
        },
      ]);
    }
  });

  it("knows the columns by the names that operators give them", async () => {
    const { lines } = await read(
      "No;Date;Time;Called Number;Duration;Charge;Currency\n7;03.12.2014;11:37;+49171;1:02:03;1,50;EUR\n",
    );
    const [line] = lines;
    assert.equal(line?.line, "7");
    assert.deepEqual(line?.start, { localMs: Date.UTC(2014, 11, 3, 11, 37), precisionSeconds: 60 });
    assert.equal(line?.durationSeconds, 3723);
    assert.equal(line?.amountNano, 1_500_000_000n);
    assert.equal(line?.currency, "EUR");
    assert.equal(line?.service, "voice");
    assert.equal(line?.direction, undefined);
  });

  it("keeps a zone or offset that a line has of its own", async () => {
    const { lines } = await read(
      "number,start,zone,amount_eur\n1,2014-12-03T11:37:49-05:00,,0.1\n1,2014-12-03 11:37:49,Europe/Berlin,0.1\n",
    );
    assert.deepEqual(
      lines.map(({ start }) => [start.offsetMinutes, start.zone]),
      [
        [-300, undefined],
        [undefined, "Europe/Berlin"],
      ],
    );
    const utc = await read("number,start_utc,amount_eur\n1,2014-12-03 11:37:49,0.1\n");
    assert.equal(utc.lines[0]?.start.zone, "UTC");
  });

  it("leaves a withheld number out", async () => {
    const { lines } = await read(`${HEADER}1,voice,in,Withheld,2014-12-03 11:37:49,1,1,0.1\n`);
    assert.equal(lines[0]?.otherParty, undefined);
  });

  it("rejects a line that can not be read and goes on", async () => {
    const bad: [string, string][] = [
      ["1,voice,out,1,12/03/2014 11:37,1,1,0.1", "bill.bad-start"],
      ["1,voice,out,1,2014-12-03 11:37:49,long,1,0.1", "bill.bad-duration"],
      ["1,voice,out,1,2014-12-03 11:37:49,1,1.5,0.1", "bill.bad-billed-minutes"],
      ["1,voice,up,1,2014-12-03 11:37:49,1,1,0.1", "bill.bad-direction"],
      ["1,voice,out,1,2014-12-03 11:37:49,1,1,1e3", "bill.bad-amount"],
      ['1,voice,out,1,2014-12-03 11:37:49,1,1,"1,234"', "bill.bad-amount"],
      ["1,voice,out,1,2014-12-03 11:37:49,1,1", "bill.column-count"],
      ['"1,voice,out,1,2014-12-03 11:37:49,1,1,0.1', "csv.unterminated-quote"],
    ];
    for (const [text, code] of bad) {
      const { lines, rejected } = await read(
        `${HEADER}${text}\n2,voice,out,1,2014-12-03 11:37:49,1,1,0.1\n`,
      );
      assert.deepEqual(
        rejected.map((one) => [one.code, one.position, one.line]),
        [[code, 1, 2]],
        text,
      );
      assert.equal(lines.length, 1, text);
    }
    const none = await read("number,start,amount\n1,2014-12-03 11:37:49,0.1\n");
    assert.equal(none.rejected[0]?.code, "bill.bad-currency");
  });

  it("refuses a header without the columns that a check needs", async () => {
    assert.equal(await codeOf(read("line,other_party,start\n")), "bill.bad-header");
    assert.equal(await codeOf(read("line,other_party,amount_usd\n")), "bill.bad-header");
    assert.equal(await codeOf(read("")), "bill.bad-header");
  });

  it("is recognised by its header", () => {
    assert.ok(recognises(new TextEncoder().encode(HEADER)));
    assert.ok(!recognises(new TextEncoder().encode('"","","1","default"\n')));
  });
});
