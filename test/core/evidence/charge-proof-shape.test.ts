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
const ODD: unknown[] = [
  ...["", "0x", "0x00", `0x${"AB".repeat(32)}`, `0x${"ab".repeat(32)}\n`, "00", "+1", "1e3", " 1"],
  ...["9223372036854775808", "18446744073709551616", "9".repeat(39), "8640000000000001"],
  ...["é", "a\u202eb", "x".repeat(103), "\u0000", -1, 0.5, 256, 2 ** 32, 2 ** 53, NaN, null],
  ...[true, [], {}, closed, [closed], "340282366920938463463374607431768211456"],
];
const odd = fc.oneof(fc.constantFrom(...ODD), fc.string(), fc.integer());

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

  /** What is taken, the schema takes too, and leaves as it is. @returns whether it was taken */
  function judge(hostile: Json): boolean {
    if (!isChargeProof(hostile)) return false;
    const read = chargeProofSchema.safeParse(hostile);
    assert.ok(read.success, JSON.stringify(hostile));
    assert.deepEqual(read.data, hostile);
    return true;
  }

  it("takes no odd value in any place that the schema refuses or would change", () => {
    let taken = 0;
    let refused = 0;
    // The last ones hold everything that a line can hold.
    for (const one of [good[0], ...good.slice(-3)]) {
      for (const path of places(one)) {
        for (const value of ODD) {
          const hostile = changed(one, path, (parent, key) => {
            parent[key] = value;
          });
          if (judge(hostile)) taken++;
          else refused++;
        }
      }
    }
    assert.ok(refused > 3_000 && taken > 10);
  });

  it("takes nothing that lacks or has more than the schema wants", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...good),
        fc.nat(),
        fc.boolean(),
        odd,
        (one, seed, add, value) => {
          const all = places(one);
          const path = all[seed % all.length] as string[];
          judge(
            changed(one, path, (parent, key) => {
              if (Array.isArray(parent)) parent.splice(Number(key), add ? 0 : 1, value);
              else if (add) parent[`${key}2`] = value;
              else delete parent[key];
            }),
          );
        },
      ),
      { numRuns: 1000 },
    );
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
