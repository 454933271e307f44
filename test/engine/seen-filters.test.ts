import assert from "node:assert/strict";
import fc from "fast-check";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { foldEntries } from "../../node/engine/intake/fold-entries.ts";
import { SeenFilter } from "../../node/engine/intake/seen-filter.ts";
import { SeenFilters } from "../../node/engine/intake/seen-filters.ts";
import { SeenRun } from "../../node/engine/intake/seen-run.ts";
import { SeenSlices } from "../../node/engine/intake/seen-slices.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import { StoreSession } from "../../node/engine/store/store-session.ts";
import { encodeBytes } from "../../node/engine/store/stored-bytes.ts";

/** Made-up fingerprints, upper and lower halves in turn. */
function printsOf(count: number, seed: number): Uint32Array {
  const prints = new Uint32Array(2 * count);
  for (let at = 0; at < prints.length; at++) {
    const mixed = Math.imul(seed + at + 1, 0x9e3779b1);
    prints[at] = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca77) ^ (mixed >>> 13);
  }
  return prints;
}

function runOf(number: number, prints: Uint32Array, store = new MemoryStore()): SeenRun {
  const entries = new Uint32Array(2 * prints.length);
  for (let at = 0; at < prints.length; at += 2) {
    entries.set([prints[at] as number, prints[at + 1] as number, at, 1], 2 * at);
  }
  return SeenRun.put(new StoreSession(store), number, foldEntries(entries));
}

/** Which runs may hold a fingerprint, by number. */
function hitsOf(filters: SeenFilters, prints: Uint32Array): Map<number, number[]> {
  const hits = new Map<number, number[]>();
  filters.candidates(prints, (run, print) => {
    hits.set(print, [...(hits.get(print) ?? []), run.number]);
  });
  return hits;
}

describe("filters of the index of records seen", () => {
  it("know by slices what each knows by itself", () => {
    const filters = Array.from({ length: 8 }, (_, at) => {
      const filter = SeenFilter.empty(1_000);
      filter.mark(printsOf(1_000, 10_000 * at), 2);
      return filter;
    });
    const slices = new SeenSlices(filters[0]?.lines ?? 0);
    assert.deepEqual(
      filters.map((filter) => slices.add(filter)),
      [0, 1, 2, 3, 4, 5, 6, 7],
    );
    assert.ok(slices.isFull);
    const prints = printsOf(20_000, 0);
    const [at, marked] = [new Uint32Array(20_001), new Uint8Array(20_001)];
    const bySlices = new Map<number, number>();
    const count = slices.candidates(prints, at, marked);
    for (let i = 0; i < count; i++) bySlices.set(at[i] ?? 0, marked[i] ?? 0);
    const single = new Map<number, number>();
    for (const [slice, filter] of filters.entries()) {
      const own = filter.candidates(prints, at);
      for (let i = 0; i < own; i++) {
        single.set(at[i] ?? 0, (single.get(at[i] ?? 0) ?? 0) | (1 << slice));
      }
    }
    assert.ok(bySlices.size > 1_000);
    assert.deepEqual(
      [...bySlices].sort(([a], [b]) => a - b),
      [...single].sort(([a], [b]) => a - b),
    );
  });

  it("tell every run that holds a fingerprint, the oldest first, as runs come and go", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat({ max: 40 }), fc.constantFrom(300, 320, 900)), {
          minLength: 1,
          maxLength: 30,
        }),
        async (steps) => {
          const filters = new SeenFilters();
          let held: { run: SeenRun; prints: Uint32Array }[] = [];
          for (const [number, [step, size]] of steps.entries()) {
            // Some runs go, from the oldest on; as a merge does it.
            if (step < 12) held = held.slice(step);
            else {
              const prints = printsOf(size, 500 * number);
              held.push({ run: runOf(number, prints), prints });
            }
            filters.ask(held.map(({ run }) => run));
          }
          const all = Uint32Array.from(held.flatMap(({ prints }) => [...prints]));
          const hits = hitsOf(filters, all);
          let print = 0;
          for (const { run, prints } of held) {
            for (let at = 0; at < prints.length; at += 2, print += 2) {
              const found = hits.get(print) ?? [];
              assert.ok(found.includes(run.number), `${run.number} holds ${print}`);
              // Each once, and none that is not asked any more.
              const asked = held.map((one) => one.run.number);
              assert.deepEqual(
                found,
                asked.filter((number) => found.includes(number)),
              );
            }
          }
          const strangers = hitsOf(filters, printsOf(2_000, 5_000_000));
          assert.ok(strangers.size < 2 + held.length * 2, `${strangers.size} false hits`);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("are read as programs before format 9 stored them", async () => {
    const store = new MemoryStore();
    const session = new StoreSession(store);
    const prints = printsOf(3_000, 1);
    // Sixteen bits an entry, of which each lies anywhere in its line; nothing in the head says so.
    const lines = Math.ceil(3_000 / 32);
    const words = new Uint32Array(16 * lines);
    for (let at = 0; at < prints.length; at += 2) {
      const line = 16 * (((prints[at] as number) * lines * 2 ** -32) >>> 0);
      let bits = (prints[at + 1] as number) | 0;
      const step = Math.imul(bits, 0x9e3779b1) | 1;
      for (let i = 0; i < 8; i++) {
        const word = line + ((bits >>> 5) & 15);
        words[word] = (words[word] as number) | (1 << (bits & 31));
        bits = Math.imul(bits ^ (bits >>> 11), step);
      }
    }
    const bytes = (of: Uint32Array) => encodeBytes(new Uint8Array(of.buffer));
    session.putBytes(keys.seenFilter(7, 0), bytes(words));
    const firsts = [0, 2 ** 30, 2 ** 31];
    session.putBytes(keys.seenRun(7), bytes(Uint32Array.of(3, words.length, 3_000, ...firsts)));
    await session.commit();
    const run = await SeenRun.load(store, 7);
    assert.deepEqual([run.segments, run.entries, run.parts], [3, 3_000, 1]);
    assert.deepEqual(run.segmentsOf(2 ** 30 + 1), [keys.seenSegment(7, 1)]);
    const filters = new SeenFilters();
    filters.ask([runOf(6, printsOf(3_000, 90_000)), run]);
    const hits = hitsOf(filters, prints);
    for (let at = 0; at < prints.length; at += 2) assert.ok(hits.get(at)?.includes(7));
    const strangers = hitsOf(filters, printsOf(20_000, 5_000_000));
    assert.ok(strangers.size < 100, `${strangers.size} of 20,000 others`);
  });
});
