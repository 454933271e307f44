import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalJson } from "../../../node/core/tariff/canonical-json.ts";

const tree = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string({ unit: "grapheme" }),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 4 }),
  ),
})).value;

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

describe("canonical JSON", () => {
  it("sorts members and writes nothing between them", () => {
    assert.equal(
      canonicalJson({ b: [1, true, null], a: { d: "x", c: -0 } }),
      '{"a":{"c":0,"d":"x"},"b":[1,true,null]}',
    );
  });

  it("escapes and sorts strings as in the example of RFC 8785, 3.2.2 and 3.2.3", () => {
    assert.equal(
      canonicalJson({ string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"/" }),
      '{"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
    const sorted = canonicalJson({
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    });
    assert.deepEqual(Object.values(JSON.parse(sorted) as object).slice(0, 2), [
      "One",
      "Carriage Return",
    ]);
    assert.ok(sorted.indexOf("Emoji") < sorted.indexOf("Hebrew"));
  });

  it("is the same whatever the order of members, and reads back as the same value", () => {
    fc.assert(
      fc.property(tree, (value) => {
        const text = canonicalJson(value);
        assert.equal(canonicalJson(reversed(value)), text);
        assert.equal(canonicalJson(JSON.parse(text)), text);
      }),
    );
  });

  it("refuses fractions, unsafe integers and half surrogate pairs", () => {
    for (const value of [0.1, Number.NaN, 2 ** 53, "\ud83d", undefined, 1n]) {
      assert.throws(() => canonicalJson([value]), { code: "json.not-canonical" });
    }
  });
});
