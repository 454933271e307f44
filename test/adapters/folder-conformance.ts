import assert from "node:assert/strict";
import fc from "fast-check";
import { type EntryFolder, foldHere } from "../../node/engine/intake/entry-folder.ts";
import { SEGMENT_BYTES } from "../../node/engine/intake/fold-entries.ts";
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

function valuesIn(segments: Uint8Array): Uint8Array[] {
  const values: Uint8Array[] = [];
  for (let from = 0; from < segments.length; from += SEGMENT_BYTES) {
    values.push(segments.subarray(from, from + SEGMENT_BYTES));
  }
  return values;
}

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
      const values = valuesIn(folded.segments);
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

  it("lays segments into memory of an earlier answer, be it as large, larger or too small", async () => {
    const folder = open();
    let memory: Uint8Array | undefined;
    for (const [at, count] of [2_000, 2_000, 700, 3_000].entries()) {
      const entries = madeEntries(count, at);
      const wanted = await foldHere.fold(entries);
      const folded = await folder.fold(entries, memory);
      assert.deepEqual(Uint8Array.from(folded.segments), wanted.segments);
      assert.deepEqual(folded.firsts, wanted.firsts);
      const filter = SeenFilter.shared(count).words;
      const words = Uint32Array.from(wordsOf(valuesIn(wanted.segments)));
      const merge = { inputs: [{ words, isEnd: true }], filter, memory: folded.segments };
      const merged = await folder.merge(merge);
      assert.deepEqual(Uint8Array.from(merged.segments), wanted.segments);
      memory = merged.segments;
    }
  });

  it("merges runs in order, the oldest entry of a fingerprint, as far as all of them are known", async () => {
    const folder = open();
    const entry = fc.tuple(fc.nat({ max: 3_000 }), fc.nat({ max: 1 }));
    const run = fc.record({
      prints: fc.uniqueArray(entry, {
        maxLength: 1_500,
        selector: ([high, low]) => 2 * high + low,
      }),
      isEnd: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 11 }), async (runs) => {
        const oldest = new Map<number, number[]>();
        let bound = Number.POSITIVE_INFINITY;
        const inputs = runs.map(({ prints, isEnd }, of) => {
          const rows = prints
            .sort(([a, b], [c, d]) => a - c || b - d)
            .map(([high, low], at) => [2 ** 20 * high, low, 10_000 * of + at, 1]);
          for (const row of rows) {
            const [high = 0, low = 0] = row;
            const print = 2 * high + low;
            if (!oldest.has(print)) oldest.set(print, row);
          }
          const [high = -1, low = 0] = rows.at(-1) ?? [];
          if (!isEnd) bound = Math.min(bound, 2 * high + low);
          return { words: Uint32Array.from(rows.flat()), isEnd };
        });
        const filter = SeenFilter.shared(16_500).words;
        const isWhole = runs.every(({ isEnd }) => isEnd);
        const known = [...oldest].filter(([print]) => print <= bound).sort(([a], [b]) => a - b);
        const count = isWhole ? known.length : 512 * Math.floor(known.length / 512);
        const expected = known.slice(0, count).map(([, row]) => row);
        const merged = await folder.merge({ inputs, filter });
        assert.equal(merged.isWhole, isWhole);
        assert.equal(merged.entries, count);
        const values = valuesIn(merged.segments);
        assert.deepEqual(wordsOf(values), expected.flat());
        const [high, low] = expected.at(-1) ?? [];
        assert.deepEqual(merged.last, count === 0 ? undefined : { high, low });
        assert.deepEqual(
          [...merged.firsts],
          expected.filter((_, at) => at % 512 === 0).map(([first]) => first),
        );
        const prints = Uint32Array.from(expected.flatMap(([a = 0, b = 0]) => [a, b]));
        const marked = new SeenFilter(filter).candidates(prints, new Uint32Array(count + 1));
        assert.equal(marked, count, "the filter knows all");
      }),
      { numRuns: 15 },
    );
  });
}
