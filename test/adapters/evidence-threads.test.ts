import assert from "node:assert/strict";
import { EvidenceThreads } from "../../node/adapters/evidence-threads.ts";
import { openEvidenceFile } from "../../node/core/evidence/evidence-file.ts";
import { sealWholeFile } from "../../node/engine/evidence/seal-evidence-file.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";
import { hasCode } from "../engine/engine-scene.ts";

const EPOCH = "2026-10";

describe("sealing evidence files in threads", () => {
  it("gives the bytes that the node's own thread gives, whichever thread has the file", async () => {
    const random = new Seeded(7);
    const threads = new EvidenceThreads(2);
    try {
      const tasks = [0, 1, 1_000, 70_000, 300_000].map((length) => ({
        text: Buffer.from(random.bytes(length)).toString("hex"),
        secret: random.bytes(32),
        salt: random.bytes(16),
        epoch: EPOCH,
      }));
      const files = await Promise.all(tasks.map((task) => threads.seal(task)));
      for (const [at, file] of files.entries()) {
        const task = tasks[at] ?? assert.fail();
        assert.deepEqual(new Uint8Array(file), new Uint8Array(sealWholeFile(task)));
        const opened = await openEvidenceFile(new Uint8Array(file), task.secret);
        assert.equal(opened, task.text);
      }
    } finally {
      await threads.end();
    }
  });

  it("says that a thread ended, whatever it ended of", async () => {
    const threads = new EvidenceThreads(1);
    const broken = { text: 5 as never, secret: new Uint8Array(32), salt: new Uint8Array(32) };
    try {
      const sealing = threads.seal({ ...broken, epoch: EPOCH });
      await assert.rejects(sealing, hasCode("publish.thread-failed"));
    } finally {
      await threads.end();
    }
  });
});
