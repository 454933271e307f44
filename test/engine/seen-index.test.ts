import assert from "node:assert/strict";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { SEEN } from "../../node/engine/intake/fingerprint.ts";
import { mergeEntries } from "../../node/engine/intake/merge-entries.ts";
import { ENTRY_WORDS } from "../../node/engine/intake/seen-entry.ts";
import { SeenIndex } from "../../node/engine/intake/seen-index.ts";
import { SeenRunWriter } from "../../node/engine/intake/seen-run-writer.ts";
import { readSeenRuns } from "../../node/engine/intake/seen-runs.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import { StoreSession } from "../../node/engine/store/store-session.ts";
import { readBytes } from "../../node/engine/store/stored-bytes.ts";
import { EngineScene, RECORD_AGE_MAX_SECONDS } from "./engine-scene.ts";

const COUNT = 3_000;
const NOW = 1_800_000_000;

/** An index whose memory is folded every 256 entries, and the store behind it. */
async function filled() {
  const scene = await EngineScene.open({ seenEntriesInMemory: 256 });
  const store = new MemoryStore();
  const context = { ...scene.context, store };
  const session = new StoreSession(store);
  const index = await SeenIndex.load(context, session, NOW);
  for (let at = 0; at < COUNT; at++) {
    index.prints.fingerprint(SEEN.id, `record-${at}`);
    index.add(printOf(index), 0, at);
    if (at % 100 !== 99) continue;
    await index.save(session, NOW);
    await session.commit();
  }
  return { context, store, index };
}

async function positionsOf(index: SeenIndex, names: string[]): Promise<(number | undefined)[]> {
  const prints = printsOf(index, names);
  await index.recall(prints);
  return names.map((_, at) => index.find(prints, 2 * at));
}

function printsOf(index: SeenIndex, names: string[]): Uint32Array {
  return Uint32Array.from(
    names.flatMap((name) => {
      index.prints.fingerprint(SEEN.id, name);
      return [...printOf(index)];
    }),
  );
}

/** The fingerprint that was taken last. */
const printOf = ({ prints }: SeenIndex) => Uint32Array.of(prints.high, prints.low);

const names = Array.from({ length: COUNT }, (_, at) => `record-${at}`);

