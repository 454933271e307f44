import assert from "node:assert/strict";
import { goBehind } from "../../node/engine/check/go-behind.ts";
import { OneAtATime } from "../../node/engine/store/turns.ts";
import { BERT, CHARGES, calls, EngineScene, hasCode, NOON, STRANGER } from "./engine-scene.ts";

/** A committed month, and a check of it that waits at the ledger until it is let on. */
async function underCheck() {
  const scene = await EngineScene.withAccounts({ batchChargesMax: 4 });
  await scene.ingest("anna", calls("a", 9));
  await scene.ingest("lost", calls("s", 2, { aParty: STRANGER }));
  await scene.commit();
  const { ledger } = scene;
  const sealOf = ledger.sealOf.bind(ledger);
  let letOn = () => {};
  const gate = new Promise<void>((resolve) => {
    letOn = resolve;
  });
  const atGate = new Promise<void>((resolve) => {
    ledger.sealOf = async (domain, sequence) => {
      resolve();
      await gate;
      return sealOf(domain, sequence);
    };
  });
  return { scene, letOn, atGate };
}

describe("the check of a running node", () => {
  it("keeps no file, commitment or bill waiting, and reports nothing of what they do", async () => {
    const { scene, letOn, atGate } = await underCheck();
    const { checks } = scene.pipeline;
    assert.equal(checks.outcome(), undefined);
    const check = checks.run();
    await atGate;
    await scene.ingest("meanwhile", calls("m", 6, { aParty: BERT }));
    await scene.commit();
    await scene.pipeline.putAccounts([
      { id: "new", label: "New", devices: [{ id: STRANGER, from: "2026-01-01T00:00:00Z" }] },
    ]);
    assert.equal(await scene.pipeline.recycle("s-0"), "charged");
    scene.at("2026-11-01T06:00:00Z");
    await scene.commit();
    assert.ok((await scene.pipeline.bill("2026-10")).invoices > 0);
    await scene.commit();
    const progress = checks.outcome();
    assert.ok(progress !== undefined && "stage" in progress);
    assert.equal(progress.stage, "rows");
    assert.equal(checks.run(), check, "who asks meanwhile joins");
    letOn();
    const { problems, charges, batches, onLedger } = await check;
    assert.deepEqual([problems, charges, batches, onLedger], [[], 9, 5, 5]);
    assert.deepEqual(checks.outcome(), await check);
    const next = await checks.run();
    assert.deepEqual([next.problems, next.waiting], [[], 0]);
    assert.ok(next.charges > charges + 6);
  });

  it("finds damage that was there when it began, also where it is mended meanwhile", async () => {
    const { scene, letOn, atGate } = await underCheck();
    const key = `rows/${CHARGES}/${"1".padStart(16, "0")}`;
    const whole = (await scene.store.get(key)) ?? assert.fail();
    const damaged = Uint8Array.from(whole, (byte, at) => (at === 40 ? byte ^ 1 : byte));
    const put = (value: Uint8Array) => scene.store.write([{ type: "put", key, value }]);
    await put(damaged);
    const check = scene.pipeline.checks.run();
    await atGate;
    await put(whole);
    letOn();
    const codes = new Set((await check).problems.map(({ code }) => code));
    assert.ok(codes.has("fsck.value-damaged"), [...codes].join());
    assert.deepEqual((await scene.pipeline.checks.run()).problems, []);
  });

  it("looks again at a batch whose block the ledger lost meanwhile, once the store noted it", async () => {
    for (const isNoted of [true, false]) {
      const { scene, letOn, atGate } = await underCheck();
      const check = scene.pipeline.checks.run();
      await atGate;
      scene.network.loseBlocks(1);
      scene.network.setTime(NOON + 600n);
      scene.network.mine();
      if (isNoted) {
        await scene.settle();
        await scene.pipeline.noteFinal();
      }
      letOn();
      const { problems, onLedger } = await check;
      const codes = [...new Set(problems.map(({ code }) => code))];
      assert.deepEqual([codes, onLedger], isNoted ? [[], 5] : [["fsck.not-on-ledger"], 0]);
    }
  });

  it("ends when the node stops, with a code", async () => {
    const { scene, letOn, atGate } = await underCheck();
    const { checks } = scene.pipeline;
    const check = checks.run();
    await atGate;
    const stopped = checks.stop();
    letOn();
    // What is left may be shorter than a stretch of work.
    await check.catch((error: unknown) => assert.ok(hasCode("fsck.interrupted")(error)));
    await stopped;
  });
});

describe("a reader that goes behind others", () => {
  it("rests while somebody is busy, and ends where it is told to", async () => {
    const scene = await EngineScene.withAccounts();
    const turns = new OneAtATime();
    let isOn = true;
    const reader = goBehind(
      scene.store,
      () => turns.isBusy,
      () => {
        if (!isOn) throw new Error("off");
      },
    );
    const work = () => {
      for (const end = performance.now() + 15; performance.now() < end; );
    };
    let others = 0;
    const counting = setImmediate(function count() {
      others++;
      if (others < 1_000) setImmediate(count);
    });
    work();
    await reader.get("account/anna");
    assert.ok(others > 0, "others had a turn");
    clearImmediate(counting);
    let done = () => {};
    const busy = turns.run(() => new Promise<void>((resolve) => (done = resolve)));
    assert.ok(turns.isBusy);
    work();
    const began = performance.now();
    await reader.getMany(["account/anna"]);
    assert.ok(performance.now() - began >= 10, "it rested");
    done();
    await busy;
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(!turns.isBusy);
    isOn = false;
    work();
    await assert.rejects(async () => {
      for await (const _ of reader.scan({ from: "", to: "~" }));
    }, /off/);
  });
});
