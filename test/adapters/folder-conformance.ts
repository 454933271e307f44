import assert from "node:assert/strict";
import { type EntryFolder, SEGMENT_BYTES } from "../../node/engine/intake/fold-entries.ts";
import { SeenFilter } from "../../node/engine/intake/seen-filter.ts";
import { readBytes } from "../../node/engine/store/stored-bytes.ts";

/** Entries of made-up fingerprints, all different. */
export function madeEntries(count: number, seed: number): Uint32Array {
  const entries = new Uint32Array(new SharedArrayBuffer(16 * count));
  for (let at = 0; at < count; at++) {
    const mixed = Math.imul(seed + at + 1, 0x9e3779b1);
    entries.set([mixed >>> 0, Math.imul(mixed, 0x85ebca77) >>> 0, at, 1], 4 * at);
  }
  return entries;
}

const wordsOf = (values: Uint8Array[]): number[] =>
  values.flatMap((value) => [...new Uint32Array(readBytes("made", value).buffer)]);

/** What every folder does, here or in a thread. */
export function folderConformance(open: () => EntryFolder): void {
  it("gives every entry in order, in whole values, with directory and filter, and leaves what it had", async () => {
    const folder = open();
    const counts = [1, 511, 512, 513, 5_000];
    const asked = counts.map((count) => {
      const entries = madeEntries(count, count);
      return { entries, before: Uint32Array.from(entries), folded: folder.fold(entries) };
    });
    for (const { entries, before, folded: later } of asked) {
      const folded = await later;
      assert.deepEqual(entries.slice(), before);
      assert.equal(folded.entries, entries.length / 4);
      const values: Uint8Array[] = [];
      for (let from = 0; from < folded.segments.length; from += SEGMENT_BYTES) {
        values.push(folded.segments.subarray(from, from + SEGMENT_BYTES));
      }
      const rows = Array.from({ length: entries.length / 4 }, (_, at) => [
        ...before.subarray(4 * at, 4 * at + 4),
      ]).sort(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d);
      assert.deepEqual(wordsOf(values), rows.flat());
      assert.deepEqual(
        [...folded.firsts],
        rows.filter((_, at) => at % 512 === 0).map(([high]) => high),
      );
      assert.deepEqual(wordsOf(folded.parts), [...folded.filter]);
      const prints = Uint32Array.from(rows.flatMap(([high = 0, low = 0]) => [high, low]));
      const others = Uint32Array.from(rows.flatMap(([high = 0, low = 0]) => [low, high]));
      const candidates = new Uint32Array(rows.length + 1);
      const filter = new SeenFilter(folded.filter);
      assert.equal(filter.candidates(prints, candidates), rows.length, "the filter knows all");
      const falseHits = filter.candidates(others, candidates);
      assert.ok(falseHits <= 2 + rows.length / 300, `${falseHits} of ${rows.length} others`);
    }
  });
}
