import { strict as assert } from "node:assert";
import fc from "fast-check";
import { EventLineReader } from "../../../node/core/aggregation/read-events.ts";

type Row = [string, string, number, number, number];

function readAll(text: string, sizes: number[] = [1 << 20]) {
  const rows: Row[] = [];
  const rejected: [number, string][] = [];
  const reader = new EventLineReader({
    event: (...row) => void rows.push(row),
    rejected: (line, code) => void rejected.push([line, code]),
  });
  const bytes = Buffer.from(text);
  let turn = 0;
  for (let at = 0; at < bytes.length; ) {
    // The same memory for every chunk, as a reader of files would use it.
    const size = sizes[turn++ % sizes.length] as number;
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    reader.push(chunk);
    chunk.fill(0x39);
    at += size;
  }
  reader.end();
  return { rows, rejected, reader };
}

const HEADER = "device,gateway,time,sequence,quantity\n";

describe("reading events", () => {
  it("takes columns in any order, leaves out those it does not know, and has defaults", () => {
    const { rows } = readAll("colour,time,device\r\nred,1790812800000,lamp-1\r\n");
    assert.deepEqual(rows, [["lamp-1", "", 1790812800000, 0, 1]]);
  });

  it("reads instants of ISO 8601 with their offset", () => {
    const { rows } = readAll(
      "device,time\na,2026-10-01T02:00:00.250+02:00\nb,2026-10-01T00:00:00Z",
    );
    assert.deepEqual(
      rows.map(([, , time]) => time),
      [1790812800250, 1790812800000],
    );
  });

  it("gives the same events however the file is cut into chunks", () => {
    const names = ["lamp-1", "Straßenlampe", "x"];
    const lines = Array.from(
      { length: 40 },
      (_, i) => `${names[i % 3]},gw-${i % 2},${1790812800000 + i},${i},${i * 3}`,
    ).join("\n");
    const whole = readAll(HEADER + lines);
    assert.equal(whole.rows.length, 40);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (sizes) => {
        const cut = readAll(HEADER + lines, sizes);
        assert.deepEqual(cut.rows, whole.rows);
        assert.deepEqual(cut.rejected, []);
        assert.equal(cut.reader.bytesRead, Buffer.byteLength(HEADER + lines));
      }),
      { numRuns: 50 },
    );
  });

  it("tells each line that can not be read, and goes on", () => {
    const { rows, rejected } = readAll(
      `${HEADER}a,g,1,1,1\n,g,1,1,1\na,g,x,1,1\na,g,1,-1,1\na,g,1,1,1.5\na,g,1,1\na,g,1,1,1,1\n` +
        `${"d".repeat(65)},g,1,1,1\na,g,1,1,9999999999999999\n"a",g,1,1,1\n\nb,g,2,2,2\n`,
    );
    assert.deepEqual(rows, [
      ["a", "g", 1, 1, 1],
      ["b", "g", 2, 2, 2],
    ]);
    assert.deepEqual(
      rejected.map(([line, code]) => `${line} ${code}`),
      [
        "3 events.bad-device",
        "4 events.bad-time",
        "5 events.bad-sequence",
        "6 events.bad-quantity",
        "7 events.missing-field",
        "8 events.extra-field",
        "9 events.bad-device",
        "10 events.bad-quantity",
        "11 events.bad-device",
      ],
    );
  });

  it("refuses a file without the columns' names, and a line without an end", () => {
    for (const text of ["lamp-1,gw,1,1,1\n", "device\na\n", "device,time,time\n"]) {
      assert.throws(() => readAll(text), { code: "events.no-header" });
    }
    assert.throws(() => readAll(HEADER + "x".repeat(10_000)), { code: "events.line-too-long" });
  });

  it("goes on behind what was read before", () => {
    const rows: Row[] = [];
    const sink = { event: (...row: Row) => void rows.push(row), rejected: () => assert.fail() };
    const reader = new EventLineReader(sink);
    reader.resume("device,time", 100, 7);
    reader.push(Buffer.from("a,5\n"));
    assert.deepEqual(rows, [["a", "", 5, 0, 1]]);
    assert.deepEqual([reader.bytesRead, reader.lines], [104, 8]);
  });
});
