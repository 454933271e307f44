import assert from "node:assert/strict";
import fc from "fast-check";
import type { ParseOptions } from "../../../node/core/formats/inspect-line.ts";
import { kernelPlace, linesByColumns, linesByKernel, linesOfOracle } from "./columns-lines.ts";
import { ndjsonLine } from "./ndjson-lines.ts";

const NAME = "usage-ndjson";
const OPTIONS: ParseOptions = { file: "usage.ndjson" };
const utf8 = new TextEncoder();

const line = ndjsonLine({
  id: fc.nat(9_999).map((n) => `switch:${n}:20260905`),
  start: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  aParty: fc.nat(99).map((n) => `+49171${n}`),
  bParty: fc.nat(99_999).map((n) => `+4930${n}`),
});

const usual = (at: number): string =>
  `${JSON.stringify({
    id: `switch:${at}`,
    service: "voice",
    direction: "outgoing",
    start: new Date(1_791_000_000_000 + 997 * at).toISOString(),
    utcOffsetMinutes: 120,
    durationSeconds: at % 900,
    aParty: `+49171${at % 500}`,
    bParty: `+4930${at % 7_000}`,
    sessionId: `${at}.1`,
    cause: "ANSWERED",
    billable: true,
    source: {
      format: "asterisk-csv",
      file: "Master.csv",
      position: at + 1,
      sha256: at.toString(16).padStart(64, "0"),
      byteOffset: 280 * at,
      byteLength: 279,
    },
  })}\n`;

const SERVED = { deviceId: "dev-7", imsi: "262019876543210", direction: "none" };
/** One of each kind of quantity, with what sources tell beside it. */
const OF_EACH_SERVICE = [
  { ...SERVED, service: "data", totalOctets: 123_456, durationSeconds: 3.5, partial: "first" },
  { ...SERVED, service: "data", uplinkOctets: "12", downlinkOctets: 0, visitedNetwork: "20801" },
  { ...SERVED, service: "data", uplinkOctets: 7, downlinkOctets: 5, totalOctets: "12" },
  { ...SERVED, service: "energy", energyWattHours: "12.500", durationSeconds: 900 },
  { aParty: "+491711", bParty: "+49302", direction: "outgoing", service: "sms" },
  { aParty: "+491711", bParty: "+49302", direction: "outgoing", service: "mms", units: 2 },
  { ...SERVED, service: "content", units: 1, application: "film" },
  { ...SERVED, service: "event", units: 0 },
  { ...SERVED, service: "time", durationSeconds: 60, application: "parking", quality: "street" },
].map((fields, at) => {
  const start = new Date(1_791_000_000_000 + 997 * at).toISOString();
  return `${JSON.stringify({ id: `own:${at}`, start, ...fields, billable: true })}\n`;
});

const usualPlace = kernelPlace();
/** Whose table of names is emptied all the time. */
const fewNames = kernelPlace({ namesMax: 3 });

async function assertSame(bytes: Uint8Array, chunkBytes: number): Promise<number> {
  const { lines, plain } = await linesByColumns(NAME, bytes, OPTIONS, chunkBytes);
  const expected = await linesOfOracle(NAME, bytes, OPTIONS);
  assert.deepEqual(lines, expected);
  const place = bytes.length % 2 === 0 ? usualPlace : fewNames;
  const byKernel = await linesByKernel(NAME, bytes, OPTIONS, chunkBytes, place);
  assert.deepEqual(byKernel.lines, expected);
  // The kernel leaves out no line that JavaScript takes, but a last one that does not end.
  const isEnded = bytes.at(-1) === 0x0a;
  assert.ok(byKernel.plain === plain || (!isEnded && byKernel.plain === plain - 1));
  return plain;
}

