import assert from "node:assert/strict";
import { MessageChannel } from "node:worker_threads";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { answerCalls, PortCalls } from "../../node/adapters/port-calls.ts";
import {
  PortStore,
  type ReadStore,
  type StoreCalls,
  type StorePage,
  storeHandlers,
} from "../../node/adapters/port-store.ts";
import { TallystickError } from "../../node/core/errors.ts";
import type { StoreEntry, StoreRange } from "../../node/engine/store/store.ts";
import { hasCode } from "../engine/engine-scene.ts";

/** More than two pages of values. */
const COUNT = 150;
const keyAt = (at: number) => `k/${String(at).padStart(4, "0")}`;
const ALL: StoreRange = { from: "k/", to: "k0" };

describe("the store of another thread", () => {
  const channels: MessageChannel[] = [];
  let store: MemoryStore;
  before(async () => {
    store = new MemoryStore();
    const values = Array.from({ length: COUNT }, (_, at) => ({
      type: "put" as const,
      key: keyAt(at),
      value: Uint8Array.of(at, at + 1),
    }));
    await store.write(values);
  });
  afterEach(() => {
    for (const { port1 } of channels.splice(0)) port1.close();
  });

  function over(reading: ReadStore) {
    const channel = new MessageChannel();
    channels.push(channel);
    answerCalls<StoreCalls>(channel.port1, storeHandlers(reading));
    const calls = new PortCalls<StoreCalls>(channel.port2);
    return { calls, far: new PortStore(calls) };
  }

  async function listed(reading: ReadStore, range: StoreRange): Promise<StoreEntry[]> {
    const entries: StoreEntry[] = [];
    for await (const { value, ...entry } of reading.scan(range)) {
      entries.push({ ...entry, value: Uint8Array.from(value) });
    }
    return entries;
  }

  it("gives what the store itself gives, page by page", async () => {
    const { far } = over(store);
    for (const range of [
      ALL,
      { ...ALL, reverse: true },
      { ...ALL, limit: 0 },
      { ...ALL, limit: 64 },
      { ...ALL, limit: 65, reverse: true },
      { ...ALL, keysOnly: true },
      { ...ALL, sizesOnly: true, reverse: true },
      { ...ALL, from: keyAt(3), to: keyAt(100) },
      { from: "nothing/", to: "nothing0" },
    ]) {
      assert.deepEqual(await listed(far, range), await listed(store, range), JSON.stringify(range));
    }
    const keys = [keyAt(7), "k/absent", keyAt(1)];
    assert.deepEqual(
      await far.getMany(keys),
      (await store.getMany(keys)).map((value) => value && Uint8Array.from(value)),
    );
    assert.deepEqual(await far.getMany([]), []);
    // What was handed over was a copy.
    assert.deepEqual([...((await store.get(keyAt(7))) ?? [])], [7, 8]);
  });

  it("gives no more at once than a message is to hold", async () => {
    const { calls } = over(store);
    const tooMuch = [{ ...ALL, limit: 65 }, { ...ALL, limit: 0 }, { ...ALL, limit: 0.5 }, ALL];
    for (const page of tooMuch) {
      await assert.rejects(calls.ask("scan", page as StorePage), hasCode("port.page"));
    }
    assert.equal((await calls.ask("scan", { ...ALL, limit: 2 })).length, 2);
  });

  it("ends where what is given does not lead on, instead of asking for ever", async () => {
    const page = await listed(store, { ...ALL, limit: 64 });
    const always = async function* () {
      yield* page;
    };
    const { far } = over({ scan: always, getMany: async () => [] });
    const reverse = { from: "k/", to: page.at(-1)?.key ?? "", reverse: true };
    await assert.rejects(listed(far, reverse), hasCode("port.page"));
    await assert.rejects(far.getMany(["k/1"]), hasCode("port.page"));
  });

  it("tells errors by their code, and what nobody answers", async () => {
    const away = () => Promise.reject(new TallystickError("store.closed", "closed"));
    const { calls, far } = over({ scan: (range) => store.scan(range), getMany: away });
    await assert.rejects(far.getMany(["k/1"]), hasCode("store.closed"));
    await assert.rejects(
      calls.ask("write" as keyof StoreCalls, [] as never),
      hasCode("port.unknown-call"),
    );
  });
});
