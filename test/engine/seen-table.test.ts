import assert from "node:assert/strict";
import fc from "fast-check";
import { SeenTable } from "../../node/engine/intake/seen-table.ts";

/** Few slots, upper halves and lower halves, so that they meet; positions beyond 32 bits, too. */
const half = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 3 }).map((slot) => 8_192 * slot),
  fc.nat({ max: 0xffff_ffff }),
);
const position = fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: Number.MAX_SAFE_INTEGER }));
const nameOf = (high: number, low: number) => `${high}/${low}`;

describe("the table of records seen", () => {
  it("answers as a map does in which the first stays", () => {
    const added = fc.array(fc.tuple(half, half, position), { maxLength: 200 });
    fc.assert(
      fc.property(added, added, fc.boolean(), (entries, asked, isCleared) => {
        const table = new SeenTable();
        const map = new Map<string, number>();
        if (isCleared) {
          for (const [high, low, at] of asked) table.add(Uint32Array.of(high, low), 0, at);
          table.clear();
        }
        for (const [high, low, at] of entries) {
          table.add(Uint32Array.of(high, low), 0, at);
          if (!map.has(nameOf(high, low))) map.set(nameOf(high, low), at);
        }
        assert.equal(table.count, map.size);
        for (const [high, low] of [...entries, ...asked]) {
          assert.equal(table.find(Uint32Array.of(high, low), 0), map.get(nameOf(high, low)) ?? -1);
        }
      }),
    );
  });

  it("forgets what was added last, in whatever slots it lies, and knows whether it has any", () => {
    const steps = fc.array(fc.option(fc.tuple(half, half)), { maxLength: 120 });
    fc.assert(
      fc.property(steps, fc.array(fc.tuple(half, half), { maxLength: 3 }), (taken, asked) => {
        const table = new SeenTable();
        const names: string[] = [];
        for (const [at, step] of taken.entries()) {
          if (step === null) {
            if (names.pop() !== undefined) table.takeBack();
            continue;
          }
          const name = nameOf(...step);
          const isAdded = table.add(Uint32Array.of(...step), 0, at);
          assert.equal(isAdded, !names.includes(name));
          if (isAdded) names.push(name);
        }
        assert.equal(table.count, names.length);
        for (const step of taken) {
          if (step === null) continue;
          const isKnown = table.find(Uint32Array.of(...step), 0) >= 0;
          assert.equal(isKnown, names.includes(nameOf(...step)));
        }
        const hasAny = asked.some(([high, low]) => names.includes(nameOf(high, low)));
        assert.equal(table.hasAny(Uint32Array.from(asked.flat())), hasAny);
      }),
    );
  });

  it("knows all when it has grown, in the order in which they were added", () => {
    const table = new SeenTable();
    const count = 8_000;
    const high = (at: number) => Math.imul(at, 0x9e3779b1) >>> 0;
    for (let at = 0; at < count; at++) table.add(Uint32Array.of(high(at), at % 3_000), 0, at);
    const from = 7;
    const entries = table.entries(from);
    for (let at = from; at < count; at++) {
      assert.equal(table.find(Uint32Array.of(high(at), at % 3_000), 0), at);
      assert.equal(entries[4 * (at - from)], high(at));
    }
    assert.equal(table.find(Uint32Array.of(high(1), 2), 0), -1);
  });

  it("moves what was added from an entry on, and nothing before it or of other charges", () => {
    const table = new SeenTable();
    for (let at = 0; at < 10; at++) table.add(Uint32Array.of(at, at), 0, 100 + at);
    table.add(Uint32Array.of(10, 10), 0, 0);
    table.add(Uint32Array.of(11, 11), 0, 104);
    table.move(3, 102, Uint32Array.of(5, 4, 3, 2, 1, 0));
    const found = Array.from({ length: 12 }, (_, at) => table.find(Uint32Array.of(at, at), 0));
    assert.deepEqual(found, [100, 101, 102, 106, 105, 104, 103, 102, 108, 109, 0, 105]);
  });

  it("moves charges whose positions no longer fit 32 bits, or begin to be too long", () => {
    for (const first of [2 ** 32 - 2, 2 ** 32, 2 ** 32 - 4, 3 * 2 ** 32 + 5]) {
      const table = new SeenTable();
      for (let at = 0; at < 6; at++) table.add(Uint32Array.of(at, at), 0, first + at - 1);
      table.add(Uint32Array.of(6, 6), 0, first - 2 ** 32 < 0 ? 0 : first + 1 - 2 ** 32);
      const other = table.find(Uint32Array.of(6, 6), 0);
      table.move(0, first, Uint32Array.of(3, 2, 1, 0));
      const found = Array.from({ length: 7 }, (_, at) => table.find(Uint32Array.of(at, at), 0));
      const moved = [-1, 3, 2, 1, 0, 4].map((place) => first + place);
      assert.deepEqual(found, [...moved, other]);
    }
  });
});
