import assert from "node:assert/strict";
import fc from "fast-check";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { encodeEpoch, unpackEpoch } from "../../node/engine/number/stored-epoch.ts";
import { SubscriberCounters } from "../../node/engine/number/subscriber-counters.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import { StoreSession } from "../../node/engine/store/store-session.ts";
import { encodeJson, getJson } from "../../node/engine/store/stored-json.ts";
import type { Account, EpochState } from "../../node/engine/store/stored-types.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";
import { CHARGES } from "./engine-scene.ts";

const EPOCH = "2026-10";
const ANNA_KEY = keys.epoch("anna", EPOCH, CHARGES);
const WIDE = 2n ** 64n;

const account = (id: string): Account => ({
  id,
  label: id,
  devices: [{ id: "+491" }],
  accessSecret: `0x${"17".repeat(32)}`,
});

/** A store with an account, and counters that go through one file after the other. */
class Books {
  readonly store = new MemoryStore();
  readonly counters: SubscriberCounters;
  session: StoreSession;

  private constructor(keptMax?: number) {
    this.session = new StoreSession(this.store);
    const random = new Seeded(17);
    this.counters = new SubscriberCounters(this.session, random, CHARGES, keptMax);
  }

  static async open(keptMax?: number): Promise<Books> {
    const books = new Books(keptMax);
    await books.store.write(
      ["anna", "bert"].map((id) => ({
        type: "put",
        key: keys.account(id),
        value: encodeJson(account(id)),
      })),
    );
    await books.nextFile();
    return books;
  }

  async nextFile(): Promise<void> {
    this.session = new StoreSession(this.store);
    this.counters.begin(this.session);
    await this.counters.prefetch([
      ["anna", EPOCH],
      ["bert", EPOCH],
    ]);
  }

  async charge(amountNano: bigint, first: number, row: number): Promise<void> {
    this.counters.count(this.anna, amountNano, first, row);
    this.counters.save();
    await this.session.commit();
  }

  get anna() {
    return this.counters.of("anna", EPOCH);
  }

  async stored(): Promise<EpochState> {
    return (await getJson<EpochState>(this.store, ANNA_KEY)) as EpochState;
  }

  async write(state: EpochState | undefined): Promise<void> {
    const session = new StoreSession(this.store);
    session.put(ANNA_KEY, state);
    await session.commit();
  }
}

