import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { FoldThread } from "../../node/adapters/fold-thread.ts";
import { foldHere } from "../../node/engine/intake/entry-folder.ts";
import { foldEntries } from "../../node/engine/intake/fold-entries.ts";
import { folderConformance, madeEntries } from "./folder-conformance.ts";

describe("folding in this thread", () => {
  folderConformance(() => foldHere);
});

describe("folding in a thread of its own", () => {
  const thread = new FoldThread();
  after(() => thread.close());

  folderConformance(() => thread);

  it("refuses what it had when the thread ended or died, and folds again afterwards", async () => {
    const program = new URL("./dying-fold-thread.ts", import.meta.url);
    const dying = new FoldThread(program);
    await assert.rejects(dying.fold(madeEntries(511, 1)), /dies of it/);
    const entries = madeEntries(512, 2);
    assert.deepEqual(await dying.fold(entries), foldEntries(entries));
    const refused = assert.rejects(dying.fold(entries));
    await dying.close();
    await refused;
    assert.deepEqual(await dying.fold(entries), foldEntries(entries));
    await dying.close();
  });

  it("is ended before the process is, though an answer comes meanwhile", () => {
    const program = fileURLToPath(new URL("./closing-fold-thread.ts", import.meta.url));
    const { stdout } = spawnSync(process.execPath, [program]);
    assert.equal(String(stdout), "ended");
  });
});
