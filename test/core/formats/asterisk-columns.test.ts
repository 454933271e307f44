import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import type { ParseOptions } from "../../../node/core/formats/inspect-line.ts";
import { kernelPlace, linesByColumns, linesByKernel, linesOfOracle } from "./columns-lines.ts";

const NAME = "asterisk-csv";
const SAMPLE = readFileSync(new URL("../../../samples/alder/Master.csv", import.meta.url));
const utf8 = new TextEncoder();

/** Mostly what a switch writes, and now and then what it should not. */
const mostly = <T>(usual: fc.Arbitrary<T>, ...odd: fc.Arbitrary<T>[]) =>
  fc.oneof({ weight: 40, arbitrary: usual }, ...odd.map((arbitrary) => ({ weight: 1, arbitrary })));
const text = (...texts: string[]) => fc.constantFrom(...texts);
const number = mostly(
  fc.integer({ min: 0, max: 99_999 }).map((n) => `+4930${n}`),
  text("", "anonymous", "Jürgen", '""x""', "49,30", "4930 111", "\ufeff1"),
);
const stampOf = (seconds: number) =>
  new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");

interface Call {
  start: number;
  ring: number;
  seconds: number;
}
/** Around two changes of Berlin's clock, and plain days. */
const call: fc.Arbitrary<Call> = fc.record({
  start: fc.oneof(
    fc.integer({ min: 1_709_632_800, max: 1_709_732_800 }),
    fc.integer({ min: 1_711_840_000, max: 1_711_850_000 }),
    fc.integer({ min: 1_729_980_000, max: 1_730_000_000 }),
  ),
  ring: fc.integer({ min: 0, max: 99 }),
  seconds: fc.integer({ min: 0, max: 3_000 }),
});

const row: fc.Arbitrary<string> = fc
  .record({
    call,
    ahead: mostly(text("3600"), text("7200", "0", "19800", "-12600")),
    a: number,
    b: number,
    clid: text('"""Desk"" <1>"', '"Jörg"', '""', "plain", '"a,b"', '"two\nlines"'),
    disposition: mostly(
      text("ANSWERED"),
      text("NO ANSWER", "BUSY", "FAILED", "CONGESTION", "UNKNOWN", "MAYBE", ""),
    ),
    uniqueId: mostly(
      text("{}.7", "{}.8", "pbx-{}.1"),
      text("call-a", "", "{}", "{}.", "x{}.1", "1{}.2", "ü-{}.2", "123456789.1"),
    ),
    stamp: mostly(
      text("plain"),
      text(
        "T",
        "offset",
        "no-seconds",
        "2024-02-30 10:00:00",
        "1969-12-31 23:59:59",
        "1970-01-01 00:00:00",
        "",
      ),
    ),
    answer: mostly(text("plain"), text("", "soon")),
    billsec: mostly(text("plain"), text("more", "007", "1.5", "-1", "", "1234567890")),
    end: mostly(text("\n"), text("\r\n", "\n\n", "\n \n", "\r\r\n")),
    columns: mostly(text("18"), text("21", "17", "19")),
    quote: mostly(text("all"), text("none", "open", "beside")),
  })
  .map((one) => {
    const { start, ring, seconds } = one.call;
    const local = start + Number(one.ahead);
    const written = stampOf(local);
    const started: Record<string, string> = {
      plain: written,
      T: written.replace(" ", "T"),
      offset: `${written}+01:00`,
      "no-seconds": written.slice(0, 16),
    };
    const billed: Record<string, string> = { plain: `${seconds}`, more: `${seconds + 1}` };
    const answer = one.answer === "plain" ? stampOf(local + ring) : one.answer;
    const uniqueId = one.uniqueId.replace("{}", String(start));
    const field = (value: string) => (one.quote === "none" ? value : `"${value}"`);
    const fields = [
      field(""),
      field(one.a),
      field(one.b),
      field("default"),
      one.clid,
      field("SIP/desk-1"),
      field("SIP/trunk-2"),
      field("Dial"),
      field("SIP/x"),
      field(started[one.stamp] ?? one.stamp),
      field(answer),
      field(stampOf(local + ring + seconds)),
      String(ring + seconds),
      billed[one.billsec] ?? one.billsec,
      field(one.disposition),
      field("DOCUMENTATION"),
      field(uniqueId),
      field(""),
      "1",
      '"2"',
      "3",
    ].slice(0, Number(one.columns));
    if (one.quote === "open") fields[3] = '"default';
    if (one.quote === "beside") fields[3] = 'de"fault';
    return fields.join(",") + one.end;
  });

