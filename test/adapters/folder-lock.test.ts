import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { takeFolderLock } from "../../node/adapters/folder-lock.ts";

/** More than a machine numbers processes. */
const DEAD = "999999999 00000000-0000-4000-8000-000000000000";
const LOCKS = 150;
const TAKERS = 2;

describe("the lock of a folder", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tallystick-lock-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const lockWith = (text: string, name = "lock") => {
    writeFileSync(join(folder, name), text);
    return join(folder, "lock");
  };

  it("is taken by one of two that find it stale, or find none", async () => {
    const paths = Array.from({ length: LOCKS }, (_, at) => {
      mkdirSync(join(folder, String(at)));
      const path = join(folder, String(at), "lock");
      if (at % 5 > 0) writeFileSync(path, DEAD.replace(/0$/, String(at % 10)));
      return path;
    });
    const takers = Array.from({ length: TAKERS }, () =>
      fork(join(import.meta.dirname, "folder-lock-taker.ts")),
    );
    try {
      await Promise.all(takers.map((taker) => once(taker, "message")));
      const told = takers.map((taker) => once(taker, "message"));
      const from = Date.now() + 20;
      for (const taker of takers) taker.send({ paths, from });
      const outcomes = (await Promise.all(told)).map(([outcome]) => outcome as string[]);
      for (const [at, path] of paths.entries()) {
        const both = outcomes.map((one) => one[at]).sort();
        assert.deepEqual(both, ["events.folder-in-use", "taken"], path);
        assert.deepEqual(readdirSync(join(path, "..")), ["lock"]);
      }
    } finally {
      for (const taker of takers) taker.kill("SIGKILL");
    }
  });

  it("is taken where a start died while it took a stale one's place", () => {
    const path = lockWith(DEAD);
    lockWith(DEAD, `lock.${DEAD.split(" ")[1]}`);
    takeFolderLock(path);
    assert.equal(readFileSync(path, "utf8").split(" ")[0], String(process.pid));
    assert.deepEqual(readdirSync(folder), ["lock"]);
  });

  it("is taken where nothing that can be read lies in it, and not where another process is on its way", () => {
    takeFolderLock(lockWith(""));
    takeFolderLock(lockWith("nonsense ../../x"));
    const path = lockWith(DEAD);
    const another = DEAD.replace("999999999", String(process.ppid));
    lockWith(another, `lock.${DEAD.split(" ")[1]}`);
    assert.throws(() => takeFolderLock(path), { code: "events.folder-in-use" });
    assert.equal(readFileSync(path, "utf8"), DEAD);
    lockWith(another);
    assert.throws(() => takeFolderLock(path), { code: "events.folder-in-use" });
  });
});
