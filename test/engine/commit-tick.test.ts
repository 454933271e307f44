import assert from "node:assert/strict";
import { toHex } from "../../node/core/bytes.ts";
import type { StoredBatch, StoredTick } from "../../node/engine/store/stored-types.ts";
import {
  CHARGES,
  CREDITS,
  calls,
  EngineScene,
  hasCode,
  INVOICES,
  NOON,
  STRANGER,
} from "./engine-scene.ts";

const batchesOf = async (scene: EngineScene, domain: string) =>
  (await scene.values<StoredBatch>(`batch/${domain}/`)).map(({ value }) => value);

describe("sealing and committing", () => {
  it("commits an empty batch of every book, so that timing tells nothing", async () => {
    const scene = await EngineScene.withAccounts();
    const tick = await scene.commit();
    const domains = [CHARGES, CREDITS, INVOICES];
    assert.deepEqual(new Set(tick.batches.map(({ domain }) => domain)), new Set(domains));
    for (const domain of domains) {
      const [batch] = await batchesOf(scene, domain);
      assert.equal(batch?.count, 0);
      assert.equal(batch?.blockTime, NOON.toString());
      assert.notEqual(await scene.ledger.sealOf(domain, 1n), undefined);
    }
    await scene.assertConsistent();
  });

  it("splits what waits into batches of at most batchChargesMax, in one tick", async () => {
    const scene = await EngineScene.withAccounts({ batchChargesMax: 4 });
    await scene.ingest("monday", calls("a", 10));
    await scene.commit();
    const counts = (await batchesOf(scene, CHARGES)).map(({ count }) => count);
    assert.deepEqual(counts, [4, 4, 2]);
    assert.equal(scene.network.transactions().filter(isCommit).length, 1);
    await scene.assertConsistent();
  });

  it("ends a batch where its rows take too many bytes, and takes one row however long it is", async () => {
    // Blocks of rows, and rows that stand alone.
    const handPrices = { "switch:b-3": { amount: "1.00", reason: "agreed" } };
    const sealed = async (batchBytesMax: number) => {
      const scene = await EngineScene.withAccounts({ batchBytesMax, handPrices });
      await scene.ingest("monday", calls("a", 30));
      await scene.ingest("tuesday", calls("b", 10, { bParty: "+4930777" }));
      await scene.commit();
      await scene.assertConsistent();
      const batches = await batchesOf(scene, CHARGES);
      assert.equal(scene.network.transactions().filter(isCommit).length, 1);
      return batches.map(({ count, bytes = assert.fail() }) => ({ count, bytes }));
    };
    const [whole, ...others] = await sealed(1_048_576);
    assert.deepEqual([whole?.count, others.length], [40, 0]);
    const bytes = whole?.bytes ?? 0;
    const third = Math.ceil(bytes / 3);
    const parts = await sealed(third);
    assert.ok(parts.length >= 3 && parts.length <= 5, `${parts.length} batches`);
    for (const part of parts) assert.ok(part.bytes <= third && part.count > 0);
    assert.equal(
      parts.reduce((sum, { count }) => sum + count, 0),
      40,
    );
    const single = await sealed(1);
    assert.deepEqual(
      single.map(({ count }) => count),
      Array(40).fill(1),
    );
  });

  it("brings more than fifty batches of one tick in several transactions, in order", async () => {
    const scene = await EngineScene.withAccounts({ batchChargesMax: 1 });
    await scene.ingest("monday", calls("a", 120));
    await scene.commit();
    assert.equal((await batchesOf(scene, CHARGES)).length, 120);
    assert.equal(scene.network.transactions().filter(isCommit).length, 3);
    assert.equal((await scene.ledger.bookOf(CHARGES))?.newestSequence, 120n);
    await scene.assertConsistent();
  });

  it("tells how many records wait in suspense, and since when", async () => {
    const scene = await EngineScene.withAccounts();
    await scene.ingest("monday", calls("x", 3, { aParty: STRANGER }));
    await scene.commit();
    const [batch] = await batchesOf(scene, CHARGES);
    assert.equal(batch?.opened.totals.suspended, "3");
    const oldest = Date.parse("2026-10-05T10:00:00.000Z");
    assert.equal(batch?.opened.totals.oldestSuspended, `${oldest}`);
  });

  it("goes on taking in and sealing while the ledger is away, says so, and catches up", async () => {
    const scene = await EngineScene.withAccounts();
    scene.ledger.isReachable = false;
    for (const day of ["a", "b", "c"]) {
      await scene.ingest(day, calls(day, 2, { bParty: `+49301${day.charCodeAt(0)}` }));
      await scene.pipeline.seal();
      await assert.rejects(scene.outbox.pump(), hasCode("ledger.unreachable"));
    }
    const away = await scene.pipeline.status();
    assert.equal(away.ticksOpen, 3);
    assert.equal(away.books.find(({ kind }) => kind === 1)?.runningCount, "6");
    scene.ledger.isReachable = true;
    await scene.settle();
    await scene.pipeline.noteFinal();
    assert.equal((await scene.pipeline.status()).ticksOpen, 0);
    assert.equal((await scene.ledger.bookOf(CHARGES))?.newestSequence, 3n);
    await scene.assertConsistent();
  });

  it("seals nothing more once the ledger refused a commitment out of order, and says why", async () => {
    const scene = await EngineScene.withAccounts();
    await commitForeign(scene, 1n);
    await scene.ingest("monday", calls("a", 2));
    const tick = await scene.pipeline.seal();
    await scene.settle();
    await assert.rejects(scene.pipeline.untilFinal(tick), hasCode("commit.refused"));
    const { commitRefused } = await scene.pipeline.status();
    assert.deepEqual(commitRefused, {
      tick: "1",
      name: "SequenceOutOfOrder",
      values: { book: CHARGES, expected: "2", given: "1" },
    });
    await assert.rejects(scene.pipeline.seal(), hasCode("commit.refused"));
    // Intake goes on, and a restart comes up to say the same.
    await scene.ingest("tuesday", calls("b", 1, { bParty: "+4930777" }));
    scene.crash();
    await scene.reopen();
    await scene.settle();
    await scene.pipeline.noteFinal();
    assert.equal((await scene.pipeline.status()).commitRefused?.name, "SequenceOutOfOrder");
  });

  it("tries what was refused again at the next start, since the reason may be gone", async () => {
    // Sixty charges and two empty batches are two transactions; the ledger takes one of them.
    const scene = await EngineScene.withAccounts({ batchChargesMax: 1 });
    const restore = misdirect(scene, 2);
    await scene.ingest("monday", calls("a", 60));
    await scene.pipeline.seal();
    await scene.settle();
    await scene.pipeline.noteFinal();
    assert.equal((await scene.pipeline.status()).commitRefused?.name, "BookUnknown");
    restore();
    for (let start = 0; start < 2; start++) {
      scene.crash();
      await scene.reopen();
      await scene.settle();
      await scene.pipeline.noteFinal();
    }
    assert.equal((await scene.pipeline.status()).ticksOpen, 0);
    assert.equal((await scene.ledger.bookOf(CHARGES))?.newestSequence, 60n);
    assert.equal(scene.network.transactions().filter(isCommit).length, 3);
    await scene.commit();
    await scene.assertConsistent();
  });

  it("hands over a tick that a failed write kept from the outbox before the next one", async () => {
    const scene = await EngineScene.withAccounts();
    await scene.ingest("monday", calls("a", 2));
    // The seal is stored although its write failed: nobody enqueued it.
    scene.store.failNextWrites("failedButStored");
    await assert.rejects(scene.pipeline.seal(), hasCode("store.write-failed"));
    await scene.commit();
    assert.equal((await scene.pipeline.status()).ticksOpen, 0);
    assert.equal((await scene.ledger.bookOf(CHARGES))?.newestSequence, 2n);
    await scene.assertConsistent();
  });

  /** Seals so often while the ledger is away. */
  async function sceneAfterOutage(ticks: number): Promise<EngineScene> {
    const scene = await EngineScene.withAccounts();
    await scene.ingest("monday", calls("a", 2));
    scene.ledger.isReachable = false;
    for (let tick = 0; tick < ticks; tick++) await scene.pipeline.seal();
    scene.ledger.isReachable = true;
    return scene;
  }

  async function catchUp(scene: EngineScene): Promise<void> {
    for (let round = 0; (await scene.pipeline.noteFinal()) > 0; round++) {
      assert.ok(round < 100, "it catches up");
      await scene.settle();
    }
  }

  const commitments = (scene: EngineScene) => scene.network.transactions().filter(isCommit).length;

  it("brings ticks that waited for the ledger together, each batch once and in order", async () => {
    const scene = await sceneAfterOutage(40);
    assert.equal(scene.outbox.pending().length, 4);
    await catchUp(scene);
    // Four that went alone, then sixteen, sixteen and four at a time.
    assert.equal(commitments(scene), 4 + 3);
    assert.equal((await scene.ledger.bookOf(CHARGES))?.newestSequence, 40n);
    const ticks = await scene.values<StoredTick>("tick/");
    assert.ok(ticks.every(({ value }) => value.blockTime !== undefined));
    await scene.assertConsistent();
    await scene.commit();
    assert.equal(commitments(scene), 8);
  });

  it("reads no more at a further tick however many wait already", async () => {
    const scene = await sceneAfterOutage(8);
    scene.ledger.isReachable = false;
    const read = async (ticks: number): Promise<number> => {
      for (let tick = 0; tick < ticks; tick++) await scene.pipeline.seal();
      let read = 0;
      const { scan } = scene.store;
      scene.store.scan = async function* (range) {
        for await (const entry of scan.call(scene.store, range)) {
          if (range.from.startsWith("tick/")) read++;
          yield entry;
        }
      };
      await scene.pipeline.seal();
      await scene.pipeline.noteFinal();
      await scene.pipeline.status();
      scene.store.scan = scan;
      return read;
    };
    await read(150);
    const [few, many] = [await read(1), await read(200)];
    assert.equal(many, few);
    assert.equal((await scene.pipeline.status()).ticksOpen, 8 + 150 + 1 + 1 + 1 + 200 + 1);
  });

  it("tells that a tick behind others is refused, and how many are open, after a restart too", async () => {
    const scene = await EngineScene.withAccounts();
    await scene.commit();
    await commitForeign(scene, 2n);
    for (let tick = 0; tick < 3; tick++) await scene.pipeline.seal();
    await scene.settle();
    for (const start of [0, 1]) {
      if (start === 1) {
        scene.crash();
        await scene.reopen();
        await scene.settle();
      }
      assert.equal(await scene.pipeline.noteFinal(), 3);
      const { ticksOpen, commitRefused } = await scene.pipeline.status();
      assert.deepEqual([ticksOpen, commitRefused?.tick], [3, "2"]);
    }
  });

  it("waits with a tick that is kept back until it is final", async () => {
    const scene = await sceneAfterOutage(6);
    const tick = await scene.pipeline.seal();
    let isFinal = false;
    const waiting = scene.pipeline.untilFinal(tick).then(() => {
      isFinal = true;
    });
    await scene.settle();
    assert.equal(isFinal, false);
    await catchUp(scene);
    await waiting;
    await scene.assertConsistent();
  });

  it("goes by what was decided when it dies before the outbox has it", async () => {
    const scene = await sceneAfterOutage(12);
    await scene.settle();
    // The first write decides which go together, the second is the outbox's.
    const write = scene.store.write.bind(scene.store);
    scene.store.write = async (operations) => {
      if (operations.some(({ key }) => key.startsWith("outbox/open/"))) {
        scene.store.failNextWrites("failedAndLost");
      }
      await write(operations);
    };
    await assert.rejects(scene.pipeline.noteFinal(), hasCode("store.write-failed"));
    scene.crash();
    await scene.reopen();
    await scene.pipeline.seal();
    await catchUp(scene);
    assert.equal((await scene.ledger.bookOf(CHARGES))?.newestSequence, 13n);
    assert.equal(commitments(scene), 4 + 2);
    await scene.assertConsistent();
  });

  it("notes the new block time of all ticks of a transaction that the ledger lost", async () => {
    const scene = await sceneAfterOutage(12);
    await catchUp(scene);
    scene.network.loseBlocks(1);
    scene.network.setTime(NOON + 600n);
    scene.network.mine();
    await scene.settle();
    await scene.pipeline.noteFinal();
    const batches = await batchesOf(scene, CHARGES);
    assert.deepEqual(
      batches.slice(4).map(({ blockTime }) => blockTime),
      Array(8).fill(`${NOON + 600n}`),
    );
    await scene.assertConsistent();
  });

  it("notes the new block time when the ledger lost the batch and took it again", async () => {
    const scene = await EngineScene.withAccounts();
    await scene.ingest("monday", calls("a", 2));
    await scene.commit();
    scene.network.loseBlocks(1);
    scene.network.setTime(NOON + 600n);
    scene.network.mine();
    await scene.settle();
    await scene.pipeline.noteFinal();
    const [batch] = await batchesOf(scene, CHARGES);
    assert.equal(batch?.blockTime, `${NOON + 600n}`);
    await scene.assertConsistent();
  });

  it("notes a new block time at the next start when a crash swallowed the news", async () => {
    const scene = await EngineScene.withAccounts();
    await scene.commit();
    const [before] = await batchesOf(scene, CHARGES);
    await scene.commit();
    scene.network.loseBlocks(2);
    scene.network.setTime(NOON + 600n);
    scene.network.mine();
    // The outbox of a process that dies before it tells anybody.
    scene.pipeline = undefined as unknown as typeof scene.pipeline;
    await scene.settle();
    scene.crash();
    await scene.reopen();
    const batches = await batchesOf(scene, CHARGES);
    assert.notEqual(batches[0]?.blockTime, before?.blockTime);
    await scene.assertConsistent();
    assert.equal((await scene.values<StoredTick>("tick/")).length, 2);
  });
});

const isCommit = ({ method }: { method: string }): boolean => method === "books.commitMany";

/** Somebody wrote with the operator's key past its outbox. */
async function commitForeign(scene: EngineScene, sequence: bigint): Promise<void> {
  const commitment = toHex(new Uint8Array(32).fill(7));
  await scene.send({
    contract: "books",
    method: "commit",
    args: [CHARGES, sequence, commitment],
  });
}

/** The given commitment in turn is for a book that the ledger does not have. @returns undo */
function misdirect(scene: EngineScene, ordinal: number): () => void {
  const { ledger } = scene;
  const prepare = ledger.prepare.bind(ledger);
  let commitments = 0;
  ledger.prepare = (call) => {
    if (call.method !== "commitMany" || ++commitments !== ordinal) return prepare(call);
    const [batches] = call.args as [[unknown, bigint, string][]];
    const elsewhere = batches.map(([, sequence, commitment]) => [
      STRANGE_BOOK,
      sequence,
      commitment,
    ]);
    return prepare({ ...call, args: [elsewhere] });
  };
  return () => {
    ledger.prepare = prepare;
  };
}

const STRANGE_BOOK = toHex(new Uint8Array(20).fill(9));