describe("usage records as JSON lines read into columns", () => {
  it("are the lines of the plain reader, whatever stands in them", async () => {
    let [rows, plain] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 25 }),
        fc.integer({ min: 1, max: 700 }),
        fc.constantFrom("", "", "\ufeff"),
        fc.boolean(),
        async (made, chunkBytes, mark, isCut) => {
          const whole = utf8.encode(mark + made.join(""));
          const bytes = isCut ? whole.subarray(0, Math.max(0, whole.length - chunkBytes)) : whole;
          plain += await assertSame(bytes, chunkBytes);
          rows += made.length;
        },
      ),
      { numRuns: 120 },
    );
    assert.ok(plain > rows / 4, `${plain} of ${rows} rows were plain`);
  });

  it("are the same when any byte of a file is another one", async () => {
    const head = utf8.encode(usual(0) + OF_EACH_SERVICE.join(""));
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.nat(head.length - 1),
            fc.oneof(
              fc.nat(255),
              fc.constantFrom(...[...'\n\r ",:{}[]\\.-+0eEtf\u0000'].map((c) => c.charCodeAt(0))),
            ),
          ),
          { minLength: 1, maxLength: 3 },
        ),
        async (changes) => {
          const bytes = Uint8Array.from(head);
          for (const [at, byte] of changes) bytes[at] = byte;
          await assertSame(bytes, 500);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("take every service without an object, with its quantity and who was served", async () => {
    const bytes = utf8.encode(OF_EACH_SERVICE.join(""));
    assert.equal(await assertSame(bytes, 100_000), OF_EACH_SERVICE.length);
  });

  it("sum octets exactly, also beyond what a double holds", async () => {
    const [data = ""] = OF_EACH_SERVICE;
    const line = data.replace("123456", "999999999999999");
    assert.equal(await assertSame(utf8.encode(line.repeat(19)), 100_000), 19);
  });

  it("leave to the plain reader a quantity that is not the service's, or contradicts", async () => {
    const [data = "", , both = "", energy = ""] = OF_EACH_SERVICE;
    const lines = [
      data.replace("123456", "1000000000000000"),
      data.replace('"partial"', '"units":1,"partial"'),
      both.replace('"12"', '"13"'),
      both.replace('"downlinkOctets":5', '"downlinkOctets":13'),
      energy.replace("12.500", "12.5001"),
      energy.replace("energyWattHours", "totalOctets"),
    ];
    assert.equal(await assertSame(utf8.encode(lines.join("")), 100_000), 0);
  });

  it("count units to the last one, also beyond what a double tells apart", async () => {
    const ofUnits = (units: string) =>
      (OF_EACH_SERVICE[7] as string).replace('units":0', `units":${units}`);
    const many = "999999999999999";
    const lines = [...Array.from({ length: 12 }, () => ofUnits(many)), ofUnits("9007199254740991")];
    const bytes = utf8.encode(lines.join("") + ofUnits("1").repeat(5));
    assert.equal(await assertSame(bytes, 100_000), lines.length + 4);
    const report = (await linesOfOracle(NAME, bytes, OPTIONS)).at(-1);
    assert.ok(report !== undefined && "file" in report);
    assert.equal(report.file.computed.units, Number(12n * BigInt(many) + 9_007_199_254_740_996n));
  });

  it("count durations to the last millisecond, also beyond what a double tells apart", async () => {
    const ofSeconds = (seconds: string) =>
      (OF_EACH_SERVICE[8] as string).replace('Seconds":60', `Seconds":${seconds}`);
    const text = ofSeconds("999999999.999").repeat(10_000) + ofSeconds("0.001").repeat(7);
    const bytes = utf8.encode(text);
    assert.equal(await assertSame(bytes, 100_000), 10_007);
    const report = (await linesOfOracle(NAME, bytes, OPTIONS)).at(-1);
    assert.ok(report !== undefined && "file" in report);
    const durationMs = 10_000n * 999_999_999_999n + 7n;
    assert.equal(report.file.computed.durationSeconds, Number(durationMs) / 1000);
  });

  it("are the same wherever the file is cut into chunks", async () => {
    const bytes = utf8.encode(usual(1) + usual(2));
    for (let size = 1; size <= bytes.length; size += 11) await assertSame(bytes, size);
  });

  it("are the same with lines that are too long, wherever they begin and end", async () => {
    const long = (length: number) => `{"id":"${"x".repeat(length - 7)}\n`;
    for (const length of [65_535, 65_536, 65_537, 1_048_575, 1_048_577, 2_200_000]) {
      for (const text of [usual(1) + long(length) + usual(2), long(length).trimEnd()]) {
        const bytes = utf8.encode(text);
        for (const size of [60_000, 2_000_000]) await assertSame(bytes, size);
      }
    }
  });

  it("take what inspect prints without an object, in more than one batch", async () => {
    const rows = 4_200;
    const bytes = utf8.encode(Array.from({ length: rows }, (_, at) => usual(at)).join(""));
    assert.equal(await assertSame(bytes, 100_000), rows);
  });

  it("are the same with texts of any length, and ids that fill their room", async () => {
    const [data = ""] = OF_EACH_SERVICE;
    const lines = [1, 15, 16, 17, 63, 64, 65, 98, 99, 1_000, 1_001].flatMap((length) => {
      const text = "x".repeat(length);
      const texts = [data.replace("own:0", text), data.replace("dev-7", text)];
      return [...texts, data.replace('"partial"', `"cause":"${text}","partial"`)];
    });
    const bytes = utf8.encode(lines.join(""));
    const { lines: read } = await linesByKernel(NAME, bytes, OPTIONS, 100_000, usualPlace);
    assert.deepEqual(read, await linesOfOracle(NAME, bytes, OPTIONS));
    // So short that a batch is full of them before its bytes are.
    const full = Array.from({ length: 4_100 }, (_, at) =>
      (OF_EACH_SERVICE[4] as string).replace("own:4", `${at}:`.padEnd(98, "x")),
    );
    assert.equal(await assertSame(utf8.encode(full.join("")), 1_000_000), full.length);
  });

  it("take what other programs write, with spaces and without milliseconds", async () => {
    const text = usual(5).replaceAll(",", ", ").replaceAll('":', '": ').replace(".985Z", "Z");
    assert.match(text, /"start": "[^"]{19}Z", /);
    assert.equal(await assertSame(utf8.encode(text), 100_000), 1);
  });
});