const options: fc.Arbitrary<ParseOptions> = fc
  .record({
    zone: text("", "", "Europe/Berlin", "UTC", "+01:00"),
    sourceName: text("", "switch", "straße", "s".repeat(40)),
  })
  .map(({ zone, sourceName }) => ({
    file: "Master.csv",
    ...(zone === "" ? {} : { zone }),
    ...(sourceName === "" ? {} : { sourceName }),
  }));

const usual = kernelPlace();
const few = kernelPlace({ namesMax: 3 });

async function assertSame(
  bytes: Uint8Array,
  given: ParseOptions,
  chunkBytes: number,
): Promise<number> {
  const { lines, plain } = await linesByColumns(NAME, bytes, given, chunkBytes);
  const expected = await linesOfOracle(NAME, bytes, given);
  assert.deepEqual(lines, expected);
  // With a table of so few names, which is emptied all the time, now and then.
  const place = bytes.length % 2 === 0 ? usual : few;
  const byKernel = await linesByKernel(NAME, bytes, given, chunkBytes, place);
  assert.deepEqual(byKernel.lines, expected);
  assert.equal(byKernel.plain, plain, "the kernel leaves out no row that JavaScript takes");
  return plain;
}

describe("Asterisk's rows read into columns", () => {
  it("are the lines of the plain reader, whatever stands in them", async () => {
    let [rows, plain] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 30 }),
        options,
        fc.integer({ min: 1, max: 400 }),
        text("", "\ufeff"),
        fc.boolean(),
        async (made, given, chunkBytes, mark, isCut) => {
          const whole = utf8.encode(mark + made.join(""));
          const bytes = isCut ? whole.subarray(0, Math.max(0, whole.length - chunkBytes)) : whole;
          plain += await assertSame(bytes, given, chunkBytes);
          rows += made.length;
        },
      ),
      { numRuns: 300 },
    );
    assert.ok(plain > rows / 8, `${plain} of ${rows} rows were plain`);
  });

  it("are the same when any byte of a file is another one", async () => {
    const head = SAMPLE.subarray(0, 1_500);
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.nat(head.length - 1),
            fc.oneof(fc.nat(255), fc.constantFrom(10, 13, 34, 44, 45, 46, 48, 58)),
          ),
          { maxLength: 4 },
        ),
        async (changes) => {
          const bytes = Uint8Array.from(head);
          for (const [at, byte] of changes) bytes[at] = byte;
          await assertSame(bytes, { file: "f", zone: "Europe/Berlin" }, 700);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("are the same wherever the file is cut into chunks", async () => {
    const bytes = SAMPLE.subarray(0, 900);
    for (let size = 1; size <= bytes.length; size++) {
      await assertSame(bytes, { file: "f", sourceName: "alder" }, size);
    }
  });

  it("are the same with names, ids and rows of any length, and bytes that are no text", async () => {
    const usualRow = SAMPLE.subarray(0, SAMPLE.indexOf(10) + 1).toString();
    const number = usualRow.split(",")[1]!;
    const rows = [1, 15, 16, 17, 63, 64, 65, 70_000].flatMap((length) => [
      usualRow.replace(number, `"${"1".repeat(length)}"`),
      usualRow.replace(number, `"${"1".repeat(length - 1)}\0"`),
      usualRow.replace(/"([0-9]+\.[0-9]+)"/, `"${"p".repeat(length)}-$1"`),
    ]);
    // Whose end alone would be a row.
    for (const length of [70_000, 70_400, 70_800])
      rows.push("1".repeat(length) + usualRow.slice(2));
    const bytes = utf8.encode(usualRow + rows.join("") + usualRow);
    const given = { file: "f", zone: "Europe/Berlin" };
    for (const chunkBytes of [997, 65_536, 400_000]) {
      const expected = await linesOfOracle(NAME, bytes, given);
      const { lines, plain } = await linesByKernel(NAME, bytes, given, chunkBytes, usual);
      assert.deepEqual(lines, expected);
      // Not the first one, which tells the zone; of the others all whose names and ids are short.
      assert.equal(plain, 17);
      assert.deepEqual((await linesByColumns(NAME, bytes, given, chunkBytes)).lines, expected);
    }
  });

  it("take nearly all rows of a switch without an object", async () => {
    const plain = await assertSame(
      SAMPLE,
      { file: "Master.csv", zone: "Europe/Berlin", sourceName: "alder-pbx" },
      65_536,
    );
    const rows = SAMPLE.toString().trim().split("\n").length;
    assert.ok(plain > 0.9 * rows, `${plain} of ${rows} rows`);
  });

  it("fill more than one batch, and count positions and bytes on", async () => {
    const copies = Buffer.concat(
      Array.from({ length: Math.ceil(2_600_000 / SAMPLE.length) }, () => SAMPLE),
    );
    await assertSame(copies, { file: "big", zone: "Europe/Berlin" }, 100_000);
  });
});
