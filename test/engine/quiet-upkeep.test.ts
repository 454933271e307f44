import assert from "node:assert/strict";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { TallystickError } from "../../node/core/errors.ts";
import { QuietUpkeep } from "../../node/engine/retention/quiet-upkeep.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import { encodeJson } from "../../node/engine/store/stored-json.ts";

/** All that can go of October is gone. */
const OVER = { over: "2026-10", books: {}, bills: {} };

/** An upkeep whose retention takes so many steps, and what it did. */
function upkeepOf(stepsLeft: number, options: { erases?: boolean } = {}) {
  const did: string[] = [];
  const now = { isBusy: false, fails: false, busyAfter: Number.POSITIVE_INFINITY, filesKept: 0 };
  const store = new MemoryStore();
  let left = stepsLeft;
  const upkeep = new QuietUpkeep({
    store,
    retention: {
      step: async () => {
        if (now.fails) throw new TallystickError("ledger.unreachable", "away");
        did.push("step");
        if (left > 0) left--;
        if (did.length >= now.busyAfter) now.isBusy = true;
        return { done: left === 0, entriesDropped: stepsLeft - left };
      },
    },
    compact: async () => {
      did.push("compact");
      return { filesKept: now.filesKept };
    },
    isBusy: () => now.isBusy,
    log: {
      info: (event, { count } = {}) => did.push(`${event} ${count}`),
      warn: (event, { code } = {}) => did.push(`${event} ${code}`),
    },
    erases: options.erases ?? true,
  });
  const note = (name: string, value: unknown) =>
    store.write([{ type: "put", key: keys.node(name), value: encodeJson(value) }]);
  const take = () => did.splice(0);
  return { upkeep, now, note, take };
}

describe("what a node does at quiet moments", () => {
  it("erases to the end, then gives back the space, once", async () => {
    const { upkeep, note, take } = upkeepOf(3);
    await note("retention", OVER);
    await upkeep.look();
    assert.deepEqual(take(), ["step", "step", "step", "retention over 2", "compact"]);
    await upkeep.look();
    assert.deepEqual(take(), ["step"]);
    await note("closed-epoch", "2026-11");
    await upkeep.look();
    assert.deepEqual(take(), ["step", "compact"], "a bill leaves space too");
  });

  it("gives back nothing in the middle of an erasure that somebody else does, and all after it", async () => {
    const { upkeep, note, take } = upkeepOf(0, { erases: false });
    await note("retention", OVER);
    await upkeep.look();
    assert.deepEqual(take(), ["compact"]);
    const november = { ...OVER, over: "2026-11", erasedBefore: "2026-10" };
    const books = { book: { doneTo: "2026-10" } };
    for (const state of [
      { ...november, shredFrom: "epoch/", notesFrom: "correction/", books },
      { ...november, books },
      { ...november, notesFrom: "dropped/" },
    ]) {
      await note("retention", state);
      await upkeep.look();
      assert.deepEqual(take(), []);
    }
    await note("retention", { ...november, filesWait: true });
    await upkeep.look();
    await note("retention", november);
    await upkeep.look();
    assert.deepEqual(take(), ["compact"]);
  });

  it("gives back the space of what is gone although files could not be erased", async () => {
    const { upkeep, now, note, take } = upkeepOf(0);
    await note("retention", { ...OVER, filesWait: true });
    now.fails = true;
    await upkeep.look();
    assert.deepEqual(take(), ["compact", "upkeep not done ledger.unreachable"]);
  });

  it("gives back the space again where a reader kept some of it", async () => {
    const { upkeep, now, note, take } = upkeepOf(0, { erases: false });
    await note("closed-epoch", "2026-10");
    now.filesKept = 1;
    await upkeep.look();
    now.filesKept = 0;
    await upkeep.look();
    await upkeep.look();
    assert.deepEqual(take(), ["compact", "compact"]);
  });

  it("gives back what ten folds of the index of records seen leave, once", async () => {
    const { upkeep, note, take } = upkeepOf(0, { erases: false });
    const runs = (next: number) =>
      note("seen-runs", { next, runs: [], merges: [], retired: [], hasDropped: false });
    for (const next of [9, 10, 19, 20, 20]) {
      await runs(next);
      await upkeep.look();
    }
    assert.deepEqual(take(), ["compact", "compact"]);
  });

  it("does nothing while somebody is busy, and goes on where it was", async () => {
    const { upkeep, now, note, take } = upkeepOf(4);
    await note("retention", OVER);
    now.isBusy = true;
    await upkeep.look();
    assert.deepEqual(take(), []);
    now.isBusy = false;
    now.busyAfter = 2;
    await upkeep.look();
    assert.deepEqual(take(), ["step", "step"]);
    now.isBusy = false;
    now.busyAfter = Number.POSITIVE_INFINITY;
    await upkeep.look();
    assert.deepEqual(take(), ["step", "step", "retention over 1", "compact"]);
  });

  it("erases nothing where that is off, and still gives back what bills leave", async () => {
    const { upkeep, note, take } = upkeepOf(2, { erases: false });
    await upkeep.look();
    assert.deepEqual(take(), []);
    await note("closed-epoch", "2026-10");
    await upkeep.look();
    assert.deepEqual(take(), ["compact"]);
  });

  it("tells a trouble once, and tries again", async () => {
    const { upkeep, now, take } = upkeepOf(1);
    now.fails = true;
    await upkeep.look();
    await upkeep.look();
    assert.deepEqual(take(), ["upkeep not done ledger.unreachable"]);
    assert.deepEqual(upkeep.fault, {
      part: "upkeep",
      code: "ledger.unreachable",
      message: "away",
    });
    now.fails = false;
    await upkeep.look();
    assert.equal(upkeep.fault, undefined);
    assert.deepEqual(take(), ["step"]);
    await upkeep.stop();
    await upkeep.look();
    assert.deepEqual(take(), []);
  });
});
