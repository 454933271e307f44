import assert from "node:assert/strict";
import fc from "fast-check";
import type {
  Store,
  StoreEntry,
  StoreOperation,
  StoreRange,
} from "../../node/engine/store/store.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const put = (key: string, value = key): StoreOperation => ({
  type: "put",
  key,
  value: bytes(value),
});

export async function collect(entries: AsyncIterable<StoreEntry>): Promise<StoreEntry[]> {
  const all: StoreEntry[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

/** What every implementation of the store port does; `open` gives a new, empty one. */
export function storeConformance(open: () => Promise<Store>): void {
  let store: Store;
  beforeEach(async () => {
    store = await open();
  });
  afterEach(() => store.close());

  const keys = async (range: StoreRange) => (await collect(store.scan(range))).map((e) => e.key);

  it("gives back the bytes that were written, empty ones too", async () => {
    const value = Uint8Array.from({ length: 256 }, (_, i) => i);
    await store.write([
      { type: "put", key: "all", value },
      { type: "put", key: "none", value: new Uint8Array() },
    ]);
    assert.deepEqual(new Uint8Array((await store.get("all")) ?? []), value);
    assert.equal((await store.get("none"))?.length, 0);
    assert.equal(await store.get("absent"), undefined);
  });

  it("answers many keys in their order, absent ones too", async () => {
    await store.write([put("a", "1"), put("b", "2")]);
    const found = await store.getMany(["b", "x", "a", "b"]);
    const texts = found.map((value) => value && new TextDecoder().decode(value));
    assert.deepEqual(texts, ["2", undefined, "1", "2"]);
    assert.deepEqual(await store.getMany([]), []);
  });

  it("answers parts of values as far as these have them, and of what was written last", async () => {
    const lasting = (value: string): StoreOperation => {
      return { type: "put", key: "long", value: bytes(value.padEnd(2_000, ".")), lasting: true };
    };
    const texts = async (...parts: [key: string, from: number, to: number][]) => {
      const found = await store.getParts(parts.map(([key, from, to]) => ({ key, from, to })));
      return found.map((value) => value && new TextDecoder().decode(value));
    };
    await store.write([put("a", "letters"), lasting("first of all")]);
    const asked: [string, number, number][] = [
      ["long", 6, 8],
      ["a", 3, 100],
      ["x", 0, 1],
      ["long", 0, 5],
      ["a", 9, 12],
      ["long", 1_998, 5_000],
      ["long", 2_000, 2_001],
    ];
    for (const _ of ["asked", "asked again"]) {
      assert.deepEqual(await texts(...asked), ["of", "ters", undefined, "first", "", "..", ""]);
    }
    await store.write([lasting("then another"), put("a", "b")]);
    assert.deepEqual(await texts(["long", 5, 12], ["a", 0, 9]), ["another", "b"]);
    await store.write([{ type: "delete", key: "long" }]);
    assert.deepEqual(await texts(["long", 0, 4]), [undefined]);
    assert.deepEqual(await texts(), []);
  });

  it("does not change a stored value when the caller reuses its buffer", async () => {
    const value = bytes("before");
    await store.write([{ type: "put", key: "k", value }]);
    value.fill(0);
    assert.equal(new TextDecoder().decode(await store.get("k")), "before");
  });

  it("applies the operations of one write in their order", async () => {
    await store.write([put("a", "1"), put("a", "2"), put("b"), { type: "delete", key: "b" }]);
    assert.equal(new TextDecoder().decode(await store.get("a")), "2");
    assert.equal(await store.get("b"), undefined);
  });

  it("deletes, and takes the deletion of an absent key for done", async () => {
    await store.write([put("a")]);
    await store.write([{ type: "delete", key: "a" }]);
    await store.write([{ type: "delete", key: "a" }]);
    assert.equal(await store.get("a"), undefined);
  });

  it("scans from the first key, included, to the last, excluded", async () => {
    await store.write(["a", "b", "b/1", "c"].map((key) => put(key)));
    assert.deepEqual(await keys({ from: "b", to: "c" }), ["b", "b/1"]);
    assert.deepEqual(await keys({ from: "b", to: "b" }), []);
    assert.deepEqual(await keys({ from: "a", to: "z", limit: 2 }), ["a", "b"]);
    assert.deepEqual(await keys({ from: "a", to: "z", limit: 0 }), []);
    assert.deepEqual(await keys({ from: "a", to: "c", reverse: true }), ["b/1", "b", "a"]);
    assert.deepEqual(await keys({ from: "a", to: "c", reverse: true, limit: 1 }), ["b/1"]);
  });

  it("tells sizes of values where only these are asked for, of lasting ones too", async () => {
    const long: StoreOperation = {
      type: "put",
      key: "long",
      value: new Uint8Array(5_000),
      lasting: true,
    };
    await store.write([put("a", "one"), long, put("none", "")]);
    const found = await collect(store.scan({ from: "a", to: "z", sizesOnly: true }));
    assert.deepEqual(
      found.map(({ key, value, bytes }) => [key, value.length, bytes]),
      [
        ["a", 0, 3],
        ["long", 0, 5_000],
        ["none", 0, 0],
      ],
    );
  });

  it("scans keys without their values where only they are asked for", async () => {
    await store.write([put("a", "value"), put("b", "value")]);
    const entries = await collect(store.scan({ from: "a", to: "z", keysOnly: true }));
    assert.deepEqual(
      entries.map(({ key, value }) => [key, value.length]),
      [
        ["a", 0],
        ["b", 0],
      ],
    );
    const last = { from: "a", to: "z", keysOnly: true, reverse: true, limit: 1 };
    assert.deepEqual(await keys(last), ["b"]);
  });

  it("orders keys by their UTF-8 bytes, not by UTF-16 units", async () => {
    // U+FF61 sorts before U+1F600 in UTF-8, after it in UTF-16.
    await store.write([put("k\u{1F600}"), put("k\uFF61"), put("k\u00E9"), put("kz")]);
    assert.deepEqual(await keys({ from: "k", to: "l" }), [
      "kz",
      "k\u00E9",
      "k\uFF61",
      "k\u{1F600}",
    ]);
  });

  it("refuses a key that has no UTF-8 form", async () => {
    await assert.rejects(async () => store.get("\uD800"), /well-formed/);
    await assert.rejects(async () => store.getMany(["a", "\uD800"]), /well-formed/);
    await assert.rejects(async () => store.write([put("\uD800")]));
  });

  it("shows a scan the state in which it began", async () => {
    await store.write([put("a"), put("b"), put("c")]);
    const seen: string[] = [];
    for await (const { key } of store.scan({ from: "a", to: "z" })) {
      if (key === "a") {
        await store.write([put("d"), { type: "delete", key: "c" }]);
      }
      seen.push(key);
    }
    assert.deepEqual(seen, ["a", "b", "c"]);
    assert.deepEqual(await keys({ from: "a", to: "z" }), ["a", "b", "d"]);
  });

  it("shows a view of it as it was, whatever is written since, and can be let go twice", async () => {
    const long = (fill: number): StoreOperation => ({
      type: "put",
      key: "long",
      value: new Uint8Array(5_000).fill(fill),
      lasting: true,
    });
    await store.write([put("a", "1"), put("b"), long(1)]);
    const view = await store.view();
    await store.write([put("a", "2"), { type: "delete", key: "b" }, put("c"), long(2)]);
    const [a, b, c, lasting] = await view.getMany(["a", "b", "c", "long"]);
    assert.equal(new TextDecoder().decode(a), "1");
    assert.deepEqual([b?.length, c, lasting?.[4_999]], [1, undefined, 1]);
    assert.equal(new TextDecoder().decode(await view.get("a")), "1");
    const seen = (await collect(view.scan({ from: "a", to: "z" }))).map(({ key }) => key);
    assert.deepEqual(seen, ["a", "b", "long"]);
    assert.deepEqual(await keys({ from: "a", to: "z" }), ["a", "c", "long"]);
    await view.letGo();
    await view.letGo();
    const held = await store.view();
    await store.close();
    await assert.rejects(async () => held.get("a"));
    await held.letGo();
  });

  it("lets a reader leave a scan early", async () => {
    await store.write([put("a"), put("b")]);
    for await (const { key } of store.scan({ from: "a", to: "z" })) {
      assert.equal(key, "a");
      break;
    }
    assert.deepEqual(await keys({ from: "a", to: "z" }), ["a", "b"]);
  });

  it("answers store.closed once it is closed", async () => {
    await store.close();
    const closed = { code: "store.closed" };
    await assert.rejects(async () => store.get("a"), closed);
    await assert.rejects(async () => store.getMany(["a"]), closed);
    await assert.rejects(async () => store.write([put("a")]), closed);
    await assert.rejects(async () => collect(store.scan({ from: "a", to: "b" })), closed);
  });

  it("behaves like a sorted map under any sequence of writes", async () => {
    const key = fc.string({ unit: "binary", minLength: 0, maxLength: 3 });
    const operation = fc.oneof(
      fc.record({ type: fc.constant("put" as const), key, value: fc.uint8Array({ maxLength: 4 }) }),
      fc.record({ type: fc.constant("delete" as const), key }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(operation, { maxLength: 5 }), { maxLength: 8 }),
        key,
        key,
        async (writes, from, to) => {
          const fresh = await open();
          const model = new Map<string, Uint8Array>();
          try {
            for (const operations of writes) {
              await fresh.write(operations);
              for (const op of operations) {
                if (op.type === "put") model.set(op.key, op.value);
                else model.delete(op.key);
              }
            }
            const order = (text: string) => Buffer.from(text, "utf8");
            const expected = [...model.keys()]
              .filter((k) => order(k).compare(order(from)) >= 0 && order(k).compare(order(to)) < 0)
              .sort((a, b) => order(a).compare(order(b)));
            const found = await collect(fresh.scan({ from, to }));
            assert.deepEqual(
              found.map((entry) => entry.key),
              expected,
            );
            for (const { key: k, value } of found) {
              assert.deepEqual([...value], [...(model.get(k) ?? [])]);
            }
          } finally {
            await fresh.close();
          }
        },
      ),
      { numRuns: 40 },
    );
  });
}