describe("the index of records seen", () => {
  it("finds each where it was first seen, in memory or in runs on disk, after a restart too", async () => {
    const { context, store, index } = await filled();
    const wanted = names.map((_, at) => at);
    assert.deepEqual(await positionsOf(index, names), wanted);
    const again = await SeenIndex.load(context, new StoreSession(store), NOW);
    assert.deepEqual(await positionsOf(again, names), wanted);
  });

  it("does not find what was never added, nor the same text of another kind", async () => {
    const { index } = await filled();
    const strangers = names.map((name) => `${name}-other`);
    assert.ok((await positionsOf(index, strangers)).every((position) => position === undefined));
    index.prints.fingerprint(SEEN.content, "record-1");
    await index.recall(printOf(index));
    assert.equal(index.find(printOf(index), 0), undefined);
  });

  it("finds fingerprints that were written over others since these were read ahead", async () => {
    const { index } = await filled();
    const strangers = names.slice(20, 40).map((name) => `${name}-other`);
    const ahead = [...names.slice(0, 20), ...strangers, ...names.slice(40, 100)];
    const prints = printsOf(index, ahead);
    index.readAhead(prints, 20);
    prints.set(printsOf(index, names.slice(200, 220)), 40);
    const found: (number | undefined)[] = [];
    for (let from = 0; from < 200; from += 20) {
      const chunk = prints.subarray(from, from + 20);
      await index.recall(chunk);
      for (let at = 0; at < 20; at += 2) found.push(index.find(chunk, at));
    }
    const wanted = names.slice(0, 100).map((_, at) => (at < 20 || at >= 40 ? at : 180 + at));
    assert.deepEqual(found, wanted);
  });

  it("finds in a run what was read ahead before there was one", async () => {
    const { store, index } = await filled();
    const session = new StoreSession(store);
    const later = Array.from({ length: 600 }, (_, at) => `later-${at}`);
    const prints = printsOf(index, later);
    index.readAhead(prints, prints.length);
    for (let at = 0; at < later.length; at++) {
      index.add(prints, 2 * at, COUNT + at);
      if (at % 100 !== 99) continue;
      await index.save(session, NOW);
      await session.commit();
    }
    await index.recall(prints);
    assert.deepEqual(
      later.map((_, at) => index.find(prints, 2 * at)),
      later.map((_, at) => COUNT + at),
    );
  });

  it("adds both fingerprints of a record or none, and moves them with the charges that they are of", async () => {
    const { index } = await filled();
    const prints = printsOf(index, ["new-a", "new-b", "new-c", "new-b", "new-d", "new-e"]);
    await index.recall(prints);
    assert.equal(index.isAllNew, true);
    assert.equal(index.addBoth(prints, 0, 10_000), true);
    assert.equal(
      index.addBoth(prints, 4, 10_001),
      false,
      "one of them was added by the one before",
    );
    assert.equal(index.find(prints, 4), undefined);
    // Added before the charges before it are moved, and moved with those behind it.
    assert.equal(index.addBoth(prints, 8, 10_001), true);
    index.move(10_000, Uint32Array.of(0));
    index.move(10_001, Uint32Array.of(4));
    const found = ["new-a", "new-b", "new-c", "new-d", "new-e"];
    const wanted = [10_000, 10_000, undefined, 10_005, 10_005];
    assert.deepEqual(await positionsOf(index, found), wanted);
    index.takeBothBack();
    wanted.fill(undefined, 3);
    assert.deepEqual(await positionsOf(index, found), wanted);
    assert.equal(index.isAllNew, false);
    await index.recall(printsOf(index, ["new-x", "record-0"]));
    assert.equal(index.isAllNew, false, "of a run");
  });

  it("keeps the first position under a fingerprint", async () => {
    const { index } = await filled();
    index.prints.fingerprint(SEEN.id, "twice");
    index.add(printOf(index), 0, 7);
    index.add(printOf(index), 0, 8);
    assert.equal(index.find(printOf(index), 0), 7);
  });

  it("says that the store is damaged where a value of a run is gone", async () => {
    const { context, store } = await filled();
    const [{ number } = assert.fail()] = (await readSeenRuns(store)).runs;
    for (const key of [keys.seenFilter(number, 0), keys.seenRun(number)]) {
      await store.write([{ type: "delete", key }]);
      const loaded = SeenIndex.load(context, new StoreSession(store), NOW);
      await assert.rejects(loaded, { code: "store.value-damaged" });
    }
  });

  it("goes on beside a run of which a value is damaged: merges the others, and refuses only what it alone knows", async () => {
    const scene = await EngineScene.open({ seenEntriesInMemory: 256 });
    const store = new MemoryStore();
    const context = { ...scene.context, store };
    const session = new StoreSession(store);
    let index = await SeenIndex.load(context, session, NOW);
    const more = Array.from({ length: 2 * COUNT }, (_, at) => `record-${at}`);
    const own: number[] = [];
    for (const [at, name] of more.entries()) {
      index.add(printsOf(index, [name]), 0, at);
      if (at % 100 !== 99) continue;
      await index.save(session, NOW);
      await session.commit();
      if (at !== 999) continue;
      const key = keys.seenSegment(1, 0);
      const value = Uint8Array.from((await store.get(key)) ?? assert.fail());
      const words = new Uint32Array(readBytes(key, value).buffer);
      for (let word = 2; word < words.length; word += ENTRY_WORDS) own.push(words[word] as number);
      value[100] = (value[100] as number) ^ 1;
      await store.write([{ type: "put", key, value }]);
    }
    for (let time = 0; time < 2; time++) {
      const { runs, unmergeable } = await readSeenRuns(store);
      assert.deepEqual(unmergeable, [1]);
      assert.ok(runs.some(({ number, level }) => number === 1 && level === 0));
      assert.ok(runs.filter(({ level }) => level > 0).length >= 2, "others are merged");
      let refused = 0;
      for (const at of more.keys()) {
        if (own.includes(at)) continue;
        try {
          assert.deepEqual(await positionsOf(index, [`record-${at}`]), [at]);
        } catch (error) {
          if ((error as { code?: string }).code !== "store.value-damaged") throw error;
          refused++;
        }
      }
      assert.ok(refused < 10, `${refused} that its filter takes for its own`);
      const lost = positionsOf(index, [`record-${own[0]}`]);
      await assert.rejects(lost, { code: "store.value-damaged" });
      index = await SeenIndex.load(context, new StoreSession(store), NOW);
    }
  });

  it("tells status how many runs are damaged", async () => {
    const { context, pipeline } = await EngineScene.open();
    assert.equal((await pipeline.status()).damagedRuns, undefined);
    const session = new StoreSession(context.store);
    session.put(keys.node("seen-runs"), {
      ...(await readSeenRuns(context.store)),
      unmergeable: [7],
    });
    await session.commit();
    assert.equal((await pipeline.status()).damagedRuns, 1);
  });

  it("drops runs whose records would be refused for their age, and not a day earlier", async () => {
    const { context, store } = await filled();
    const age = Number(RECORD_AGE_MAX_SECONDS) + 31 * 86_400;
    const kept = await SeenIndex.load(context, new StoreSession(store), NOW + age);
    assert.equal((await positionsOf(kept, ["record-0"]))[0], 0);
    const session = new StoreSession(store);
    const dropped = await SeenIndex.load(context, session, NOW + age + 1);
    assert.equal((await positionsOf(dropped, ["record-0"]))[0], undefined);
    await session.commit();
    let segments = 0;
    for await (const _ of store.scan({ from: "seen-segment/", to: "seen-segment0" })) segments++;
    assert.equal(segments, 0);
  });

  it("merges its runs by eights, over units of work and restarts, and loses none", async () => {
    const scene = await EngineScene.open({ seenEntriesInMemory: 600 });
    const store = new MemoryStore();
    const context = { ...scene.context, store };
    let session = new StoreSession(store);
    let index = await SeenIndex.load(context, session, NOW);
    let added = 0;
    let most = 0;
    for (let unit = 1; unit <= 240; unit++) {
      for (let at = 0; at < 620; at++, added++) {
        index.prints.fingerprint(SEEN.id, `record-${added}`);
        index.add(printOf(index), 0, added);
      }
      await index.save(session, NOW);
      // A process that dies here leaves the unit out, and half a merge behind.
      const isKilled = unit % 17 === 0;
      if (isKilled) added -= 620;
      else await session.commit();
      most = Math.max(most, index.runs);
      if (!isKilled && unit % 23 !== 0) continue;
      session = new StoreSession(store);
      index = await SeenIndex.load(context, session, NOW);
    }
    assert.ok(most <= 30 && index.runs < 24, `${most} runs at most, ${index.runs} at the end`);
    const all = Array.from({ length: added }, (_, at) => `record-${at}`);
    const found = await positionsOf(index, all);
    const wrong = all.findIndex((_, at) => found[at] !== at);
    assert.equal(wrong, -1, `record ${wrong} is found at ${found[wrong]}`);
    const { runs, merges, retired } = await readSeenRuns(store);
    assert.ok(
      runs.some(({ level }) => level === 2),
      "merged runs were merged",
    );
    const known = [...runs, ...retired].map(({ number }) => number);
    for (const { output } of merges) known.push(output);
    for (const space of ["seen-segment", "seen-filter", "seen-run", "seen-merge"]) {
      for await (const { key } of store.scan({ from: `${space}/`, to: `${space}0` })) {
        const number = Number(`0x${key.split("/")[1]}`);
        assert.ok(known.includes(number), `${key} belongs to a run`);
      }
    }
  });

  it("goes on with a merge where it was, however often it is started again", async () => {
    const scene = await EngineScene.open({ seenEntriesInMemory: 1_000 });
    const store = new MemoryStore();
    const context = { ...scene.context, store };
    let session = new StoreSession(store);
    let index = await SeenIndex.load(context, session, NOW);
    let added = 0;
    const addSome = async () => {
      for (let at = 0; at < 1_000; at++, added++) {
        index.prints.fingerprint(SEEN.id, `record-${added}`);
        index.add(printOf(index), 0, added);
      }
      await index.save(session, NOW);
      await session.commit();
    };
    while ((await readSeenRuns(store)).merges.length === 0) await addSome();
    const [{ output } = assert.fail()] = (await readSeenRuns(store)).merges;
    // Each segment of the merged run is written once, and a start reads no more than it did before.
    const written = new Map<string, number>();
    const { write } = store;
    store.write = (operations) => {
      for (const { key } of operations) {
        if (key.startsWith(keys.seenSegment(output, 0).slice(0, -16))) {
          written.set(key, (written.get(key) ?? 0) + 1);
        }
      }
      return write.call(store, operations);
    };
    for (let restarts = 0; (await readSeenRuns(store)).merges.length > 0; restarts++) {
      assert.ok(restarts < 30, "it comes to an end");
      session = new StoreSession(store);
      index = await SeenIndex.load(context, session, NOW);
      await addSome();
    }
    assert.ok(written.size > 10);
    assert.ok([...written.values()].every((times) => times === 1));
    const again = await SeenIndex.load(context, new StoreSession(store), NOW);
    const all = Array.from({ length: added }, (_, at) => `record-${at}`);
    const found = await positionsOf(again, all);
    assert.equal(
      found.findIndex((position, at) => position !== at),
      -1,
    );
    assert.equal(await store.get(keys.seenMerge(output)), undefined);
  });

  it("writes the same run, filter and all, whether or not it was started again on the way", async () => {
    // More than one part of a filter holds.
    const entries = 600_000;
    const words = new Uint32Array(ENTRY_WORDS * entries);
    for (let at = 0; at < entries; at++) {
      const high = Math.floor((at * 2 ** 32) / entries);
      words.set([high, Math.imul(at, 0x9e3779b1) >>> 0, at, 1], ENTRY_WORDS * at);
    }
    const cut = ENTRY_WORDS * 512 * 1_100;
    const stores = await Promise.all(
      [false, true].map(async (isStartedAgain) => {
        const store = new MemoryStore();
        const session = new StoreSession(store);
        let writer = new SeenRunWriter(7, entries);
        const add = (from: number, to: number) => {
          const { filter } = writer;
          const inputs = [{ words: words.subarray(from, to), isEnd: to === words.length }];
          writer.add(session, mergeEntries({ inputs, filter }));
        };
        add(0, cut);
        await session.commit();
        if (isStartedAgain) {
          const progress = writer.progress();
          writer = (await SeenRunWriter.resume(store, 7, entries, progress)) ?? assert.fail();
        }
        add(cut, words.length);
        writer.finish(session);
        await session.commit();
        return store;
      }),
    );
    for (const key of [keys.seenFilter(7, 0), keys.seenFilter(7, 1), keys.seenRun(7)]) {
      const [whole, again] = await Promise.all(stores.map((store) => store.get(key)));
      assert.ok(whole !== undefined && again !== undefined);
      assert.equal(Buffer.compare(whole, again), 0, key);
    }
  });

  it("begins a merge anew whose filter an earlier program wrote in another size", async () => {
    const store = new MemoryStore();
    const words = new Uint32Array(ENTRY_WORDS * 512);
    for (let at = 0; at < 512; at++) words.set([at * 2 ** 23, at, at, 1], ENTRY_WORDS * at);
    const writer = new SeenRunWriter(7, 2_000);
    const session = new StoreSession(store);
    const inputs = [{ words, isEnd: false }];
    writer.add(session, mergeEntries({ inputs, filter: writer.filter }));
    await session.commit();
    const progress = writer.progress();
    const resumed = await SeenRunWriter.resume(store, 7, 2_000, progress);
    assert.deepEqual(resumed?.progress(), progress);
    assert.deepEqual(resumed?.filter, writer.filter);
    // Before, the filter's size did not stand there.
    const older = Uint32Array.of(...progress.subarray(0, 3), ...progress.subarray(4));
    assert.equal(await SeenRunWriter.resume(store, 7, 2_000, older), undefined);
    const other = progress.slice();
    other[3] = 2_000;
    assert.equal(await SeenRunWriter.resume(store, 7, 2_000, other), undefined);
  });

  it("keeps the oldest position of a fingerprint that stands in several runs", async () => {
    const scene = await EngineScene.open({ seenEntriesInMemory: 2 });
    const store = new MemoryStore();
    const context = { ...scene.context, store };
    const session = new StoreSession(store);
    const index = await SeenIndex.load(context, session, NOW);
    for (let unit = 0; unit < 40; unit++) {
      for (const [at, name] of ["same", `a-${unit}`, `b-${unit}`].entries()) {
        index.prints.fingerprint(SEEN.id, name);
        index.add(printOf(index), 0, 10 * unit + at);
      }
      await index.save(session, NOW);
      await session.commit();
      assert.deepEqual(await positionsOf(index, ["same", "a-0"]), [0, 1]);
    }
    assert.ok(index.runs < 20);
  });
});
