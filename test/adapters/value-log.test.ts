import assert from "node:assert/strict";
import {
  appendFile,
  cp,
  mkdtemp,
  open,
  readdir,
  readlink,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { kindOf, type ValueKind, ValueLog } from "../../node/adapters/value-log.ts";
import { ValueRoom } from "../../node/engine/number/value-room.ts";
import type { StoreOperation } from "../../node/engine/store/store.ts";
import { collect } from "./store-conformance.ts";

const KINDS: readonly ValueKind[] = ["staying", "passing"];
const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte);
const lasting = (key: string, value: Uint8Array): StoreOperation => ({
  type: "put",
  key,
  value,
  lasting: true,
});

describe("log of values", () => {
  let base: string;
  let count = 0;
  before(async () => {
    base = await mkdtemp(join(tmpdir(), "tallystick-values-"));
  });
  after(() => rm(base, { recursive: true, force: true }));
  const fresh = () => join(base, String(count++));

  it("gives values back in any order, from several files, after it was opened again", async () => {
    const value = fc.uint8Array({ maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.array(value, { maxLength: 6 }), fc.constantFrom(...KINDS)), {
          maxLength: 8,
        }),
        async (all) => {
          const directory = fresh();
          const log = new ValueLog(directory, { fileBytes: 400 });
          // Two appends at a time: none of them may take the other's place.
          const places = (await Promise.all(all.map(([values, kind]) => log.append(values, kind))))
            .flat()
            .reverse();
          const expected = all.flatMap(([values]) => values).reverse();
          assert.deepEqual(
            places.map(({ file }) => kindOf(file)),
            all.flatMap(([values, kind]) => values.map(() => kind)).reverse(),
          );
          assert.deepEqual(
            (await log.read(places)).map((value) => [...value]),
            expected.map((value) => [...value]),
          );
          await log.close();
          const again = new ValueLog(directory, { fileBytes: 400 });
          const [more] = await again.append([filled(9, 9)], "staying");
          assert.deepEqual(
            (await again.read(places)).map((value) => [...value]),
            expected.map((value) => [...value]),
          );
          assert.deepEqual([...((await again.read([more as never]))[0] ?? [])], [...filled(9, 9)]);
          await again.close();
        },
      ),
      { numRuns: 30 },
    );
  });

  it("begins another file when one is full", async () => {
    const directory = fresh();
    const log = new ValueLog(directory, { fileBytes: 1_000 });
    for (let i = 0; i < 5; i++) await log.append([filled(600, i)], "passing");
    await log.close();
    assert.equal((await readdir(directory)).length, 3);
  });

  it("reads from more files than it holds open", async () => {
    const log = new ValueLog(fresh(), { fileBytes: 1 });
    const places = [];
    for (let i = 0; i < 40; i++) places.push(...(await log.append([filled(10, i)], "staying")));
    const values = await log.read(places);
    assert.deepEqual(
      values.map(([first]) => first),
      Array.from({ length: 40 }, (_, i) => i),
    );
    assert.equal((await log.read(places.slice(0, 1)))[0]?.[0], 0);
    await log.close();
  });

  it("is written to no more when it is closed, but for what was asked for before", async () => {
    const log = new ValueLog(fresh());
    const before = log.append([filled(10, 7)], "passing");
    const closed = log.close();
    for (const kind of KINDS) {
      await assert.rejects(log.append([filled(10, 8)], kind), { code: "store.closed" });
      await assert.rejects(log.beginFile(kind), { code: "store.closed" });
    }
    await closed;
    assert.deepEqual(await log.read(await before), [filled(10, 7)]);
  });

  const PAGE = 4_096;
  /** Shows no differences: of so many bytes they would take minutes. */
  const same = (found: readonly Uint8Array[], expected: readonly Uint8Array[]) =>
    assert.deepEqual(
      found.map((value, at) => Buffer.compare(value, expected[at] ?? new Uint8Array())),
      expected.map(() => 0),
    );
  for (const [title, write] of [
    ["as they are", undefined],
    // As of a file system that knows no such writes.
    [
      "where the system refuses to",
      () => Promise.reject(Object.assign(new Error(), { code: "EINVAL" })),
    ],
    ["of which the disk takes half", (wrote: () => Promise<unknown>) => wrote()],
  ] as const) {
    it(`writes cold values from where they lie, ${title}`, async () => {
      const directory = fresh();
      const log = new ValueLog(directory);
      const room = new ValueRoom();
      const cold = [200_001, 150_000, 90_000].map((bytes, at) => room.take(bytes).fill(1 + at));
      // It begins at a page as little as any memory that a program asks for.
      const elsewhere = [0, 300_000].map((from) =>
        new Uint8Array(new SharedArrayBuffer(600_000), from, 300_000).fill(9),
      );
      const values = [...cold, ...elsewhere, filled(77, 4)];
      const handle = await open(base, "r");
      await handle.close();
      const shared = Object.getPrototypeOf(handle) as {
        write(bytes: Uint8Array, from: number, length: number, at: number): Promise<unknown>;
      };
      const { write: wrote } = shared;
      let direct = 0;
      shared.write = function (bytes, from, length, at) {
        direct++;
        const half = Math.floor(length / 2 / PAGE) * PAGE;
        return write === undefined
          ? wrote.call(this, bytes, from, length, at)
          : write(() => wrote.call(this, bytes, from, half, at));
      };
      try {
        await log.append([filled(5, 8)], "staying");
        const places = await log.append(values, "staying", 5);
        const again = await log.append(values, "staying", 5);
        assert.ok(direct > 0, "they are written that way");
        for (const those of [places, again]) same(await log.read(those), values);
        await log.close();
        const opened = new ValueLog(directory);
        same(await opened.read([...places, ...again]), [...values, ...values]);
        await opened.close();
      } finally {
        shared.write = wrote;
      }
    });
  }

  it("keeps no file open for who reads when it is closed", async () => {
    const log = new ValueLog(fresh());
    const places = await log.append([filled(10, 7)], "passing");
    const handle = await open(base, "r");
    await handle.close();
    // What all handles of files share.
    const shared = Object.getPrototypeOf(handle) as { read(...of: unknown[]): Promise<unknown> };
    const { read } = shared;
    const reading = new Set<{ fd: number }>();
    shared.read = function (this: { fd: number }, ...of) {
      reading.add(this);
      return read.apply(this, of);
    } as typeof read;
    try {
      await log.read(places);
      await log.close();
      // It was asked before, as by a merge of records seen, and reads now.
      assert.equal((await log.read(places))[0]?.length, 10);
    } finally {
      shared.read = read;
    }
    assert.equal(reading.size, 2);
    for (let turn = 0; turn < 100 && [...reading].some(({ fd }) => fd >= 0); turn++) {
      await new Promise(setImmediate);
    }
    assert.deepEqual(
      [...reading].map(({ fd }) => fd),
      [-1, -1],
    );
  });
});

