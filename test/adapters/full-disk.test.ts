import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { whyDisk } from "../../node/adapters/disk.ts";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { CAGE, CagedProcess } from "./disk-cage.ts";

describe(`the store on a disk that fails (${CAGE})`, function () {
  this.timeout(240_000);
  let base: string;
  before(async () => {
    base = await mkdtemp(join(tmpdir(), "tallystick-disk-"));
  });
  after(() => rm(base, { recursive: true, force: true }));

  it("says that it is full and what to do, loses nothing, and goes on once there is room", async () => {
    const directory = await mkdtemp(join(base, "full-"));
    const caged = new CagedProcess(directory, "fill", 96);
    try {
      const full = await caged.next();
      assert.equal(full.failed.code, "store.write-failed");
      assert.match(full.failed.message, /disk is full.*Free space/);
      assert.ok(full.acknowledged > 5);
      assert.match(full.after.code ?? "store.unavailable", /^store\.(unavailable|write-failed)$/);
      if (CAGE === "small file system") {
        caged.say("free");
        const freed = await caged.next();
        assert.deepEqual(freed.missing, []);
        assert.deepEqual(freed.again, {});
        caged.say("reopen");
        assert.deepEqual((await caged.next()).missing, []);
      }
    } finally {
      await caged.end();
    }
    if (CAGE === "file size limit") {
      // The limit was the process's: what it acknowledged is there for the next one.
      const store = await LevelStore.open(join(directory, "store"));
      assert.notEqual(await store.get("value/0000"), undefined);
      await store.write([{ type: "put", key: "more", value: Uint8Array.of(1) }]);
      await store.close();
    }
  });

  const needsFileSystem =
    CAGE === "small file system" ? "" : " (skipped: no file system of its own can be mounted here)";
  it(`does not open on a read-only disk, and compacts on a full one without loss${needsFileSystem}`, async function () {
    if (CAGE !== "small file system") this.skip();
    const directory = await mkdtemp(join(base, "read-only-"));
    const child = new URL("read-only-child.ts", import.meta.url);
    const caged = new CagedProcess(directory, "remount", 24, child);
    try {
      const { refused, isUntouched } = await caged.next();
      assert.equal(refused.code, "store.unusable");
      assert.match(refused.message, /read-only.*Mount it for writing/);
      assert.equal(isUntouched, true);
      const { lost, compacting, lostWhileFull, again, lostAfter } = await caged.next();
      assert.equal(compacting.code, "store.write-failed");
      assert.match(compacting.message, /disk is full/);
      assert.deepEqual([lost, lostWhileFull, lostAfter], [[], [], []]);
      assert.ok(again.bytesAfter < 0.75 * again.bytesBefore, JSON.stringify(again));
    } finally {
      await caged.end();
    }
  });

  it("loses nothing where a file takes not a byte, and goes on behind it", async function () {
    if (!existsSync("/dev/full")) this.skip();
    const directory = join(base, "dev-full");
    const lasting = (key: string) => ({
      type: "put" as const,
      key,
      value: Buffer.alloc(5_000, key),
      lasting: true,
    });
    const store = await LevelStore.open(directory, { fileBytes: 4_000 });
    await store.write([lasting("a")]);
    // The next file of the log of values.
    const next = join(directory, "values", "00000002.values");
    await symlink("/dev/full", next);
    await assert.rejects(store.write([lasting("b")]), (error: Error) => {
      assert.equal((error as { code?: string }).code, "store.write-failed");
      return /disk is full/.test(error.message);
    });
    assert.equal((await store.get("a"))?.length, 5_000);
    assert.equal(await store.get("b"), undefined);
    await rm(next);
    await store.write([lasting("b")]);
    await store.close();
    const again = await LevelStore.open(directory, { fileBytes: 4_000 });
    assert.deepEqual(
      [(await again.get("a"))?.length, (await again.get("b"))?.length],
      [5_000, 5_000],
    );
    await again.close();
  });

  it("tells people what the disk's errors mean", () => {
    const because = (code: string, message = "") =>
      whyDisk(new Error("outer", { cause: Object.assign(new Error(message), { code }) }));
    assert.match(because("ENOSPC"), /full/);
    assert.match(because("", "IO error: /x/000003.log: No space left on device"), /full/);
    assert.match(because("EROFS"), /read-only/);
    assert.match(because("EIO"), /fails/);
    assert.match(because("EACCES"), /permission/);
    assert.match(because("EXOTIC", "never seen"), /outer/);
  });

  it("reads a block that was damaged as an error or as it was, never as something else", async () => {
    const directory = join(base, "damaged");
    const value = (n: number) => Buffer.alloc(1_000, `${n},`);
    const key = (n: number) => `row/${String(n).padStart(5, "0")}`;
    const first = await LevelStore.open(directory);
    for (let n = 0; n < 400; n++) {
      await first.write([{ type: "put", key: key(n), value: value(n) }]);
    }
    await first.close();
    // Opened once more, the log becomes a table of blocks.
    await (await LevelStore.open(directory)).close();
    const table = (await readdir(directory)).find((name) => name.endsWith(".ldb"));
    assert.ok(table !== undefined);
    const file = join(directory, table);
    const whole = await readFile(file);
    let damaged = 0;
    for (let at = 100; at < whole.length; at += Math.floor(whole.length / 12)) {
      const torn = Buffer.from(whole);
      torn.fill(0xff, at, at + 64);
      await writeFile(file, torn);
      try {
        const store = await LevelStore.open(directory);
        try {
          for (let n = 0; n < 400; n += 13) {
            const found = await store.get(key(n));
            assert.ok(found === undefined || Buffer.compare(found, value(n)) === 0);
          }
          for await (const entry of store.scan({ from: "row/", to: "row0" })) {
            const n = Number(entry.key.slice(4));
            assert.equal(Buffer.compare(entry.value, value(n)), 0);
          }
        } finally {
          await store.close();
        }
      } catch (error) {
        assert.equal((error as { code?: string }).code, "store.corrupt");
        damaged++;
      }
    }
    assert.ok(damaged > 0);
    await writeFile(file, whole);
  });
});
