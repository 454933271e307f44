import { strict as assert } from "node:assert";
import fc from "fast-check";
import { LineCutter } from "../../../node/core/aggregation/cut-lines.ts";
import { NameTable } from "../../../node/core/aggregation/name-table.ts";
import { EventLineReader } from "../../../node/core/aggregation/read-events.ts";
import { NAME_KEY } from "../formats/name-key.ts";

type Row = [string, string, number, number, number];

/** Cuts the text into chunks, these into whole lines, and reads them. */
function readAll(text: string, sizes: number[] = [1 << 20]) {
  const rows: Row[] = [];
  const rejected: [number, string][] = [];
  const names = new NameTable(NAME_KEY);
  const cutter = new LineCutter();
  let reader: EventLineReader | undefined;
  let lines = 0;
  const read = (whole: Uint8Array) => {
    if (cutter.header === undefined) return;
    const before = lines + 1;
    reader ??= new EventLineReader(cutter.header, names, {
      event: (device, gateway, ...numbers) => {
        rows.push([nameOf(names, device), nameOf(names, gateway), ...numbers]);
        return undefined;
      },
      rejected: (line, code) => void rejected.push([before + line, code]),
    });
    lines += reader.read(whole);
  };
  const bytes = Buffer.from(text);
  let turn = 0;
  for (let at = 0; at < bytes.length; ) {
    // The same memory for every chunk, as a reader of files would use it.
    const size = sizes[turn++ % sizes.length] as number;
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    read(cutter.push(chunk));
    chunk.fill(0x39);
    at += size;
  }
  read(cutter.end());
  return { rows, rejected, cutter };
}

const nameOf = (names: NameTable, number: number) => new TextDecoder().decode(names.names[number]);

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
        assert.equal(cut.cutter.bytesRead, Buffer.byteLength(HEADER + lines));
      }),
      { numRuns: 50 },
    );
  });

  it("tells each line that can not be read, and goes on", () => {
    const { rows, rejected } = readAll(
      `${HEADER}a,g,1,1,1\n,g,1,1,1\na,g,x,1,1\na,g,1,-1,1\na,g,1,1,1.5\na,g,1,1\na,g,1,1,1,1\n` +
        `${"d".repeat(65)},g,1,1,1\na,g,1,1,9999999999999999\n"a",g,1,1,1\n\nb,g,2,2,2\na,"g",1,1,1\na,,1,1,1\n`,
    );
    assert.deepEqual(rows, [
      ["a", "g", 1, 1, 1],
      ["b", "g", 2, 2, 2],
      ["a", "", 1, 1, 1],
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
        "14 events.bad-gateway",
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
    const cutter = new LineCutter();
    cutter.resume("device,time", 100);
    assert.equal(Buffer.from(cutter.push(Buffer.from("a,5\nb"))).toString(), "a,5\n");
    assert.deepEqual([cutter.bytesRead, cutter.hasRest], [104, true]);
    assert.equal(Buffer.from(cutter.end()).toString(), "b");
    assert.throws(() => cutter.resume("colour", 5), { code: "events.no-header" });
  });

  it("tells the sink's reason with the line", () => {
    const rejected: [number, string][] = [];
    const reader = new EventLineReader("device,time", new NameTable(NAME_KEY), {
      event: (_device, _gateway, time) => (time > 5 ? "events.from-the-future" : undefined),
      rejected: (line, code) => void rejected.push([line, code]),
    });
    assert.equal(reader.read(Buffer.from("a,5\n\na,6\n")), 3);
    assert.deepEqual(rejected, [[3, "events.from-the-future"]]);
  });

  it("reads numbers and names of every length as a plain reading does", () => {
    const name = fc.oneof(
      fc.stringMatching(/^[a-z0-9-]{1,64}$/),
      fc.constantFrom("é", "ü".repeat(32)),
    );
    const number = fc.integer({ min: 0, max: 999_999_999_999_999 });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, name, number, number, number)), (rows) => {
        const text = rows.map((row) => row.join(",")).join("\n");
        assert.deepEqual(readAll(HEADER + text).rows, rows);
      }),
      { numRuns: 100 },
    );
  });
});
