import assert from "node:assert/strict";
import { z } from "zod";
import { firstShapeProblem, shapeProblems } from "../../../node/core/json/shape-words.ts";

const money = z.string().regex(/^\d+$/, 'expected money such as "12.50"');
const schema = z.strictObject({
  name: z.string().min(2),
  price: z.union([money, z.strictObject({ amount: money, per: z.int().positive() })]),
  kind: z.enum(["voice", "data"]).optional(),
  list: z.array(z.string()).max(1).optional(),
  of: z.discriminatedUnion("type", [z.strictObject({ type: z.literal("a") })]).optional(),
});
const good = { name: "ok", price: "1" };

function problemsOf(input: unknown) {
  const result = schema.safeParse(input);
  assert.equal(result.success, false);
  return (result.error?.issues ?? []).flatMap((issue) => shapeProblems(issue, input));
}

describe("what is wrong with a document's shape", () => {
  const cases: [string, unknown, string, RegExp][] = [
    ["a field that is missing", { price: "1" }, "name", /text.*missing/],
    ["a value of another type", { ...good, name: 5 }, "name", /text.*it is 5/],
    ["a text that is too short", { ...good, name: "x" }, "name", /at least 2 characters.*"x"/],
    [
      "a word that is none of the list",
      { ...good, kind: "fax" },
      "kind",
      /"voice" or "data".*"fax"/,
    ],
    ["a list that is too long", { ...good, list: ["a", "b"] }, "list", /at most 1 entry.*a list/],
    ["what the schema's author says", { ...good, price: "x" }, "price", /money such as/],
    [
      "the alternative that was meant",
      { ...good, price: { amount: "1", per: 0 } },
      "price.per",
      /more than 0.*it is 0/,
    ],
    [
      "a value of no alternative's kind",
      { ...good, price: 5 },
      "price",
      /text.* or an object.*it is 5/,
    ],
    [
      "a discriminator that is not known",
      { ...good, of: { type: "b" } },
      "of.type",
      /known "type"/,
    ],
    ["the whole", [], "", /an object.*an empty list/],
  ];
  for (const [what, input, place, words] of cases) {
    it(`says ${what}`, () => {
      const [problem, ...others] = problemsOf(input);
      assert.deepEqual(others, []);
      assert.equal(problem?.path.join("."), place);
      assert.match(problem?.says ?? "", words);
      assert.doesNotMatch(problem?.says ?? "", /Invalid|Too (big|small)/);
    });
  }

  it("names each key that is not known, also within an alternative", () => {
    assert.deepEqual(
      problemsOf({ ...good, a: 1, b: 2 }).map(({ unknownKey, path }) => [unknownKey, path]),
      [
        ["a", ["a"]],
        ["b", ["b"]],
      ],
    );
    const [inner] = problemsOf({ ...good, price: { amount: "1", per: 1, percent: 3 } });
    assert.deepEqual(inner?.path, ["price", "percent"]);
  });

  it("gives the first one alone", () => {
    const result = schema.safeParse({});
    assert.ok(!result.success);
    assert.equal(firstShapeProblem(result.error, {}).field, "name");
  });
});
