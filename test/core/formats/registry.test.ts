import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { FORMATS, formatByName, recogniseFormat } from "../../../node/core/formats/registry.ts";

const CALLS = `<calls count="1"><call number="1" duration="2" date="3" type="2" /></calls>`;
const BILL = "line,other_party,start,amount_usd\n1,1,2024-01-01 10:00:00,0.1\n";

describe("the formats that are understood", () => {
  it("are found by name, each its own", () => {
    for (const format of FORMATS) assert.equal(formatByName(format.name), format);
    assert.equal(new Set(FORMATS.map(({ name }) => name)).size, FORMATS.length);
    assert.throws(() => formatByName("tap99"), { code: "format.unknown-name" });
  });

  it("are recognised by content, by one format each", () => {
    const heads = [CALLS, BILL, '{"id":"a","service":"sms"}\n'].map((text) =>
      new TextEncoder().encode(text),
    );
    const names = ["android-calls-xml", "bill-csv", "usage-ndjson"];
    assert.deepEqual(
      heads.map((head) => recogniseFormat(head, "f").name),
      names,
    );
    for (const head of heads) {
      assert.equal(FORMATS.filter((format) => format.recognises(head)).length, 1);
    }
  });

  it("refuse what none of them knows", () => {
    assert.throws(() => recogniseFormat(new TextEncoder().encode("hello\n"), "f"), {
      code: "format.not-recognised",
    });
    assert.throws(() => recogniseFormat(new Uint8Array(0), "f"), { code: "format.empty-file" });
  });

  it("tell a compressed file from an unknown one", () => {
    const zipped = gzipSync("hello\n");
    assert.throws(() => recogniseFormat(zipped, "f"), { code: "format.compressed" });
    const cut = zipped.subarray(0, 2);
    assert.throws(() => recogniseFormat(cut, "f"), { code: "format.not-recognised" });
  });
});
