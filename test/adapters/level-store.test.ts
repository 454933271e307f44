import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { LevelStore } from "../../node/adapters/level-store.ts";
import type { StoreOperation } from "../../node/engine/store/store.ts";
import { storeConformance } from "./store-conformance.ts";

const put = (key: string): StoreOperation => ({ type: "put", key, value: Uint8Array.of(7) });

describe("level store", () => {
  let base: string;
  let count = 0;
  before(async () => {
    base = await mkdtemp(join(tmpdir(), "tallystick-store-"));
  });
  after(() => rm(base, { recursive: true, force: true }));
  const fresh = () => join(base, String(count++));

  storeConformance(() => LevelStore.open(fresh()));

  it("finds its data again", async () => {
    const directory = fresh();
    const first = await LevelStore.open(directory);
    await first.write([put("a")]);
    await first.close();
    const second = await LevelStore.open(directory);
    assert.deepEqual([...((await second.get("a")) ?? [])], [7]);
    await second.close();
  });

  it("is refused to a second process, and free again after kill -9 of the first", async () => {
    const directory = fresh();
    const holder = spawn(
      process.execPath,
      [
        "--input-type=module",
        "-e",
        `import { LevelStore } from ${JSON.stringify(new URL("../../node/adapters/level-store.ts", import.meta.url).href)};
         const store = await LevelStore.open(${JSON.stringify(directory)});
         await store.write([{ type: "put", key: "kept", value: Uint8Array.of(7) }]);
         console.log("open");
         setInterval(() => {}, 1000);`,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(holder.stdout, "data");
    await assert.rejects(LevelStore.open(directory), { code: "store.locked" });
    holder.kill("SIGKILL");
    await once(holder, "exit");
    const store = await LevelStore.open(directory);
    assert.deepEqual([...((await store.get("kept")) ?? [])], [7]);
    await store.close();
  });

  describe("whose folder is taken away while it is open", () => {
    const large = (key: string): StoreOperation => {
      return { type: "put", key, value: new Uint8Array(2_000), lasting: true };
    };
    async function opened(): Promise<{ directory: string; store: LevelStore }> {
      const directory = fresh();
      const store = await LevelStore.open(directory);
      await store.write([large("a")]);
      return { directory, store };
    }

    it("acknowledges nothing that goes into a folder that was removed, and makes no other one", async () => {
      for (const isReplaced of [false, true]) {
        const { directory, store } = await opened();
        await cp(directory, `${directory}-copy`, { recursive: true });
        await store.requireUsable();
        await rm(directory, { recursive: true });
        await assert.rejects(store.requireUsable(), { code: "store.removed" });
        if (isReplaced) await rename(`${directory}-copy`, directory);
        await assert.rejects(store.requireUsable(), { code: "store.removed" });
        for (const operation of [put("b"), large("c")]) {
          await assert.rejects(store.write([operation]), { code: "store.removed" });
        }
        await assert.rejects(store.get("a"), { code: "store.removed" });
        assert.equal(existsSync(directory), isReplaced);
        await store.close();
        if (!isReplaced) continue;
        const copy = await LevelStore.open(directory);
        const found = (await copy.getMany(["a", "b", "c"])).map((value) => value?.length);
        assert.deepEqual(found, [2_000, undefined, undefined]);
        await copy.close();
      }
    });

    it("acknowledges no values that go into a file that was removed or moved", async () => {
      for (const [what, isMoved] of [
        ["values", false],
        ["values/00000001.values", false],
        ["values", true],
        ["values/00000001.values", true],
      ] as const) {
        const { directory, store } = await opened();
        await store.requireUsable();
        if (isMoved) await rename(join(directory, what), `${directory}-${basename(what)}`);
        else await rm(join(directory, what), { recursive: true });
        await assert.rejects(store.requireUsable(), { code: "store.removed" });
        for (const key of ["b", "c"]) {
          await assert.rejects(store.write([large(key)]), { code: "store.removed" });
          assert.equal(await store.get(key), undefined);
        }
        assert.equal(existsSync(join(directory, what)), false);
        await assert.rejects(store.requireUsable(), { code: "store.removed" });
        await store.close();
      }
    });

    it("goes on when it was moved and is back", async () => {
      const { directory, store } = await opened();
      await rename(directory, `${directory}-away`);
      await assert.rejects(store.write([put("b")]), { code: "store.removed" });
      await rename(`${directory}-away`, directory);
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      await store.write([large("c")]);
      await store.requireUsable();
      await store.close();
      const again = await LevelStore.open(directory);
      const found = (await again.getMany(["a", "b", "c"])).map((value) => value?.length);
      assert.deepEqual(found, [2_000, undefined, 2_000]);
      await again.close();
    });
  });

  for (const [what, pattern] of [
    ["its manifest is torn", /^MANIFEST-/],
    ["its CURRENT file is torn", /^CURRENT$/],
  ] as const) {
    it(`says store.corrupt when ${what}`, async () => {
      const directory = fresh();
      const store = await LevelStore.open(directory);
      await store.write([put("a")]);
      await store.close();
      const name = (await readdir(directory)).find((file) => pattern.test(file));
      assert.ok(name !== undefined);
      await writeFile(join(directory, name), "torn");
      await assert.rejects(LevelStore.open(directory), { code: "store.corrupt" });
    });
  }

  describe("with a log that is damaged", () => {
    const WRITES = 40;
    /** One write in each some 5 KB, so that some lie across blocks. */
    async function written(): Promise<{ directory: string; log: string; bytes: Buffer }> {
      const directory = fresh();
      const store = await LevelStore.open(directory);
      for (let at = 0; at < WRITES; at++) {
        const value = new Uint8Array(5_000).fill(at);
        await store.write([{ type: "put", key: `k${at}`, value }]);
      }
      await store.close();
      const name = (await readdir(directory)).find((file) => file.endsWith(".log"));
      assert.ok(name !== undefined);
      const log = join(directory, name);
      return { directory, log, bytes: await readFile(log) };
    }

    it("is refused wherever a bit changed before its last write", async () => {
      const { directory, log, bytes } = await written();
      // The last two writes begin behind this; prime, so that headers, payloads and borders come in turn.
      for (let at = 0; at < bytes.length - 11_000; at += 4_993) {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] as number) ^ 0x10;
        await writeFile(log, damaged);
        await assert.rejects(LevelStore.open(directory), { code: "store.corrupt" }, `byte ${at}`);
      }
      const zeros = Buffer.from(bytes).fill(0, 32_768, 65_536);
      await writeFile(log, zeros);
      await assert.rejects(LevelStore.open(directory), { code: "store.corrupt" });
    });

    it("is opened where a crash tore the end of it, with all writes before", async () => {
      for (const torn of [1, 6, 700, 4_900]) {
        const { directory, log, bytes } = await written();
        await writeFile(log, bytes.subarray(0, bytes.length - torn));
        const store = await LevelStore.open(directory);
        assert.equal((await store.get(`k${WRITES - 2}`))?.length, 5_000);
        assert.equal(await store.get(`k${WRITES - 1}`), undefined);
        await store.close();
      }
      const { directory, log, bytes } = await written();
      await writeFile(log, Buffer.concat([bytes, Buffer.alloc(40_000)]));
      const store = await LevelStore.open(directory);
      assert.equal((await store.get(`k${WRITES - 1}`))?.length, 5_000);
      await store.close();
    });
  });

  it("says store.unusable when the place is a file", async () => {
    const file = fresh();
    await writeFile(file, "");
    await assert.rejects(LevelStore.open(file), { code: "store.unusable" });
  });
});