describe("the end of a log of values on a disk that fails", () => {
  let base: string;
  let count = 0;
  before(async () => {
    base = await mkdtemp(join(tmpdir(), "tallystick-end-"));
  });
  after(() => rm(base, { recursive: true, force: true }));
  const fresh = () => join(base, String(count++));

  it("holds no file open that could not be made durable, names it, and goes on afterwards", async () => {
    const directory = fresh();
    const handle = await open(base, "r");
    await handle.close();
    // What all handles of files share.
    type Shared = { fd: number; sync(): Promise<void>; stat(): Promise<unknown> };
    const shared = Object.getPrototypeOf(handle) as Shared;
    const { sync, stat: measure } = shared;
    const opened = new Set<Shared>();
    const log = new ValueLog(directory);
    await log.append([filled(10, 1)], "staying");
    const failing = async function (this: Shared) {
      opened.add(this);
      throw Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
    };
    const path = join(directory, "80000000.values");
    for (const method of ["sync", "stat"] as const) {
      shared[method] = failing;
      try {
        const error = await log.append([filled(10, 1)], "passing").catch((failure) => failure);
        assert.deepEqual([error.code, error.path], ["EIO", path]);
      } finally {
        shared.sync = sync;
        shared.stat = measure as Shared["stat"];
      }
    }
    const files = (await readdir("/proc/self/fd").catch(() => [])).map((fd) =>
      readlink(join("/proc/self/fd", fd)).catch(() => ""),
    );
    assert.ok(!(await Promise.all(files)).includes(path));
    assert.ok([...opened].every(({ fd }) => fd === -1));
    const places = await log.append([filled(10, 2)], "passing");
    assert.deepEqual(await log.read(places), [filled(10, 2)]);
    await log.close();
  });

  it("takes a directory that can not be read for no empty one", async () => {
    const directory = fresh();
    await writeFile(directory, "no directory");
    const log = new ValueLog(directory);
    await assert.rejects(log.sizes(), { code: "ENOTDIR" });
    await log.close();
  });
});

