import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { moveInto } from "../../node/adapters/archive-file.ts";
import { markOf } from "../../node/adapters/watch-folder.ts";
import { TallystickError } from "../../node/core/errors.ts";

const SHARED_MEMORY = "/dev/shm";

describe("archiving a watched file", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "tallystick-archive-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function put(name: string, text: string) {
    const path = join(folder, name);
    await writeFile(path, text);
    return { path, mark: await markOf(path) };
  }

  it("moves it beside what has its name already", async () => {
    const done = join(folder, "done");
    for (const text of ["one", "two"]) await moveInto(done, await put("same.csv", text));
    assert.deepEqual((await readdir(done)).sort(), ["same.csv", "same.csv.1"]);
    assert.equal(existsSync(join(folder, "same.csv")), false);
  });

  it("leaves a file that took its name after it was read", async () => {
    const done = join(folder, "done");
    const read = await put("calls.csv", "first");
    const other = await put("other", "later");
    await rename(other.path, read.path);
    assert.equal(await moveInto(done, read), undefined);
    assert.deepEqual([await readdir(done), readFileSync(read.path, "utf8")], [[], "later"]);
    const written = await put("grown.csv", "first");
    await writeFile(written.path, "again");
    assert.equal(await moveInto(done, written), undefined);
    assert.deepEqual(await readdir(done), []);
    await rm(read.path);
    assert.equal(await moveInto(done, read), undefined);
  });

  it("says where it can not be moved, and leaves it", async () => {
    const inTheWay = await put("done", "a file");
    const file = await put("calls.csv", "1");
    await assert.rejects(
      moveInto(inTheWay.path, file),
      (error) => error instanceof TallystickError && error.code === "archive.not-moved",
    );
    assert.equal(readFileSync(file.path, "utf8"), "1");
  });

  it("moves it to another file system", async function () {
    const isThere = existsSync(SHARED_MEMORY);
    // Where there is one file system alone there is nothing to test.
    if (!isThere || statSync(SHARED_MEMORY).dev === statSync(folder).dev) this.skip();
    const far = await mkdtemp(join(SHARED_MEMORY, "tallystick-archive-"));
    try {
      const target = await moveInto(far, await put("calls.csv", "across"));
      assert.equal(target, join(far, "calls.csv"));
      assert.equal(readFileSync(join(far, "calls.csv"), "utf8"), "across");
      assert.deepEqual([await readdir(folder), await readdir(far)], [[], ["calls.csv"]]);
    } finally {
      await rm(far, { recursive: true });
    }
  });
});
