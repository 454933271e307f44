import assert from "node:assert/strict";
import fc from "fast-check";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { type EntryFolder, foldHere } from "../../node/engine/intake/entry-folder.ts";
import { SEEN } from "../../node/engine/intake/fingerprint.ts";
import type { FoldedEntries } from "../../node/engine/intake/fold-entries.ts";
import type { MergedEntries, MergeTask } from "../../node/engine/intake/merge-entries.ts";
import { SeenIndex } from "../../node/engine/intake/seen-index.ts";
import { readSeenRuns } from "../../node/engine/intake/seen-runs.ts";
import { StoreSession } from "../../node/engine/store/store-session.ts";
import { BYTES_HEADER } from "../../node/engine/store/stored-bytes.ts";
import { EngineScene } from "./engine-scene.ts";

const NOW = 1_800_000_000;
const NAMES = 500;
const MEMORY_ENTRIES = 8;
const UNIT_MAX = 30;

/** Folds and merges when it is told to, as a thread does at a time of its own. */
class LateFolder implements EntryFolder {
  #waiting: { go: () => void; fail: (error: Error) => void }[] = [];
  folds = 0;
  merges = 0;

  fold(entries: Uint32Array): Promise<FoldedEntries> {
    return this.#later(() => {
      this.folds++;
      return foldHere.fold(entries);
    });
  }

  merge(task: MergeTask): Promise<MergedEntries> {
    return this.#later(() => {
      this.merges++;
      return foldHere.merge(task);
    });
  }

  #later<T>(work: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ go: () => resolve(work()), fail: reject });
    });
  }

  go(): void {
    for (const { go } of this.#waiting.splice(0)) go();
  }

  fail(): void {
    for (const { fail } of this.#waiting.splice(0)) fail(new Error("the thread ended"));
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }
}

/** What happens to one unit of work, and what the thread does before it. */
const unit = fc.record({
  names: fc.array(fc.nat({ max: NAMES - 1 }), { maxLength: UNIT_MAX }),
  thread: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom("folds" as const, "works on" as const) },
    { weight: 1, arbitrary: fc.constant("fails" as const) },
  ),
  end: fc.oneof(
    { weight: 10, arbitrary: fc.constant("is written" as const) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("is lost" as const, "is written, then all ends" as const),
    },
    // Of a file that is not known to be whole, a further unit is gathered before the first is saved.
    {
      weight: 2,
      arbitrary: fc.constantFrom("is held, then given up" as const, "is held, then saved" as const),
    },
  ),
});

describe("the index of records seen while it folds", () => {
  it("answers as a map does, with each unit under way, written or lost, whenever a fold is done", async () => {
    const scene = await EngineScene.open({ seenEntriesInMemory: MEMORY_ENTRIES });
    let [folds, waits, merges, merged, givenUp] = [0, 0, 0, 0, 0];
    await fc.assert(
      fc.asyncProperty(fc.array(unit, { minLength: 60, maxLength: 80 }), async (units) => {
        const store = new MemoryStore();
        const entryFolder = new LateFolder();
        const context = { ...scene.context, store, entryFolder };
        let session = new StoreSession(store);
        let index = await SeenIndex.load(context, session, NOW);
        await session.commit();
        let durable = new Map<number, number>();
        const printsOf = (names: readonly number[]) =>
          Uint32Array.from(
            names.flatMap((name) => {
              index.prints.fingerprint(SEEN.id, `record-${name}`);
              return [index.prints.high, index.prints.low];
            }),
          );
        const all = Array.from({ length: NAMES }, (_, name) => name);
        const prints = printsOf(all);
        const check = async (known: ReadonlyMap<number, number>) => {
          await index.recall(prints);
          for (const name of all) {
            const found = index.find(prints, 2 * name);
            assert.equal(found, known.get(name), `record ${name}`);
          }
        };
        /** Neither memory nor stretches keep what is in runs. */
        const checkSize = async () => {
          const bound = 4 * MEMORY_ENTRIES + 4 * UNIT_MAX;
          assert.ok(index.inMemory < bound, `${index.inMemory} are in memory`);
          let stored = 0;
          for await (const { value } of store.scan({ from: "seen/", to: "seen0" })) {
            stored += (value.length - BYTES_HEADER) / 16;
          }
          assert.ok(stored <= index.inMemory, `${stored} are stored, ${index.inMemory} in memory`);
        };
        const restart = async () => {
          entryFolder.fail();
          session = new StoreSession(store);
          index = await SeenIndex.load(context, session, NOW);
        };
        let position = 1;
        /** Adds a unit of work, whose charges are laid in the opposite order. @returns what is known with it */
        const gathered = async (names: readonly number[], before: ReadonlyMap<number, number>) => {
          const known = new Map(before);
          await index.recall(printsOf(names));
          const first = position;
          for (const name of names) {
            const found = index.find(prints, 2 * name);
            assert.equal(found, known.get(name), `record ${name}`);
            if (found !== undefined) continue;
            index.add(prints, 2 * name, position);
            known.set(name, position++);
          }
          const count = position - first;
          index.move(
            first,
            Uint32Array.from({ length: count }, (_, row) => count - 1 - row),
          );
          for (const [name, at] of known)
            if (at >= first) known.set(name, 2 * first + count - 1 - at);
          return known;
        };
        for (const { names, thread, end } of units) {
          if (thread === "folds") entryFolder.go();
          if (thread === "fails" && entryFolder.isWaiting) {
            entryFolder.fail();
            // Its end is told by now.
            await new Promise(setImmediate);
            let isRefused = false;
            const refused = assert.rejects(index.save(session, NOW), /the thread ended/);
            void refused.finally(() => {
              isRefused = true;
            });
            // A merge that was still reading asks the thread only now.
            for (; !isRefused; await new Promise(setImmediate)) entryFolder.fail();
            await refused;
            await restart();
          }
          const known = await gathered(names, durable);
          if (end.startsWith("is held")) {
            const upTo = index.gathered;
            const further = await gathered(
              names.map((name) => (name + 1) % NAMES),
              known,
            );
            await check(further);
            if (end === "is held, then given up") {
              assert.equal(index.takeBack(), true);
              givenUp++;
              await check(durable);
              continue;
            }
            entryFolder.go();
            await index.save(session, NOW, upTo);
            assert.equal(index.takeBack(), false);
            await session.commit();
            index.noteDurable();
            durable = known;
            await check(further);
            assert.equal(index.takeBack(), true);
            await check(durable);
            continue;
          }
          // A full table is taken before the one that is folded is done: then the unit waits for it.
          const saved = index.save(session, NOW);
          let isSaved = false;
          saved.then(() => {
            isSaved = true;
          });
          for (let turn = 0; turn < 20 && !isSaved; turn++) await new Promise(setImmediate);
          if (!isSaved) {
            waits++;
            entryFolder.go();
          }
          await saved;
          const written = session.detach();
          await check(known);
          if (end === "is lost") {
            await restart();
            await check(durable);
            continue;
          }
          await written.write();
          index.noteDurable();
          await check(known);
          await checkSize();
          durable = known;
          if (end === "is written") continue;
          await restart();
          await check(durable);
        }
        folds += entryFolder.folds;
        merges += entryFolder.merges;
        if ((await readSeenRuns(store)).runs.some(({ level }) => level > 0)) merged++;
      }),
      { numRuns: 5 },
    );
    const counts = `${folds} folds, ${waits} waits, ${merges} merges, ${merged} merged, ${givenUp} given up`;
    assert.ok(folds > 50 && waits > 5 && merges > 0 && merged > 0 && givenUp > 5, counts);
  });
});
