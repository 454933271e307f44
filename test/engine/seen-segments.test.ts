import assert from "node:assert/strict";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { SeenSegments } from "../../node/engine/intake/seen-segments.ts";
import { encodeBytes } from "../../node/engine/store/stored-bytes.ts";

/** Segments "s0" to "s299", of one word each, in a store that counts what it is asked for. */
async function segmentsOf() {
  const store = new MemoryStore();
  const operations = Array.from({ length: 300 }, (_, at) => ({
    type: "put" as const,
    key: `s${at}`,
    value: encodeBytes(new Uint8Array(Uint32Array.of(at).buffer)),
  }));
  await store.write(operations);
  const asked: string[][] = [];
  const getMany = store.getMany.bind(store);
  store.getMany = (keys) => {
    asked.push([...keys]);
    return getMany(keys);
  };
  return { segments: new SeenSegments(store), asked, store };
}

const first = (segments: Uint32Array[]) => segments.map(([word]) => word);

describe("segments of runs that are read ahead", () => {
  it("are not asked for again, and in the order of the keys with those that were not", async () => {
    const { segments, asked } = await segmentsOf();
    segments.readAhead(["s1", "s2"]);
    segments.readAhead(["s2", "s3"]);
    assert.deepEqual(first(await segments.read(["s3", "s9", "s1"])), [3, 9, 1]);
    assert.deepEqual(asked, [["s1", "s2"], ["s3"], ["s9"]]);
    segments.forget();
    assert.deepEqual(first(await segments.read(["s1"])), [1]);
    assert.equal(asked.length, 4);
  });

  it("are no more than memory is meant for", async () => {
    const { segments, asked } = await segmentsOf();
    const keys = Array.from({ length: 300 }, (_, at) => `s${at}`);
    segments.readAhead(keys);
    assert.equal(asked[0]?.length, 256);
    assert.deepEqual(
      first(await segments.read(keys)),
      keys.map((_, at) => at),
    );
    assert.equal(asked[1]?.length, 44);
  });

  it("keep nobody from the others when one was deleted meanwhile", async () => {
    const { segments } = await segmentsOf();
    segments.readAhead(["gone", "s1"]);
    assert.deepEqual(first(await segments.read(["s1"])), [1]);
    await assert.rejects(segments.read(["gone"]), { code: "store.value-damaged" });
    segments.forget();
    await assert.rejects(segments.read(["gone"]), { code: "store.value-damaged" });
  });
});
