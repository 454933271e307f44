import assert from "node:assert/strict";
import { keyNotRefused } from "../../node/engine/commit/retry-key.ts";
import { CHARGES, EngineScene } from "./engine-scene.ts";

describe("the key of a call that may be asked for again", () => {
  it("is another one after a refusal, and the same after anything else", async () => {
    const scene = await EngineScene.open();
    const { outbox } = scene;
    const commit = (key: string, sequence: bigint) =>
      outbox.enqueue({
        key,
        purpose: "commit",
        duty: "commit",
        call: { contract: "books", method: "commit", args: [CHARGES, sequence, ONE] },
      });
    assert.equal(await keyNotRefused(outbox, "step"), "step");
    await commit("step", 2n);
    assert.equal(await keyNotRefused(outbox, "step"), "step");
    await scene.settle();
    assert.equal(await keyNotRefused(outbox, "step"), "step:1");
    await commit("step:1", 2n);
    await scene.settle();
    assert.equal(await keyNotRefused(outbox, "step"), "step:2");
    await commit("step:2", 1n);
    await scene.settle();
    assert.equal(await keyNotRefused(outbox, "step"), "step:2");
  });
});

const ONE = `0x${"01".repeat(32)}`;