describe("counters of subscribers", () => {
  it("store number, running total and places, of any width", async () => {
    const charge = fc.record({
      amountNano: fc.bigInt({ min: 0n, max: 2n ** 66n }),
      first: fc.nat(2 ** 48 - 1),
      row: fc.nat(511),
    });
    const property = fc.asyncProperty(fc.array(charge, { maxLength: 40 }), async (charges) => {
      const books = await Books.open();
      let total = 0n;
      for (const { amountNano, first, row } of charges) {
        await books.charge(amountNano, first, row);
        total += amountNano;
        assert.equal(books.anna.runningTotalNano, total);
        assert.equal(books.anna.isTotalWide, total >= WIDE);
      }
      if (charges.length === 0) return;
      const state = await books.stored();
      assert.equal(state.lastChargeNumber, String(charges.length));
      assert.equal(state.runningTotalNano, String(total));
      assert.deepEqual(state, books.anna.state());
      const owned: number[] = [];
      const { from, to } = { from: `owned/anna/${EPOCH}/`, to: `owned/anna/${EPOCH}0` };
      for await (const { key } of books.store.scan({ from, to, keysOnly: true })) {
        owned.push(...((await getJson<number[]>(books.store, key)) as number[]));
      }
      const wanted = charges.flatMap(({ first, row }) => [first, row]);
      assert.deepEqual([...owned, ...(state.places ?? [])], wanted);
    });
    await fc.assert(property, { numRuns: 30 });
  });

  it("lie in their value as the plain encoder lays them", async () => {
    const books = await Books.open();
    for (let row = 0; row < 5; row++) await books.charge(WIDE / 3n, 2 ** 40 + 7, row);
    const value = (await books.store.get(ANNA_KEY)) as Uint8Array;
    assert.deepEqual(Uint8Array.from(value), encodeEpoch(unpackEpoch(ANNA_KEY, value)));
  });

  it("are read again for each file: others wrote in between", async () => {
    const books = await Books.open();
    await books.charge(100n, 1, 0);
    const known = books.anna;
    const before = await books.stored();
    await books.write({
      ...before,
      lastChargeNumber: "7",
      runningTotalNano: "900",
      places: [5, 1],
    });
    await books.nextFile();
    assert.equal(books.anna, known);
    await books.charge(50n, 9, 2);
    const { lastChargeNumber, runningTotalNano, places } = await books.stored();
    assert.deepEqual([lastChargeNumber, runningTotalNano], ["8", "950"]);
    assert.deepEqual(places, [5, 1, 9, 2]);
  });

  it("keep a device's tag from file to file while the secrets are the same, and not longer", async () => {
    const books = await Books.open();
    await books.charge(100n, 1, 0);
    const device = books.anna.deviceOf("+491");
    await books.nextFile();
    assert.equal(books.anna.deviceOf("+491"), device);
    const before = await books.stored();
    await books.write({ ...before, epochKey: `0x${"ab".repeat(32)}` });
    await books.nextFile();
    const other = books.anna.deviceOf("+491");
    assert.notDeepEqual(other.secrets, device.secrets);
    assert.deepEqual(new Uint8Array(other.secrets.buffer, 0, 32), new Uint8Array(32).fill(0xab));
  });

  it("open a new state where the stored one was deleted, with other secrets", async () => {
    const books = await Books.open();
    await books.charge(100n, 1, 0);
    const before = await books.stored();
    await books.write(undefined);
    await books.nextFile();
    await books.charge(30n, 2, 0);
    const after = await books.stored();
    assert.deepEqual([after.lastChargeNumber, after.runningTotalNano], ["1", "30"]);
    assert.notEqual(after.epochKey, before.epochKey);
  });

  it("keep nothing of a month whose keys were deleted, and the others as they were", async () => {
    const books = await Books.open();
    await books.charge(100n, 1, 0);
    const { anna } = books;
    books.counters.forgetEpochs((epoch) => epoch <= "2026-09");
    assert.equal(books.anna, anna);
    books.counters.forgetEpochs((epoch) => epoch <= EPOCH);
    const { epochKey, pseudonym, runningTotalNano } = anna.state();
    const nothing = `0x${"00".repeat(32)}`;
    assert.deepEqual([epochKey, pseudonym, runningTotalNano], [nothing, nothing, "0"]);
    await books.nextFile();
    assert.notEqual(books.anna, anna);
    assert.equal(books.anna.chargeNumber, 1);
  });

  it("refuse a subscriber who was not read ahead for this file", async () => {
    const books = await Books.open();
    await books.charge(100n, 1, 0);
    books.counters.begin(new StoreSession(books.store));
    assert.throws(() => books.anna);
  });

  it("are let go at a file's end when more are held than is worth it, those that are gone not counted", async () => {
    const books = await Books.open(3);
    const hold = async (epoch: string) => {
      books.session = new StoreSession(books.store);
      books.counters.begin(books.session);
      const owners = ["anna", "bert"].map((id) => [id, epoch] as const);
      await books.counters.prefetch(owners);
      for (const [id] of owners) books.counters.touch(books.counters.of(id, epoch));
      books.counters.save();
      await books.session.commit();
    };
    const isLetGo = () => {
      const { age } = books.counters;
      books.counters.rest();
      return books.counters.age > age;
    };
    for (const epoch of ["2026-07", "2026-08", "2026-09", EPOCH]) {
      await hold(epoch);
      assert.equal(isLetGo(), false);
      books.counters.forgetEpochs((one) => one <= epoch);
    }
    // Whose state was deleted meanwhile is held no more either.
    await hold(EPOCH);
    await books.write(undefined);
    await books.nextFile();
    await hold("2026-11");
    assert.equal(isLetGo(), false);
    await hold("2026-12");
    assert.equal(isLetGo(), true);
  });
});
