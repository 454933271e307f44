import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { checkValues } from "../../node/engine/check/check-values.ts";
import type { StoreOperation } from "../../node/engine/store/store.ts";
import { encodeBytes } from "../../node/engine/store/stored-bytes.ts";

const FILE_BYTES = 60_000;
const VALUE_BYTES = 2_000;
const MONTH_VALUES = 60;
const MONTHS_KEPT = 3;

const keyOf = (month: number, at: number) =>
  `rows/${String(month).padStart(3, "0")}/${String(at).padStart(3, "0")}`;
const bytesOf = (month: number, at: number) =>
  encodeBytes(new Uint8Array(VALUE_BYTES).fill((7 * month + at) % 251));

/** What a month of rows leaves in the log. */
function monthOf(month: number): StoreOperation[] {
  return Array.from({ length: MONTH_VALUES }, (_, at) => ({
    type: "put",
    key: keyOf(month, at),
    value: bytesOf(month, at),
    lasting: at % 2 === 0 || "passing",
  }));
}

const dropped = (month: number, isDropped: (at: number) => boolean): StoreOperation[] =>
  Array.from({ length: MONTH_VALUES }, (_, at) => at)
    .filter(isDropped)
    .map((at) => ({ type: "delete", key: keyOf(month, at) }));

