import { strict as assert } from "node:assert";
import fc from "fast-check";
import { chargeProofSchema } from "../../../node/core/evidence/bundle.ts";
import { isChargeProof } from "../../../node/core/evidence/charge-proof-shape.ts";
import { sampleBundle } from "../../client-app/sample-bundle.ts";

type Json = Record<string, unknown>;
const { charges } = sampleBundle({ endpoints: [] }).bundle;
const closed = { digest: `0x${"ab".repeat(32)}` };
const move = { scope: "0x0102030405060708", scopeSequence: "1", counterBefore: "0" };
const good: unknown[] = [
  ...charges,
  { ...charges[0], account: closed, party: closed, charge: closed },
  { ...charges[0], party: { ...charges[0]?.party, type: 3, text: "internet.example" } },
  { ...charges[0], charge: { ...charges[0]?.charge, counters: [move, move] } },
];

/** Values that a hostile or careless file puts where something else belongs. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    ...[
      "",
      "0x",
      "0x00",
      `0x${"AB".repeat(32)}`,
      `0x${"ab".repeat(32)}\n`,
      "00",
      "+1",
      "1e3",
      " 1",
    ],
    ...["9223372036854775808", "18446744073709551616", "9".repeat(39), "8640000000000001"],
    ...["é", "a\u202eb", "x".repeat(103), "\u0000", -1, 0.5, 256, 2 ** 32, 2 ** 53, NaN, null],
    ...[true, [], {}, closed, [closed], "340282366920938463463374607431768211456"],
  ),
  fc.string(),
  fc.integer(),
);

/** Every place in a value, as a path of keys. */
function places(value: unknown): string[][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    [key],
    ...places(inner).map((path) => [key, ...path]),
  ]);
}

function changed(value: unknown, path: string[], change: (parent: Json, key: string) => void) {
  const copy = structuredClone(value) as Json;
  const key = path.at(-1) as string;
  const parent = path.slice(0, -1).reduce<Json>((at, step) => at[step] as Json, copy);
  change(parent, key);
  return copy;
}

describe("the plain shape of a line's proof", () => {
  it("takes every line that a bundle has", () => {
    for (const one of good) {
      assert.ok(isChargeProof(one));
      assert.deepEqual(chargeProofSchema.parse(one), one);
    }
  });

  it("takes nothing that the schema refuses or would change", () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.constantFrom(...good), fc.nat(), fc.nat(2), odd, (one, seed, kind, value) => {
        const all = places(one);
        const path = all[seed % all.length] as string[];
        const hostile = changed(one, path, (parent, key) => {
          if (kind === 0) parent[key] = value;
          else if (Array.isArray(parent)) parent.splice(Number(key), kind === 1 ? 1 : 0, value);
          else if (kind === 1) delete parent[key];
          else parent[`${key}2`] = value;
        });
        if (!isChargeProof(hostile)) {
          refused++;
          return;
        }
        const read = chargeProofSchema.safeParse(hostile);
        assert.ok(read.success);
        assert.deepEqual(read.data, hostile);
      }),
      { numRuns: 3000 },
    );
    assert.ok(refused > 1000);
  });

  it("refuses what is no object, and more counters or steps than there can be", () => {
    const [first] = charges;
    for (const none of [null, undefined, 1, "x", [], [first]]) assert.ok(!isChargeProof(none));
    const counters = [move, move, move];
    assert.ok(!isChargeProof({ ...first, charge: { ...first?.charge, counters } }));
    const path = new Array(21).fill(first?.path[0]);
    assert.ok(!isChargeProof({ ...first, path }));
  });
});
