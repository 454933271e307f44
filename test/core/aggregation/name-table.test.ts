import assert from "node:assert/strict";
import { NameTable } from "../../../node/core/aggregation/name-table.ts";
import { NAME_KEY, nameKeyOf } from "../formats/name-key.ts";

const utf8 = new TextEncoder();
const numberIn = (table: NameTable, name: string): number => {
  const bytes = utf8.encode(name);
  return table.find(bytes, 0, bytes.length);
};

/** The hash without a key, by which events are kept in parts: folders on disk rest on it. */
function lastingHashOf(name: string): number {
  let hash = 5381;
  for (const byte of utf8.encode(name)) hash = (Math.imul(hash, 33) ^ byte) | 0;
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

describe("the table of devices", () => {
  it("passes few slots for names that were made to share one by what anybody can compute", () => {
    const names: string[] = [];
    for (let at = 0; names.length < 400; at++) {
      if ((lastingHashOf(`lamp-${at}`) & 0x7ff) === 0) names.push(`lamp-${at}`);
    }
    const table = new NameTable(NAME_KEY);
    for (const _ of [1, 2]) {
      for (const [at, name] of names.entries()) assert.equal(numberIn(table, name), at);
    }
    assert.ok(table.passedSlots < 2 * names.length, `${table.passedSlots}`);
  });

  it("gives the same numbers under every key, and parts that no key changes, while it grows", () => {
    const tables = [NAME_KEY, nameKeyOf(7)].map((key) => new NameTable(key));
    for (const table of tables) {
      for (let at = 0; at < 5_000; at++) assert.equal(numberIn(table, `lamp-${at}`), at);
      for (let at = 0; at < 5_000; at++) {
        assert.equal(numberIn(table, `lamp-${at}`), at);
        assert.equal(table.lastingHashOf(at), lastingHashOf(`lamp-${at}`));
      }
    }
    // Of a folder that was begun by an earlier version.
    const [table] = tables as [NameTable];
    assert.deepEqual(
      [0, 1, 4_999].map((at) => table.lastingHashOf(at)),
      [166_658_822, 906_705_085, -728_152_793],
    );
  });

  it("tells what is no name", () => {
    const table = new NameTable(NAME_KEY);
    assert.equal(numberIn(table, "x".repeat(64)), 0);
    for (const name of ["x".repeat(65), '"quoted"']) assert.equal(numberIn(table, name), -1);
    assert.equal(table.find(Uint8Array.of(0xff, 0xfe), 0, 2), -1);
  });
});
