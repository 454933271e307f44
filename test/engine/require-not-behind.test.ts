import assert from "node:assert/strict";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { TallystickError } from "../../node/core/errors.ts";
import { requireNotBehind } from "../../node/engine/check/require-not-behind.ts";
import { CHARGES, calls, EngineScene, hasCode } from "./engine-scene.ts";

describe("a store beside what the ledger has", () => {
  let scene: EngineScene;
  let before: MemoryStore;
  const start = (store: MemoryStore, ledger = scene.ledger) =>
    requireNotBehind(store, scene.context.profile, ledger);
  const copied = async () => {
    const contents = new Map<string, Uint8Array>();
    for await (const { key, value } of scene.store.scan({ from: "", to: "\u{10ffff}" })) {
      contents.set(key, Uint8Array.from(value));
    }
    return new MemoryStore(contents);
  };

  beforeEach(async () => {
    scene = await EngineScene.withAccounts();
    await scene.ingest("first", calls("a", 3));
    await scene.commit();
    before = await copied();
    await scene.ingest("second", calls("b", 3));
    await scene.commit();
  });

  it("is taken when it has all of it, or more", async () => {
    assert.equal(await start(await copied()), true);
    assert.equal(await start(await copied(), (await EngineScene.open()).ledger), true);
  });

  it("is refused when it lost its end, and when it is empty", async () => {
    await assert.rejects(start(before), hasCode("store.behind-ledger"));
    await assert.rejects(start(new MemoryStore()), hasCode("store.behind-ledger"));
  });

  it("is taken unseen while the ledger is away, and only then", async () => {
    const away = (code: string) =>
      Object.assign(Object.create(scene.ledger), {
        bookOf: async () => {
          throw new TallystickError(code, CHARGES);
        },
      });
    assert.equal(await start(before, away("ledger.unreachable")), false);
    await assert.rejects(start(before, away("ledger.other")), hasCode("ledger.other"));
  });
});
