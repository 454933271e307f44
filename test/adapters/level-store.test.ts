import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LevelStore } from "../../node/adapters/level-store.ts";
import type { StoreOperation } from "../../node/engine/store.ts";
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
    await first.write([put("a")], { durable: false });
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
         await store.write([{ type: "put", key: "kept", value: Uint8Array.of(7) }], { durable: true });
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

  for (const [what, pattern] of [
    ["its manifest is torn", /^MANIFEST-/],
    ["its CURRENT file is torn", /^CURRENT$/],
  ] as const) {
    it(`says store.corrupt when ${what}`, async () => {
      const directory = fresh();
      const store = await LevelStore.open(directory);
      await store.write([put("a")], { durable: true });
      await store.close();
      const name = (await readdir(directory)).find((file) => pattern.test(file));
      assert.ok(name !== undefined);
      await writeFile(join(directory, name), "torn");
      await assert.rejects(LevelStore.open(directory), { code: "store.corrupt" });
    });
  }

  it("says store.unusable when the place is a file", async () => {
    const file = fresh();
    await writeFile(file, "");
    await assert.rejects(LevelStore.open(file), { code: "store.unusable" });
  });
});
