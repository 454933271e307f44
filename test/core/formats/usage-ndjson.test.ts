import assert from "node:assert/strict";
import { parse, recognises } from "../../../node/core/formats/usage-ndjson.ts";
import { chunksOf, collect, sorted } from "./chunks.ts";

const RECORD = {
  id: "a:1",
  service: "voice",
  direction: "outgoing",
  start: "2024-03-05T10:00:00.000Z",
  durationSeconds: 1.5,
  bParty: "49",
  billable: true,
};
const lines = (...values: unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join("");

async function read(text: string, size?: number) {
  return sorted(await collect(parse(chunksOf(text, size), { file: "usage.ndjson" })));
}

describe("usage records as JSON lines", () => {
  it("reads back what inspect printed, with fields of later versions", async () => {
    const text = lines({ ...RECORD, later: 1 }, { file: { name: "x" } }, { ...RECORD, id: "a:2" });
    for (const size of [3, 1000]) {
      const { records, file } = await read(text, size);
      assert.deepEqual(records, [
        { ...RECORD, later: 1 },
        { ...RECORD, id: "a:2" },
      ]);
      assert.deepEqual(file.computed, { records: 2, billable: 2, durationSeconds: 3 });
    }
  });

  it("rejects lines in another encoding, whose ids would all be one", async () => {
    const line = (id: number[]) =>
      Buffer.concat([
        Buffer.from('{"id":"a'),
        Buffer.from(id),
        Buffer.from(lines(RECORD).slice(10)),
      ]);
    const bytes = Buffer.concat([line([0xff]), line([0xfe]), line([0xc3, 0xa4])]);
    const chunks = (async function* () {
      yield bytes;
    })();
    const read = parse(chunks, { file: "usage.ndjson" });
    const { records, rejected } = sorted(await collect(read));
    assert.deepEqual(
      rejected.map(({ code, line, field }) => [code, line, field]),
      [
        ["usage.not-utf8", 1, "id"],
        ["usage.not-utf8", 2, "id"],
      ],
    );
    assert.deepEqual(
      records.map(({ id }) => id),
      ["aä"],
    );
  });

  it("rejects what is no record and goes on", async () => {
    const bad: [string, string, string | undefined][] = [
      ["{nonsense\n", "usage.not-json", undefined],
      [lines({ ...RECORD, service: "fax" }), "usage.bad-record", "service"],
      [lines({ ...RECORD, start: "2024-03-05 10:00" }), "usage.bad-record", "start"],
      [lines({ ...RECORD, start: "2024-02-31T10:00:00Z" }), "usage.bad-record", "start"],
      [lines({ ...RECORD, durationSeconds: -1 }), "usage.bad-record", "durationSeconds"],
      [lines({ ...RECORD, id: "ü".repeat(50) }), "usage.bad-record", "id"],
      [`${"x".repeat(70_000)}\n`, "usage.line-too-long", undefined],
      [lines({ ...RECORD, id: "a\ud800" }), "json.half-character", undefined],
      [`{"id":"a","id":"b"}\n`, "json.duplicate-key", undefined],
      [lines(RECORD).replace("1.5", "15e-1"), "json.exponent", undefined],
      [lines(RECORD).replace("1.5", "9".repeat(200)), "json.number-too-long", undefined],
      [
        lines({ rejected: { code: "tap3.length-overflow", message: "m", position: 9 } }),
        "tap3.length-overflow",
        undefined,
      ],
    ];
    for (const [text, code, field] of bad) {
      const { records, rejected } = await read(text + lines(RECORD));
      assert.deepEqual(
        rejected.map((one) => [one.code, one.field]),
        [[code, field]],
      );
      assert.equal(records.length, 1);
    }
  });

  it("flags an id that is there twice", async () => {
    assert.deepEqual((await read(lines(RECORD, RECORD))).problems, ["file.duplicate-record"]);
  });

  it("is recognised by its first line", () => {
    assert.ok(recognises(new TextEncoder().encode(lines(RECORD))));
    assert.ok(!recognises(new TextEncoder().encode('{"tariff":1}')));
  });
});
