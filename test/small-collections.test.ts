import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { setImmediate as turn } from "node:timers/promises";
import { collectBeforeServing, HEAP_FLAGS } from "../node/small-collections.ts";

describe("collecting before requests are answered", () => {
  it("frees what nobody holds any more, and keeps what somebody does", async () => {
    const kept = new WeakRef({ kept: true });
    const holder = { of: kept.deref() };
    const dropped = new WeakRef({ kept: false });
    // What a weak reference was made of lives as long as the turn in which it was made.
    await turn();
    collectBeforeServing();
    assert.equal(dropped.deref(), undefined);
    assert.equal(kept.deref(), holder.of);
  });
});

describe("a heap that begins larger", () => {
  it("is the first thread's alone", () => {
    const module = new URL("../node/small-collections.ts", import.meta.url).href;
    // What a young generation holds at most before it is collected, here and in a thread.
    const told = `
      const { Worker } = require("node:worker_threads");
      const size = \`require("node:v8").getHeapSpaceStatistics()
        .filter((one) => one.space_name === "new_space")
        .reduce((sum, one) => sum + one.space_used_size + one.space_available_size, 0)\`;
      import(${JSON.stringify(module)}).then((own) => {
        own.keepHeapFlagsFromThreads();
        const thread = new Worker(\`require("node:worker_threads").parentPort.postMessage(\${size})\`, { eval: true });
        thread.once("message", (its) => console.log(JSON.stringify([eval(size), its])));
      });`;
    const args = [...HEAP_FLAGS, "--disable-warning=ExperimentalWarning", "-e", told];
    const [own, its] = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
    assert.ok(own > 4_000_000, `${own}`);
    assert.ok(its < 3_000_000, `${its}`);
  });
});