describe("lasting values of the level store", () => {
  let base: string;
  let count = 0;
  before(async () => {
    base = await mkdtemp(join(tmpdir(), "tallystick-lasting-"));
  });
  after(() => rm(base, { recursive: true, force: true }));
  const fresh = () => join(base, String(count++));
  const logged = async (directory: string): Promise<number> => {
    const names = await readdir(join(directory, "values")).catch(() => []);
    const sizes = names.map(async (name) => (await stat(join(directory, "values", name))).size);
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  };

  it("are found by key, together and in a scan, beside others", async () => {
    const directory = fresh();
    const store = await LevelStore.open(directory);
    const operations = Array.from({ length: 200 }, (_, i) =>
      lasting(`k${String(i).padStart(3, "0")}`, filled(i % 2 === 0 ? 5_000 : 5, i)),
    );
    await store.write(operations);
    assert.equal(await logged(directory), 100 * 5_000);
    await store.close();
    const again = await LevelStore.open(directory);
    assert.deepEqual(new Uint8Array((await again.get("k006")) ?? []), filled(5_000, 6));
    const [odd, absent, even] = await again.getMany(["k007", "x", "k008"]);
    assert.deepEqual([odd?.length, absent, even?.length], [5, undefined, 5_000]);
    for (const reverse of [false, true]) {
      const found = await collect(again.scan({ from: "k", to: "l", reverse }));
      assert.equal(found.length, 200);
      for (const { key, value } of found) {
        assert.deepEqual(new Uint8Array(value), filled(value.length, Number(key.slice(1))));
      }
    }
    await again.close();
  });

  it("lie apart when they pass, and are written on where each kind ended after a restart", async () => {
    const directory = fresh();
    const files = async () => (await readdir(join(directory, "values"))).sort();
    for (let i = 0; i < 2; i++) {
      const store = await LevelStore.open(directory);
      await store.write([
        lasting(`a${i}`, filled(5_000, i)),
        { ...lasting(`b${i}`, filled(6_000, 2 + i)), lasting: "passing" } as StoreOperation,
      ]);
      for (let of = 0; of <= i; of++) {
        const [a, b] = await store.getMany([`a${of}`, `b${of}`]);
        assert.deepEqual(new Uint8Array(a ?? []), filled(5_000, of));
        assert.deepEqual(new Uint8Array(b ?? []), filled(6_000, 2 + of));
      }
      await store.close();
    }
    const sizes = (await files()).map(
      async (name) => (await stat(join(directory, "values", name))).size,
    );
    assert.deepEqual(await Promise.all(sizes), [10_000, 12_000]);
  });

  it("stay beside the log when a value is not said to last", async () => {
    const directory = fresh();
    const store = await LevelStore.open(directory);
    await store.write([{ type: "put", key: "b", value: filled(5_000, 2) }]);
    assert.equal(await logged(directory), 0);
    await store.close();
  });

  it("are not mistaken for what looks like a place", async () => {
    const directory = fresh();
    const store = await LevelStore.open(directory);
    await store.write([lasting("a", filled(5_000, 1))]);
    const place = Uint8Array.of(0xff, 0x76, 0x6c, 0x01, 0, 0, 0, 1, ...filled(10, 0), 0, 9);
    await store.write([{ type: "put", key: "b", value: place }]);
    assert.deepEqual(new Uint8Array((await store.get("b")) ?? []), place);
    await store.close();
  });

  it("are as they were when a crash left bytes that nobody names", async () => {
    const directory = fresh();
    const store = await LevelStore.open(directory);
    await store.write([lasting("a", filled(5_000, 1))]);
    await store.close();
    const [name = ""] = await readdir(join(directory, "values"));
    // The process died after a part of the next unit's values, before the batch.
    await appendFile(join(directory, "values", name), filled(7_777, 0xee));
    const again = await LevelStore.open(directory);
    await again.write([lasting("b", filled(5_000, 2))]);
    assert.deepEqual(new Uint8Array((await again.get("a")) ?? []), filled(5_000, 1));
    assert.deepEqual(new Uint8Array((await again.get("b")) ?? []), filled(5_000, 2));
    await again.close();
  });

  it("end in store.corrupt when the log was cut, or a file of it is gone", async () => {
    const directory = fresh();
    const store = await LevelStore.open(directory);
    await store.write([lasting("a", filled(5_000, 1)), lasting("b", filled(5_000, 2))]);
    await store.close();
    const file = join(directory, "values", (await readdir(join(directory, "values")))[0] ?? "");
    const gone = fresh();
    await cp(directory, gone, { recursive: true });
    await truncate(file, 9_000);
    const cut = await LevelStore.open(directory);
    assert.equal((await cut.get("a"))?.length, 5_000);
    await assert.rejects(cut.get("b"), { code: "store.corrupt" });
    await assert.rejects(collect(cut.scan({ from: "a", to: "c" })), { code: "store.corrupt" });
    await cut.close();
    await rm(join(gone, "values"), { recursive: true });
    const without = await LevelStore.open(gone);
    await assert.rejects(without.getMany(["a", "b"]), { code: "store.corrupt" });
    await without.close();
  });
});
