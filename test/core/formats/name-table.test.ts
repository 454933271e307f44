import assert from "node:assert/strict";
import fc from "fast-check";
import { NameTable } from "../../../node/core/formats/name-table.ts";
import { NAME_KEY } from "./name-key.ts";

const ascii = (name: string) => Uint8Array.from(name, (letter) => letter.charCodeAt(0));

describe("the table of a file's names", () => {
  it("gives each name one number, whatever comes between, and every number its name", () => {
    const name = fc.oneof(
      fc.string({ unit: "binary-ascii", maxLength: 6 }),
      fc.integer({ min: 0, max: 3_000 }).map((n) => `+4930${n}`),
    );
    fc.assert(
      fc.property(fc.array(name, { maxLength: 400 }), (names) => {
        const table = new NameTable(NAME_KEY);
        const numbers = new Map<string, number>();
        for (const one of names) {
          const bytes = ascii(`..${one}.`);
          const number = table.numberOf(bytes, 2, bytes.length - 1);
          if (one === "") assert.equal(number, 0);
          else assert.equal(number, numbers.get(one) ?? numbers.size + 1);
          if (one !== "") numbers.set(one, number);
          assert.equal(table.names[number], one);
        }
        assert.equal(table.names.length, numbers.size + 1);
      }),
    );
  });

  it("keeps its numbers while it grows", () => {
    const table = new NameTable(NAME_KEY);
    const ask = (n: number) => {
      const bytes = ascii(`number ${n}`);
      return table.numberOf(bytes, 0, bytes.length);
    };
    for (let n = 0; n < 5_000; n++) assert.equal(ask(n), n + 1);
    for (let n = 0; n < 5_000; n++) assert.equal(ask(n), n + 1);
  });

  it("is emptied between batches once it is full, and says so", () => {
    const table = new NameTable(NAME_KEY, 2);
    const ask = (name: string) => table.numberOf(ascii(name), 0, name.length);
    table.begin();
    assert.deepEqual([ask("a"), ask("b"), ask("c"), ask("a")], [1, 2, 3, 1]);
    const before = table.names;
    assert.equal(table.generation, 0);
    table.begin();
    assert.equal(table.generation, 1);
    assert.deepEqual([ask("c"), ask("a")], [1, 2]);
    assert.deepEqual(table.names, ["", "c", "a"]);
    assert.deepEqual(before, ["", "a", "b", "c"]);
  });
});
