import assert from "node:assert/strict";
import fc from "fast-check";
import { parseStrictJson } from "../../../node/core/json/strict-json.ts";

const refused: [string, string, string][] = [
  ["a key that stands twice", '{"a":1,"a":2}', "json.duplicate-key"],
  ["one within another object", '[{"b":{"a":1,"c":[{}],"a":2}}]', "json.duplicate-key"],
  ["one that is written in two ways", '{"a":1,"\\u0061":2}', "json.duplicate-key"],
  ["one after an array of objects", '{"a":[{"a":1},{"a":1}],"a":2}', "json.duplicate-key"],
  ["an exponent", '{"a":6e1}', "json.exponent"],
  ["a large exponent", "1E400", "json.exponent"],
  ["a number of 200 digits", "9".repeat(200), "json.number-too-long"],
  ["an integer that a double does not keep", "9007199254740993", "json.number-inexact"],
  ["decimals that a double does not keep", "0.12345678901234567891", "json.number-inexact"],
  ["what is no number", '{"a":NaN}', "json.malformed"],
  ["an infinite one", '{"a":Infinity}', "json.malformed"],
  ["two values", "1 2", "json.malformed"],
  ["nothing", "", "json.malformed"],
  ["half of a character", '{"id":"a\\ud800"}', "json.half-character"],
  ["its other half, among others", '["\\ud83d\\uDE00\\uDe00",1.50]', "json.half-character"],
  ["half of one in a key", '{ "\\uDBFFx" : 1 }', "json.half-character"],
  ["what is nested too deep", nested(65), "json.too-deep"],
  ["what is nested deeper than a stack", nested(200_000), "json.too-deep"],
  ["what is nested too deep in another way", `[${"[],".repeat(99)}${nested(64)}]`, "json.too-deep"],
];

const writtenPlainly: [string, string, string][] = [
  ["an exponent as programs write it", '{"a":1e-7}', "json.exponent"],
  ["a large one", '{"a":1e+21}', "json.exponent"],
];
refused.push(...writtenPlainly);

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

describe("strict JSON", () => {
  it("reads what is nested, and what only looks so", () => {
    for (const text of [nested(64), `[${"[],".repeat(99)}0]`, `"${"[{".repeat(999)}"`]) {
      assert.deepEqual(parseStrictJson(text), JSON.parse(text));
    }
  });

  it("passes over a byte order mark at the beginning, and nowhere else", () => {
    assert.deepEqual(parseStrictJson('\ufeff{"a":1}'), { a: 1 });
    assert.throws(() => parseStrictJson('{"a":\ufeff1}'), { code: "json.malformed" });
    assert.throws(() => parseStrictJson('\ufeff{"a":1,"a":2}'), { code: "json.duplicate-key" });
  });

  it("reads whole characters however they are escaped, and what only looks like half of one", () => {
    for (const text of [
      '"\\ud83d\\ude00"',
      '["\\uD83D\\uDE00"]',
      '{"\\\\ud800":"\\\\\\\\udc00"}',
    ]) {
      assert.deepEqual(parseStrictJson(text), JSON.parse(text));
    }
  });

  it("reads a string of any length", () => {
    const texts = ["x".repeat(20_000_000), "\\n".repeat(1_000_000), '\\"', "\\\\"];
    for (const text of texts) {
      assert.equal((parseStrictJson(`{ "a" : "${text}", "b" : 1 }`) as { b: number }).b, 1);
    }
  });

  it("is read as JSON is", () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false } as object), (text) => {
        const numbers = text.match(/[eE][+-]?\d/) !== null;
        if (numbers) return;
        let strict: unknown;
        try {
          strict = parseStrictJson(text);
        } catch (error) {
          assert.match((error as { code: string }).code, /^json\.(duplicate-key|exponent|number)/);
          return;
        }
        assert.deepEqual(strict, JSON.parse(text));
      }),
    );
  });

  it("keeps numbers that are written exactly", () => {
    for (const text of ["0", "-0.5", "213.4", "9007199254740992", "1.50", "123456789012345.0"]) {
      assert.equal(parseStrictJson(text), Number(text));
    }
  });

  it("lets the same key stand in different objects, and in strings", () => {
    const text = '{"a":{"a":1},"b":[{"a":1},{"a":"{\\"a\\":1,\\"a\\":2}"}]}';
    assert.deepEqual(parseStrictJson(text), JSON.parse(text));
  });

  for (const [what, text, code] of refused) {
    it(`refuses ${what}`, () => assert.throws(() => parseStrictJson(text), { code }));
  }

  it("says in which line", () => {
    assert.throws(
      () => parseStrictJson('{\n"a":1,\n"a":2\n}'),
      (error: { place: object }) => {
        assert.deepEqual(error.place, { line: 3 });
        return true;
      },
    );
  });
});