async function loggedBytes(directory: string): Promise<number> {
  const values = join(directory, "values");
  const sizes = (await readdir(values)).map(async (name) => (await stat(join(values, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

describe("compaction of the log of values", () => {
  let base: string;
  let count = 0;
  before(async () => {
    base = await mkdtemp(join(tmpdir(), "tallystick-compact-"));
  });
  after(() => rm(base, { recursive: true, force: true }));
  const fresh = () => join(base, String(count++));

  /** One value in three of the first month is dropped, all of the second. */
  async function half(directory: string): Promise<LevelStore> {
    const store = await LevelStore.open(directory, { fileBytes: FILE_BYTES });
    for (const month of [1, 2, 3]) await store.write(monthOf(month));
    await store.write([...dropped(1, (at) => at % 3 !== 0), ...dropped(2, () => true)]);
    return store;
  }

  async function assertHalf(store: LevelStore): Promise<void> {
    const expected = [1, 2, 3].flatMap((month) =>
      Array.from({ length: MONTH_VALUES }, (_, at) => at)
        .filter((at) => month === 3 || (month === 1 && at % 3 === 0))
        .map((at) => [keyOf(month, at), bytesOf(month, at)] as const),
    );
    let at = 0;
    for await (const { key, value } of store.scan({ from: "rows/", to: "rows0" })) {
      assert.equal(key, expected[at]?.[0]);
      assert.equal(Buffer.compare(value, expected[at]?.[1] as Uint8Array), 0, key);
      at++;
    }
    assert.equal(at, expected.length);
    const { damaged } = await checkValues(store);
    assert.deepEqual(damaged, []);
  }

  it("keeps the disk bounded over many months of which old ones are dropped", async () => {
    const directory = fresh();
    const store = await LevelStore.open(directory, { fileBytes: FILE_BYTES });
    let most = 0;
    for (let month = 1; month <= 30; month++) {
      await store.write(monthOf(month));
      await store.write(dropped(month - MONTHS_KEPT, () => true));
      await store.compact();
      most = Math.max(most, await loggedBytes(directory));
    }
    // What is kept, the file that is written to, and of each other file less than two fifths in vain.
    const kept = MONTHS_KEPT * MONTH_VALUES * (VALUE_BYTES + 64);
    assert.ok(most < kept / 0.6 + 2 * FILE_BYTES, `${most} bytes of ${kept}`);
    const { values, damaged } = await checkValues(store);
    assert.deepEqual([values, damaged], [MONTHS_KEPT * MONTH_VALUES, []]);
    await store.close();
  });

  it("gives back the file that is written to as well, while others write", async () => {
    const directory = fresh();
    const store = await LevelStore.open(directory, { fileBytes: FILE_BYTES });
    const few = monthOf(1).slice(0, Math.floor(FILE_BYTES / VALUE_BYTES / 2));
    await store.write(few);
    await store.write(few.slice(1).map(({ key }) => ({ type: "delete" as const, key })));
    const before = await loggedBytes(directory);
    assert.ok(before > FILE_BYTES / 4 && before < FILE_BYTES);
    const [{ bytesAfter }] = await Promise.all([store.compact(), store.write(monthOf(2))]);
    assert.ok(bytesAfter <= (MONTH_VALUES + 2) * (VALUE_BYTES + 64), `${bytesAfter} bytes`);
    await store.close();
    const again = await LevelStore.open(directory, { fileBytes: FILE_BYTES });
    const { values, damaged } = await checkValues(again);
    assert.deepEqual([values, damaged], [MONTH_VALUES + 1, []]);
    await again.write(monthOf(3));
    assert.equal((await again.compact()).bytesMoved, 0);
    await again.close();
  });

  it("leaves everything there wherever it is killed, and ends what it began the next time", async () => {
    const directory = fresh();
    const store = await half(directory);
    const before = await loggedBytes(directory);
    const steps: string[] = [];
    const left: string[] = [];
    await store.compact(async (step) => {
      // What a process that is killed here leaves on the disk.
      const copy = fresh();
      await cp(directory, copy, { recursive: true });
      steps.push(step);
      left.push(copy);
    });
    await assertHalf(store);
    const after = await loggedBytes(directory);
    assert.ok(after < 0.75 * before, `${after} of ${before}`);
    await store.close();
    assert.deepEqual([...new Set(steps)], ["looked", "moved", "looked again", "removed"]);
    for (const copy of left) {
      const killed = await LevelStore.open(copy, { fileBytes: FILE_BYTES });
      await assertHalf(killed);
      await killed.compact();
      await assertHalf(killed);
      assert.ok((await loggedBytes(copy)) < 0.85 * before);
      await killed.write(monthOf(4));
      await killed.write(dropped(4, () => true));
      await killed.close();
    }
  });

  it("moves values under who knows where they lay", async () => {
    const store = await half(fresh());
    const keys = [3, 30, 57].map((at) => keyOf(1, at));
    const parts = keys.map((key) => ({ key, from: 8, to: 10 }));
    const wanted = [3, 30, 57].map((at) => [...bytesOf(1, at).subarray(8, 10)]);
    const read = async () => (await store.getParts(parts)).map((value) => [...(value ?? [])]);
    assert.deepEqual(await read(), wanted);
    const steps: string[] = [];
    await store.compact(async (step) => {
      steps.push(step);
      assert.deepEqual(await read(), wanted);
    });
    assert.ok(steps.includes("removed"));
    assert.deepEqual(await read(), wanted);
    await store.close();
  });

  it("lets others read and write meanwhile, and takes nothing away under a reader", async () => {
    const directory = fresh();
    const store = await half(directory);
    const reading = store.scan({ from: "rows/", to: "rows0" })[Symbol.asyncIterator]();
    const first = (await reading.next()).value;
    assert.equal(first?.key, keyOf(1, 0));
    let isOver = false;
    const compacting = store
      .compact(async (step) => {
        // What is dropped and written anew while values are moved is not brought back.
        if (step === "looked") {
          await store.write([
            { type: "delete", key: keyOf(1, 3) },
            { type: "put", key: keyOf(1, 6), value: bytesOf(9, 9), lasting: true },
          ]);
        }
      })
      .then((found) => {
        isOver = true;
        return found;
      });
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal(isOver, false);
    // The reader sees what there was when it began.
    const seen = [first?.key];
    for (let next = await reading.next(); !next.done; next = await reading.next()) {
      seen.push(next.value.key);
      const [, month, at] = next.value.key.split("/").map(Number) as [number, number, number];
      assert.equal(Buffer.compare(next.value.value, bytesOf(month, at)), 0);
    }
    assert.equal(seen.length, MONTH_VALUES + MONTH_VALUES / 3);
    const { filesBefore, filesAfter, bytesMoved } = await compacting;
    assert.ok(filesAfter < filesBefore && bytesMoved > 0);
    assert.equal(await store.get(keyOf(1, 3)), undefined);
    const written = (await store.get(keyOf(1, 6))) ?? assert.fail();
    assert.equal(Buffer.compare(written, bytesOf(9, 9)), 0);
    await store.close();
  });

  it("keeps the files of who reads for long, says so, and deletes them the next time", async () => {
    const store = await half(fresh());
    const view = await store.view();
    const kept = await store.compact(undefined, 10);
    assert.ok(kept.filesKept > 0 && kept.filesAfter >= kept.filesBefore);
    const value = (await view.get(keyOf(1, 0))) ?? assert.fail();
    assert.equal(Buffer.compare(value, bytesOf(1, 0)), 0);
    await view.letGo();
    const gone = await store.compact();
    assert.equal(gone.filesKept, 0);
    assert.ok(gone.filesAfter < kept.filesBefore);
    await store.close();
  });

  it("leaves what passes apart from what stays, so that it goes without moving anything", async () => {
    const store = await half(fresh());
    assert.ok((await store.compact()).bytesMoved > 0);
    const passing = (at: number) => at % 2 === 1;
    const month = (of: number) => dropped(of, passing);
    await store.write([...month(1), ...month(2), ...month(3)]);
    const { bytesMoved, bytesAfter } = await store.compact();
    assert.equal(bytesMoved, 0);
    assert.ok(
      bytesAfter <= VALUE_BYTES * 1.01 * (MONTH_VALUES / 2 + MONTH_VALUES / 6) + FILE_BYTES,
    );
    await store.close();
  });

  it("says that another write failed meanwhile, as a scan does, and goes on the next time", async function () {
    if (!existsSync("/dev/full")) this.skip();
    const directory = fresh();
    const store = await LevelStore.open(directory, { fileBytes: 1_000_000 });
    // What is left is more than a compaction moves at once, and reads at once.
    const value = new Uint8Array(75_000).fill(7);
    const all = Array.from({ length: 300 }, (_, at) => keyOf(1, at));
    await store.write(all.map((key) => ({ type: "put", key, value, lasting: true })));
    const kept = all.filter((_, at) => at % 2 === 0);
    const gone = all.filter((_, at) => at % 2 === 1);
    await store.write(gone.map((key) => ({ type: "delete", key })));
    /** LevelDB is opened anew after it, and who reads it has nothing to read any more. */
    const failingWrite = async (): Promise<void> => {
      const full = join(directory, "values", "80000000.values");
      await symlink("/dev/full", full);
      const one = { type: "put", key: "one", value, lasting: "passing" } as const;
      const error = await store.write([one]).catch((failure) => failure);
      assert.deepEqual([error.code, error.place], ["store.write-failed", { file: full }]);
      await rm(full);
    };
    const reading = { code: "store.unavailable" };
    const compacting = store.compact((step) => (step === "moved" ? failingWrite() : undefined));
    await assert.rejects(compacting, reading);
    const scan = async (): Promise<void> => {
      let isFirst = true;
      for await (const { key } of store.scan({ from: "rows/", to: "rows0", keysOnly: true })) {
        assert.ok(key.startsWith("rows/"));
        if (isFirst) await failingWrite();
        isFirst = false;
      }
    };
    await assert.rejects(scan(), reading);
    const { bytesAfter } = await store.compact();
    assert.equal(bytesAfter, kept.length * value.length);
    for (const stored of await store.getMany(kept)) assert.equal(stored?.length, value.length);
    await store.close();
  });

  it("moves nothing where nothing was dropped", async () => {
    const directory = fresh();
    const store = await LevelStore.open(directory, { fileBytes: FILE_BYTES });
    await store.write(monthOf(1));
    await store.write(monthOf(2));
    const nothing = await store.compact();
    assert.deepEqual(
      [nothing.bytesMoved, nothing.filesAfter, nothing.bytesAfter],
      [0, nothing.filesBefore, nothing.bytesBefore],
    );
    await store.close();
  });
});
