import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type CsvFault,
  type CsvOptions,
  type CsvRow,
  CsvRowReader,
  isFault,
} from "../../../node/core/formats/csv-rows.ts";

function read(
  text: string,
  options: CsvOptions = {},
  size = text.length * 4 + 1,
): (CsvRow | CsvFault)[] {
  const reader = new CsvRowReader(options);
  const bytes = new TextEncoder().encode(text);
  const items: (CsvRow | CsvFault)[] = [];
  for (let at = 0; at < bytes.length; at += size)
    items.push(...reader.push(bytes.subarray(at, at + size)));
  items.push(...reader.end());
  return items;
}

function brief(items: (CsvRow | CsvFault)[]): unknown[] {
  return items.map((item) => (isFault(item) ? `${item.code} on ${item.line}` : item.fields));
}

const field = fc.string({ unit: fc.constantFrom("a", "ü", '"', ",", "\n", " "), maxLength: 6 });

describe("rows of CSV", () => {
  it("reads back what was written, wherever the file is cut into chunks", () => {
    // A single empty field would be a blank line.
    const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 9 }), fc.boolean(), (written, size, carriage) => {
        const end = carriage ? "\r\n" : "\n";
        const text = written
          .map((row) => row.map((one) => `"${one.replaceAll('"', '""')}"`).join(",") + end)
          .join("");
        assert.deepEqual(brief(read(text, {}, size)), written);
      }),
    );
  });

  it("tells line, offset and bytes of each row", () => {
    const items = read('ü,1\r\n\n"a\nb",2\nc,3') as CsvRow[];
    assert.deepEqual(
      items.map(({ line, byteOffset, bytes }) => [
        line,
        byteOffset,
        new TextDecoder().decode(bytes),
      ]),
      [
        [1, 0, "ü,1"],
        [3, 7, '"a\nb",2'],
        [5, 15, "c,3"],
      ],
    );
  });

  it("loses one row, not the rest, to a quote that is never closed", () => {
    const text = 'a,b\n"c,d\n"e",f\ng,"h\ni,j\n';
    assert.deepEqual(brief(read(text)), [
      ["a", "b"],
      "csv.unterminated-quote on 2",
      ["e", "f"],
      "csv.unterminated-quote on 4",
      ["i", "j"],
    ]);
  });

  it("tells a missing quote from one inside an unquoted field", () => {
    assert.deepEqual(brief(read('"a,"b","c"\n"a"x,b\na"x,b\n')), [
      "csv.unterminated-quote on 1",
      "csv.unterminated-quote on 2",
      "csv.text-beside-quote on 3",
    ]);
  });

  it("knows a swallowed neighbour by the number of columns", () => {
    assert.deepEqual(brief(read('"a,b\nc",d,e\nf,g\n', { columns: [2] })), [
      "csv.unterminated-quote on 1",
      "csv.text-beside-quote on 2",
      ["f", "g"],
    ]);
  });

  it("bounds what a quote can swallow, in lines and in bytes", () => {
    const open = `"a\n${"b,c\n".repeat(100)}`;
    assert.deepEqual(brief(read(open, { rowLinesMax: 5 })).slice(0, 2), [
      "csv.unterminated-quote on 1",
      ["b", "c"],
    ]);
    assert.deepEqual(brief(read(open, { rowBytesMax: 20 })).slice(0, 2), [
      "csv.unterminated-quote on 1",
      ["b", "c"],
    ]);
  });

  it("takes a quote that closes too many lines later for an open one", () => {
    const text = `"a\n${"b,c\n".repeat(8)}d"\n`;
    assert.equal(read(text).length, 1);
    assert.deepEqual(brief(read(text, { rowLinesMax: 5 })).slice(0, 2), [
      "csv.unterminated-quote on 1",
      ["b", "c"],
    ]);
  });

  it("skips a row that is longer than its bound, and holds none of it", () => {
    for (const size of [7, 1000]) {
      const items = read(`${"x".repeat(500)}\na,b\n`, { rowBytesMax: 100 }, size);
      assert.deepEqual(brief(items), ["csv.row-too-long on 1", ["a", "b"]], String(size));
      assert.equal(items[1] && "fields" in items[1] && items[1].line, 2);
    }
  });

  it("does not count a byte order mark as text", () => {
    assert.deepEqual(brief(read("\ufeffa,b\n")), [["a", "b"]]);
  });
});
