import assert from "node:assert/strict";
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { filesOfFolder, type WatchedFile } from "../../node/adapters/watch-folder.ts";
import { TallystickError } from "../../node/core/errors.ts";

describe("watching a folder", () => {
  let folder: string;
  let ending: AbortController;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "tallystick-watch-"));
    ending = new AbortController();
  });
  afterEach(async () => {
    ending.abort();
    await rm(folder, { recursive: true, force: true });
  });

  const watch = (settleMilliseconds = 60, onFolder?: (trouble?: TallystickError) => void) =>
    filesOfFolder(folder, {
      settleMilliseconds,
      pollMilliseconds: 10,
      signal: ending.signal,
      ...(onFolder === undefined ? {} : { onFolder }),
    });
  const nextName = async (files: AsyncGenerator<WatchedFile>): Promise<string> => {
    const { value } = await files.next();
    return basename(value.path);
  };

  it("hands out the oldest first, and nothing that is still on its way", async () => {
    for (const [at, name] of ["b.csv", "a.csv", ".hidden", "c.csv.part", "d.tmp"].entries()) {
      await writeFile(join(folder, name), name);
      await utimes(join(folder, name), 1000 + at, 1000 + at);
    }
    await mkdir(join(folder, "inner"));
    const files = watch();
    assert.deepEqual([await nextName(files), await nextName(files)], ["b.csv", "a.csv"]);
    await rename(join(folder, "c.csv.part"), join(folder, "c.csv"));
    assert.equal(await nextName(files), "c.csv");
  });

  it("tells once of a link and of a name that is not UTF-8, and goes on with the others", async () => {
    const latin1 = Buffer.concat([
      Buffer.from(`${folder}/M`),
      Buffer.from([0xfc]),
      Buffer.from(".csv"),
    ]);
    await writeFile(latin1, "1");
    await writeFile(join(folder, "two\nlines.csv"), "1");
    await writeFile(join(folder, "really \ufffd.csv"), "1");
    await symlink(join(folder, "really \ufffd.csv"), join(folder, "link.csv"));
    await mkdir(join(folder, "inner"));
    const told: string[] = [];
    const { signal } = ending;
    const onPassedOver = ({ code }: TallystickError) => void told.push(code);
    const often = { settleMilliseconds: 40, pollMilliseconds: 5, signal, onPassedOver };
    const files = filesOfFolder(folder, often);
    const names = [await nextName(files), await nextName(files)];
    assert.deepEqual(names.sort(), ["really \ufffd.csv", "two\nlines.csv"]);
    assert.deepEqual(told.sort(), ["folder.name-not-utf-8", "folder.not-a-file"]);
  });

  it("hands a file out as soon as it is whole, however seldom the folder is asked", async () => {
    await writeFile(join(folder, "a.csv"), "1");
    const { signal } = ending;
    const seldom = { settleMilliseconds: 40, pollMilliseconds: 3_600_000, signal };
    assert.equal(await nextName(filesOfFolder(folder, seldom)), "a.csv");
  });

  it("waits while a file grows, and hands it out again when it grew afterwards", async () => {
    const file = join(folder, "grows.csv");
    await writeFile(file, "1\n");
    const files = watch(150);
    let isOut = false;
    const first = nextName(files).then((name) => {
      isOut = true;
      return name;
    });
    for (let line = 2; line < 8; line++) {
      await pause(50);
      await appendFile(file, `${line}\n`);
      assert.equal(isOut, false, "not before it was quiet");
    }
    assert.equal(await first, "grows.csv");
    await appendFile(file, "9\n");
    assert.equal(await nextName(files), "grows.csv");
  });

  it("hands a file out again when it may be read now", async () => {
    const file = join(folder, "closed.csv");
    await writeFile(file, "1");
    const files = watch();
    assert.equal(await nextName(files), "closed.csv");
    await chmod(file, 0o640);
    assert.equal(await nextName(files), "closed.csv");
  });

  it("says once that the folder went away and once that it is back", async () => {
    const told: (string | undefined)[] = [];
    const files = watch(0, (trouble) => told.push(trouble?.code));
    await writeFile(join(folder, "first.csv"), "1");
    assert.equal(await nextName(files), "first.csv");
    const next = nextName(files);
    await rename(folder, `${folder}-away`);
    await pause(100);
    await mkdir(folder);
    await writeFile(join(folder, "second.csv"), "2");
    assert.equal(await next, "second.csv");
    assert.deepEqual(told, ["folder.unreadable", undefined]);
    await rm(`${folder}-away`, { recursive: true });
  });

  it("refuses a folder that is not there at the start", async () => {
    await rm(folder, { recursive: true });
    await assert.rejects(
      watch().next(),
      (error) => error instanceof TallystickError && error.code === "folder.unreadable",
    );
  });

  it("ends at the signal", async () => {
    const files = watch();
    const next = files.next();
    await pause(30);
    ending.abort();
    assert.equal((await next).done, true);
  });
});
