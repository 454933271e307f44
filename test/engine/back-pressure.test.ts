import assert from "node:assert/strict";
import type { InspectLine } from "../../node/core/formats/inspect-line.ts";
import type { Store } from "../../node/engine/store/store.ts";
import { call, calls, EngineScene, usageFile } from "./engine-scene.ts";

const UNIT = 64;
/** The unit that is written, and the one that is gathered meanwhile. */
const AHEAD_MAX = 2 * UNIT;
/** Two hours of a tick a minute. A day of them came in 94 transactions and 72 blocks. */
const TICKS = 2 * 60;
const RECORDS = 40 * UNIT;

const delay = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** How far a source was read beyond what is durable, at the most, while it is taken in. */
async function readAheadOf(scene: EngineScene): Promise<number> {
  let given = 0;
  let durable = 0;
  let ahead = 0;
  const lines = (async function* (): AsyncGenerator<InspectLine> {
    for (const record of calls("r", RECORDS)) {
      given++;
      ahead = Math.max(ahead, given - durable);
      yield record;
    }
  })();
  const file = { ...usageFile("slow", []), lines };
  const taken = await scene.pipeline.ingest(file, (records) => {
    durable = records;
  });
  assert.equal(taken.classes.charged.records, RECORDS);
  return ahead;
}

/** A store whose writes take so long. */
function slowStore(store: Store, milliseconds: number): Store {
  return {
    get: (key) => store.get(key),
    getMany: (keys) => store.getMany(keys),
    getParts: (parts) => store.getParts(parts),
    scan: (range) => store.scan(range),
    view: () => store.view(),
    close: () => store.close(),
    write: async (operations) => {
      await delay(milliseconds);
      await store.write(operations);
    },
  };
}

describe("back pressure", () => {
  it("reads no further ahead of a slow disk than two units of work", async () => {
    const scene = await EngineScene.withAccounts({ ingestUnitRecords: UNIT });
    await scene.reopen(slowStore(scene.store, 3));
    const ahead = await readAheadOf(scene);
    assert.ok(ahead >= UNIT && ahead <= AHEAD_MAX, `${ahead} records`);
  });

  it("reads no further ahead when the ledger answers slowly", async () => {
    const scene = await EngineScene.withAccounts({ ingestUnitRecords: UNIT });
    const seconds = async () => {
      await delay(3);
      return scene.network.head().time;
    };
    await scene.reopen(scene.store, { seconds });
    const ahead = await readAheadOf(scene);
    assert.ok(ahead <= AHEAD_MAX, `${ahead} records`);
  });

  it("catches up hours without the ledger in a few blocks, in order", async function () {
    this.timeout(120_000);
    const scene = await EngineScene.withAccounts({ mines: "on command", finalityBlocks: 1 });
    scene.ledger.isReachable = false;
    for (let tick = 0; tick < TICKS; tick++) {
      if (tick % 100 === 0)
        await scene.ingest(`f${tick}`, [call(`r${tick}`, { durationSeconds: 1 + tick })]);
      await scene.pipeline.seal();
    }
    assert.equal((await scene.pipeline.status()).ticksOpen, TICKS);
    scene.ledger.isReachable = true;
    const before = scene.network.head().number;
    while ((await scene.pipeline.noteFinal()) > 0) {
      await scene.outbox.pump();
      const { number } = scene.network.mine();
      assert.ok(number - before < 200n, "it catches up");
    }
    const blocks = Number(scene.network.head().number - before);
    assert.ok(blocks < 15, `${blocks} blocks`);
    await scene.assertConsistent();
  });
});
