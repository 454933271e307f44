import assert from "node:assert/strict";
import { HEAD_BYTES, headOf } from "../../../node/core/formats/file-head.ts";
import { recogniseFormat } from "../../../node/core/formats/registry.ts";
import { chunksOf, collect, sorted } from "./chunks.ts";

const RECORD =
  '{"id":"a:1","service":"sms","direction":"outgoing","start":"2026-09-05T10:00:00.000Z","billable":true}\n';
/** A line of so many bytes, with its end. */
const long = (bytes: number): string => `{"payload":"${"x".repeat(bytes - 15)}"}\n`;
const SIZES = [7_919, 65_536, 262_144];

async function formatOf(text: string, size: number): Promise<string> {
  try {
    return recogniseFormat(await headOf(chunksOf(text, size)), "f").name;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("what decides about a file's format", () => {
  it("is its first bytes, and no more of it is read", async () => {
    let read = 0;
    async function* counted(text: string) {
      for await (const chunk of chunksOf(text, 10_000)) {
        read += chunk.length;
        yield chunk;
      }
    }
    const head = await headOf(counted(RECORD.repeat(3_000)));
    assert.equal(Buffer.from(head).toString(), RECORD.repeat(3_000).slice(0, HEAD_BYTES));
    assert.ok(read < HEAD_BYTES + 10_000, `${read}`);
    read = 0;
    assert.equal((await headOf(counted("x".repeat(300_000)))).length, HEAD_BYTES);
    assert.ok(read < HEAD_BYTES + 10_000, `${read}`);
    assert.equal((await headOf(chunksOf(""))).length, 0);
  });

  it("comes behind first lines that are longer than a record can be", async () => {
    for (const bytes of [65_537, 65_538, 131_072, 200_000, 1_000_000]) {
      for (const size of SIZES) {
        const name = `${bytes} by ${size}`;
        assert.equal(await formatOf(long(bytes) + RECORD, size), "usage-ndjson", name);
        assert.equal(await formatOf(`\ufeff${long(bytes)}${RECORD}`, size), "usage-ndjson", name);
        assert.equal(await formatOf(long(bytes).repeat(2) + RECORD, size), "usage-ndjson", name);
        assert.equal(await formatOf(long(bytes) + RECORD.trimEnd(), size), "usage-ndjson", name);
      }
    }
  });

  it("is not there where no line can be a record, or none is one", async () => {
    for (const size of SIZES) {
      const unknown = "format.not-recognised";
      assert.equal(await formatOf(long(300_000), size), unknown);
      assert.equal(await formatOf(long(300_000).trimEnd(), size), unknown);
      assert.equal(await formatOf(`${long(300_000)}a "service": none\n`, size), unknown);
      assert.equal(await formatOf(`${long(300_000)}{"kind":"call"}\n${RECORD}`, size), unknown);
      assert.equal(await formatOf(`${"x".repeat(300_000)}\n${RECORD}`, size), unknown);
      // So far nobody looks.
      assert.equal(await formatOf(long(5_000_000) + RECORD, size), unknown);
    }
  });

  it("lets the long line be rejected with its place, and the others be taken", async () => {
    const text = long(100_000) + RECORD + RECORD.replace("a:1", "a:2");
    const format = recogniseFormat(await headOf(chunksOf(text)), "f");
    assert.ok(format.kind === "usage");
    const lines = await collect(format.parse(chunksOf(text), { file: "f" }));
    const { records, rejected } = sorted(lines);
    assert.deepEqual(
      records.map(({ id }) => id),
      ["a:1", "a:2"],
    );
    assert.deepEqual(
      rejected.map(({ code, line, byte }) => [code, line, byte]),
      [["usage.line-too-long", 1, 0]],
    );
  });
});
