import assert from "node:assert/strict";
import fc from "fast-check";
import { type Delivery, MemoryLedger } from "../../node/adapters/memory-ledger.ts";
import { encodeRaw, MemoryNetwork } from "../../node/adapters/memory-network.ts";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import { bookDomain } from "../../node/core/commitment/domain.ts";
import { TallystickError } from "../../node/core/errors.ts";
import type { LedgerCall } from "../../node/engine/commit/ledger.ts";
import { Outbox, type OutboxOptions } from "../../node/engine/commit/outbox.ts";
import type { Settled } from "../../node/engine/commit/outbox-journal.ts";
import type { Store } from "../../node/engine/store/store.ts";
import { ALDER, filled, GENESIS, RETAIL_ALDER } from "../adapters/memory-members.ts";

const BOOK = toHex(
  bookDomain({
    chainId: GENESIS.chainId,
    books: fromHex(GENESIS.books, 20),
    operator: fromHex(ALDER.id, 20),
    agreement: fromHex(RETAIL_ALDER, 32),
    kind: 1,
    number: 1n,
  }),
);

const openBook = (): LedgerCall => ({
  contract: "books",
  method: "openBook",
  args: [RETAIL_ALDER, 1, 1n, 1],
});
const commit = (sequence: number): LedgerCall => ({
  contract: "books",
  method: "commit",
  args: [BOOK, BigInt(sequence), filled(sequence.toString(16).padStart(2, "0"), 32)],
});
const tick = (): LedgerCall => ({ contract: "clock", method: "tick", args: [] });

const hasCode = (code: string) => (error: unknown) =>
  error instanceof TallystickError && error.code === code;

function scene(options: OutboxOptions & { finalityBlocks?: number; mines?: "on command" } = {}) {
  const network = new MemoryNetwork(GENESIS, { mines: options.mines ?? "at once" });
  const ledger = new MemoryLedger(network, ALDER, options.finalityBlocks);
  const store = new MemoryStore();
  return { network, ledger, store, outbox: new Outbox(ledger, store, options) };
}

async function enqueueBatches(outbox: Outbox, from: number, to: number): Promise<void> {
  if (from === 1) {
    await outbox.enqueue({ key: "open", purpose: "open", duty: "commit", call: openBook() });
  }
  for (let sequence = from; sequence <= to; sequence++) {
    const key = `batch/${sequence}`;
    await outbox.enqueue({ key, purpose: "commit", duty: "commit", call: commit(sequence) });
  }
}

async function pumpUntilEmpty(outbox: Outbox, pumpsMax = 500): Promise<void> {
  for (let pumps = 0; pumps < pumpsMax; pumps++) {
    await outbox.pump();
    if (outbox.pending().length === 0) return;
  }
  assert.fail(`still pending: ${JSON.stringify(outbox.pending().map(({ key }) => key))}`);
}

/** "openBook, commit 1, commit 2 …" as the ledger holds them. */
const onLedger = (network: MemoryNetwork, sender: Hex = ALDER.keys.commit) =>
  network
    .transactions()
    .filter((entry) => entry.sender === sender)
    .map(({ method, args, status }) => {
      const what = method === "books.commit" ? `commit ${args[1]}` : method.split(".")[1];
      return status === "done" ? what : `${what} refused`;
    });

const wanted = (to: number) => [
  "openBook",
  ...Array.from({ length: to }, (_, index) => `commit ${index + 1}`),
];

describe("the outbox", () => {
  it("brings calls to the ledger in the order of enqueueing and tells how they ended", async () => {
    const { outbox, network } = scene();
    await enqueueBatches(outbox, 1, 3);
    const settling = outbox.settled("batch/2");
    await pumpUntilEmpty(outbox);
    assert.deepEqual(onLedger(network), wanted(3));
    const settled = await settling;
    assert.equal(settled.status, "final");
    assert.equal(settled.blockNumber, 3n);
    assert.equal(settled.blockTime, GENESIS.time);
    assert.deepEqual(await outbox.settled("batch/2"), settled);
  });

  it("takes the same call under the same key once, before and after it is settled", async () => {
    const { outbox, network } = scene();
    await enqueueBatches(outbox, 1, 1);
    await enqueueBatches(outbox, 1, 1);
    await pumpUntilEmpty(outbox);
    await enqueueBatches(outbox, 1, 1);
    await pumpUntilEmpty(outbox);
    assert.deepEqual(onLedger(network), wanted(1));
  });

  it("refuses another call under a key that is taken", async () => {
    const { outbox } = scene();
    await enqueueBatches(outbox, 1, 1);
    const request = { key: "batch/1", purpose: "", duty: "commit" as const, call: commit(2) };
    await assert.rejects(outbox.enqueue(request), hasCode("outbox.key-reused"));
    await pumpUntilEmpty(outbox);
    await assert.rejects(outbox.enqueue(request), hasCode("outbox.key-reused"));
  });

  it("refuses to be asked about a key that was never enqueued", async () => {
    await assert.rejects(scene().outbox.settled("never"), hasCode("outbox.key-unknown"));
  });

  it("is bounded: a full queue refuses, and at most so many are in flight", async () => {
    const { outbox } = scene({ queuedMax: 5, inFlightMax: 2, mines: "on command" });
    await enqueueBatches(outbox, 1, 4);
    await assert.rejects(enqueueBatches(outbox, 5, 5), hasCode("outbox.full"));
    await outbox.pump();
    const states = outbox.pending().map(({ state }) => state);
    assert.deepEqual(states, ["sent", "sent", "queued", "queued", "queued"]);
  });

  it("takes calls while the ledger is away, and catches up", async () => {
    const { outbox, ledger, network } = scene();
    ledger.isReachable = false;
    await enqueueBatches(outbox, 1, 3);
    await assert.rejects(outbox.pump(), hasCode("ledger.unreachable"));
    assert.equal(outbox.pending().length, 4);
    ledger.isReachable = true;
    await pumpUntilEmpty(outbox);
    assert.deepEqual(onLedger(network), wanted(3));
  });

  it("records a refusal with the contract's reason, and does not try it again", async () => {
    const { outbox, network } = scene();
    await enqueueBatches(outbox, 1, 1);
    const call = commit(7);
    await outbox.enqueue({ key: "gap", purpose: "commit", duty: "commit", call });
    await enqueueBatches(outbox, 2, 2);
    await pumpUntilEmpty(outbox);
    const settled = await outbox.settled("gap");
    assert.equal(settled.status, "refused");
    assert.deepEqual(settled.error, {
      name: "SequenceOutOfOrder",
      values: { book: BOOK, expected: "2", given: "7" },
    });
    await outbox.pump();
    assert.deepEqual(onLedger(network), [...wanted(1), "commit 7 refused", "commit 2"]);
  });

  it("does not settle what is mined and not final", async () => {
    const { outbox, network } = scene({ finalityBlocks: 2 });
    await enqueueBatches(outbox, 1, 1);
    await outbox.pump();
    await outbox.pump();
    assert.deepEqual(onLedger(network), wanted(1));
    assert.equal(outbox.pending().length, 2);
    network.mine();
    await outbox.pump();
    assert.deepEqual(
      outbox.pending().map(({ key }) => key),
      ["batch/1"],
    );
    network.mine();
    await outbox.pump();
    assert.equal(outbox.pending().length, 0);
  });

  it("says again what the ledger dropped, the very same bytes", async () => {
    const { outbox, network, ledger } = scene({ mines: "on command", resendAfterPumps: 3 });
    const said: Hex[] = [];
    ledger.delivery = (hash) => {
      said.push(hash);
      return "deliver";
    };
    await enqueueBatches(outbox, 1, 2);
    await outbox.pump();
    network.dropWaiting();
    network.mine();
    assert.deepEqual(onLedger(network), []);
    for (let pumps = 0; pumps < 3; pumps++) await outbox.pump();
    assert.equal(new Set(said).size, 3);
    assert.equal(said.length, 6);
    network.mine();
    await pumpUntilEmpty(outbox);
    assert.deepEqual(onLedger(network), wanted(2));
  });

  it("fills the gap when only the first of several was dropped", async () => {
    const { outbox, network } = scene({ mines: "on command", resendAfterPumps: 2 });
    await enqueueBatches(outbox, 1, 3);
    await outbox.pump();
    network.dropWaiting(outbox.pending()[0]?.hash);
    network.mine();
    assert.deepEqual(onLedger(network), []);
    for (let pumps = 0; pumps < 3; pumps++) await outbox.pump();
    network.mine();
    await pumpUntilEmpty(outbox);
    assert.deepEqual(onLedger(network), wanted(3));
  });

  it("gives a call the next nonce when somebody else used its own with the same key", async () => {
    const { outbox, network, ledger } = scene();
    const sender = ALDER.keys.commit;
    ledger.delivery = () => "lose";
    await outbox.enqueue({ key: "tick", purpose: "tick", duty: "commit", call: tick() });
    await outbox.pump();
    network.receive(encodeRaw({ method: "clock.tick", args: ["foreign"], sender, nonce: 0n }));
    ledger.delivery = () => "deliver";
    await pumpUntilEmpty(outbox);
    const settled = await outbox.settled("tick");
    assert.equal(settled.nonce, 1n);
    assert.deepEqual(onLedger(network), ["tick", "tick"]);
  });

  it("does not say a call twice where receipts come later than blocks", async () => {
    const { outbox, network, ledger } = scene({ replacedAfterLooks: 3 });
    await enqueueBatches(outbox, 1, 1);
    await outbox.pump();
    const receipt = ledger.receipt.bind(ledger);
    ledger.receipt = async () => undefined;
    for (let pumps = 0; pumps < 2; pumps++) await outbox.pump();
    ledger.receipt = receipt;
    await pumpUntilEmpty(outbox);
    assert.deepEqual(onLedger(network), wanted(1));
  });

  it("starts behind transactions that the key made before there was an outbox", async () => {
    const { outbox, network } = scene();
    const sender = ALDER.keys.commit;
    network.receive(encodeRaw({ method: "clock.tick", args: [], sender, nonce: 0n }));
    await enqueueBatches(outbox, 1, 1);
    await pumpUntilEmpty(outbox);
    assert.equal((await outbox.settled("open")).nonce, 1n);
  });

  it("repairs a ledger that came back from an older state, and tells the new times", async () => {
    const told: Settled[] = [];
    const { outbox, network } = scene({ onSettled: (settled) => told.push(settled) });
    await enqueueBatches(outbox, 1, 5);
    await pumpUntilEmpty(outbox);
    const before = network.transactions();
    told.length = 0;
    network.loseBlocks(3);
    network.setTime(GENESIS.time + 600n);
    assert.deepEqual(onLedger(network), wanted(2));
    await pumpUntilEmpty(outbox);
    assert.deepEqual(network.transactions(), before);
    assert.deepEqual(
      told.map(({ key, blockTime }) => [key, blockTime - GENESIS.time]),
      [
        ["batch/3", 600n],
        ["batch/4", 600n],
        ["batch/5", 600n],
      ],
    );
    assert.deepEqual(await outbox.settled("batch/4"), told[1]);
    await enqueueBatches(outbox, 6, 6);
    await pumpUntilEmpty(outbox);
    assert.deepEqual(onLedger(network), wanted(6));
  });

  it("repairs it after a restart too, and with calls still in flight", async () => {
    const { outbox, network, ledger, store } = scene();
    await enqueueBatches(outbox, 1, 4);
    await pumpUntilEmpty(outbox);
    ledger.delivery = () => "lose";
    await enqueueBatches(outbox, 5, 6);
    await outbox.pump();
    network.loseBlocks(3);
    ledger.delivery = () => "deliver";
    const restarted = new Outbox(ledger, store.crash(), { resendAfterPumps: 2 });
    await pumpUntilEmpty(restarted);
    assert.deepEqual(onLedger(network), wanted(6));
  });

  it("brings nothing back before what it depended on is there again", async () => {
    const { outbox, network, ledger } = scene();
    await enqueueBatches(outbox, 1, 2);
    await pumpUntilEmpty(outbox);
    network.loseBlocks(3);
    const refusalOf = ledger.refusalOf.bind(ledger);
    ledger.refusalOf = async () => ({ name: "AgreementNotInForce", values: {} });
    for (let pumps = 0; pumps < 5; pumps++) await outbox.pump();
    assert.deepEqual(onLedger(network), []);
    ledger.refusalOf = refusalOf;
    await pumpUntilEmpty(outbox, 5);
    assert.deepEqual(onLedger(network), wanted(2));
  });

  it("does not wait for ever for what nobody brings back", async () => {
    const { outbox, network, ledger } = scene({ replayHoldsMax: 4 });
    await enqueueBatches(outbox, 1, 2);
    await pumpUntilEmpty(outbox);
    network.loseBlocks(3);
    ledger.refusalOf = async () => ({ name: "AgreementNotInForce", values: {} });
    await pumpUntilEmpty(outbox, 10);
    assert.deepEqual(onLedger(network), wanted(2));
  });

  /** Two batches behind somebody else's transaction with the same key; the ledger loses all three. */
  async function behindForeign() {
    const { outbox, network, ledger, store } = scene({ resendAfterPumps: 5 });
    await enqueueBatches(outbox, 1, 1);
    await pumpUntilEmpty(outbox);
    const sender = ALDER.keys.commit;
    const foreign = encodeRaw({ method: "clock.tick", args: ["foreign"], sender, nonce: 2n });
    network.receive(foreign);
    await enqueueBatches(outbox, 2, 3);
    await pumpUntilEmpty(outbox);
    network.loseBlocks(3);
    assert.deepEqual(onLedger(network), wanted(1));
    return { outbox, network, ledger, store, foreign };
  }

  it("fills the gap where the ledger lost what somebody else wrote with the key before", async () => {
    const { network, ledger, store } = await behindForeign();
    // Over a restart, too.
    const outbox = new Outbox(ledger, store.crash(), { resendAfterPumps: 5 });
    for (let pumps = 0; pumps < 4; pumps++) await outbox.pump();
    assert.deepEqual(onLedger(network), wanted(1));
    await pumpUntilEmpty(outbox);
    assert.deepEqual(onLedger(network), ["openBook", "commit 1", "tick", "commit 2", "commit 3"]);
  });

  it("leaves the gap to who comes back for it in time", async () => {
    const { outbox, network, foreign } = await behindForeign();
    for (let pumps = 0; pumps < 3; pumps++) await outbox.pump();
    network.receive(foreign);
    await pumpUntilEmpty(outbox);
    const [, , third] = network.transactions();
    assert.deepEqual(third?.args, ["foreign"]);
    assert.deepEqual(onLedger(network), ["openBook", "commit 1", "tick", "commit 2", "commit 3"]);
  });

  it("tells why a gap is not filled, and fills it once it can", async () => {
    const { outbox, network, ledger } = await behindForeign();
    const prepare = ledger.prepare.bind(ledger);
    ledger.prepare = () => {
      throw new TallystickError("ledger.call-unknown", "No clock.");
    };
    for (let pumps = 0; pumps < 6; pumps++) await outbox.pump();
    assert.equal(outbox.pending()[0]?.trouble?.code, "ledger.call-unknown");
    ledger.prepare = prepare;
    await pumpUntilEmpty(outbox);
    assert.equal(onLedger(network).length, 5);
  });

  it("says that it can not repair what it no longer keeps", async () => {
    const { outbox, network } = scene({ bytesKeptMax: 2 });
    await enqueueBatches(outbox, 1, 4);
    await pumpUntilEmpty(outbox);
    network.loseBlocks(2);
    await pumpUntilEmpty(outbox);
    assert.deepEqual(onLedger(network), wanted(4));
    network.loseBlocks(3);
    await assert.rejects(outbox.pump(), hasCode("outbox.tail-forgotten"));
  });

  it("keeps a call that the ledger does not take in sight, with the reason", async () => {
    const { outbox, ledger, network } = scene({ resendAfterPumps: 1 });
    const { LedgerRefusal } = await import("../../node/engine/commit/ledger-refusal.ts");
    ledger.delivery = () => {
      throw new LedgerRefusal({ name: "insufficient funds", values: {} });
    };
    await enqueueBatches(outbox, 1, 1);
    await outbox.pump();
    assert.equal(outbox.pending()[0]?.trouble?.code, "ledger.refused");
    ledger.delivery = () => "deliver";
    await pumpUntilEmpty(outbox);
    assert.deepEqual(onLedger(network), wanted(1));
  });

  it("reads the store again after a write whose outcome is unknown", async () => {
    for (const fault of ["failedButStored", "failedAndLost"] as const) {
      const { outbox, store, network } = scene();
      store.failNextWrites(fault);
      await assert.rejects(enqueueBatches(outbox, 1, 1), hasCode("store.write-failed"));
      await enqueueBatches(outbox, 1, 1);
      store.failNextWrites(fault);
      await assert.rejects(outbox.pump(), hasCode("store.write-failed"));
      await pumpUntilEmpty(outbox);
      assert.deepEqual(onLedger(network), wanted(1), fault);
    }
  });

  it("has durable what was enqueued, and is done with what was settled", async () => {
    const told: Settled[] = [];
    const { outbox, ledger, store, network } = scene();
    await enqueueBatches(outbox, 1, 2);
    const afterCrash = store.crash();
    const restarted = new Outbox(ledger, afterCrash);
    await restarted.recover();
    assert.equal(restarted.pending().length, 3);
    await pumpUntilEmpty(restarted);
    const again = new Outbox(ledger, afterCrash, { onSettled: (settled) => told.push(settled) });
    await again.recover();
    assert.deepEqual(again.pending(), []);
    await again.pump();
    assert.deepEqual(told, []);
    assert.deepEqual(onLedger(network), wanted(2));
  });

  it("opens what was lost once, over a restart and an uncertain write", async () => {
    const { outbox, ledger, store, network } = scene();
    await enqueueBatches(outbox, 1, 3);
    await pumpUntilEmpty(outbox);
    network.loseBlocks(2);
    ledger.delivery = () => "lose";
    store.failNextWrites("failedButStored");
    await assert.rejects(outbox.pump(), hasCode("store.write-failed"));
    await outbox.pump();
    const keys = (which: Outbox) => which.pending().map(({ key }) => key);
    assert.deepEqual(keys(outbox), ["batch/2", "batch/3"]);
    const restarted = new Outbox(ledger, store.crash());
    await restarted.pump();
    assert.deepEqual(keys(restarted), ["batch/2", "batch/3"]);
    ledger.delivery = () => "deliver";
    await pumpUntilEmpty(restarted);
    assert.deepEqual(onLedger(network), wanted(3));
  });

  it("tells whoever waits although the write that settled it seemed to fail", async () => {
    const { outbox, store } = scene();
    await enqueueBatches(outbox, 1, 0);
    await outbox.pump();
    const settling = outbox.settled("open");
    store.failNextWrites("failedButStored");
    await assert.rejects(outbox.pump(), hasCode("store.write-failed"));
    await outbox.pump();
    assert.equal((await settling).status, "final");
  });

  it("writes nothing to a ledger that is another one, at the start or after it was set back", async () => {
    const { outbox, ledger, network, store } = scene();
    const wrong = new TallystickError("ledger.wrong-chain", "another ledger");
    let isOther = true;
    ledger.check = async () => {
      if (isOther) throw wrong;
    };
    await enqueueBatches(outbox, 1, 1);
    await assert.rejects(outbox.pump(), hasCode("ledger.wrong-chain"));
    assert.deepEqual(onLedger(network), []);
    isOther = false;
    await pumpUntilEmpty(outbox);
    isOther = true;
    await outbox.pump();
    network.loseBlocks(1);
    await assert.rejects(outbox.pump(), hasCode("ledger.wrong-chain"));
    await assert.rejects(outbox.pump(), hasCode("ledger.wrong-chain"));
    network.mine();
    network.mine();
    const restarted = new Outbox(ledger, store, { replayHoldsMax: 0 });
    isOther = false;
    await restarted.recover();
    ledger.accountNonce = async () => {
      isOther = true;
      return 0n;
    };
    await assert.rejects(restarted.pump(), hasCode("ledger.wrong-chain"));
    assert.deepEqual(onLedger(network), ["openBook"]);
  });

  it("looks at the ledger's contracts once something waits, also what comes during a step, and before it is sent", async () => {
    const { outbox, ledger, network } = scene();
    let looks = 0;
    ledger.check = async () => {
      looks++;
      assert.deepEqual(onLedger(network), []);
    };
    const finalHead = ledger.finalHead.bind(ledger);
    ledger.finalHead = async () => {
      ledger.finalHead = finalHead;
      await enqueueBatches(outbox, 1, 0);
      return finalHead();
    };
    await outbox.pump();
    assert.equal(outbox.pending()[0]?.state, "queued");
    assert.equal(looks, 0);
    await pumpUntilEmpty(outbox);
    assert.equal(looks, 1);
    assert.deepEqual(onLedger(network), wanted(0));
  });

  it("runs by itself between start and stop, through an outage", async () => {
    const troubles: unknown[] = [];
    const { outbox, ledger, network } = scene({ onTrouble: (error) => troubles.push(error) });
    ledger.isReachable = false;
    outbox.start();
    await enqueueBatches(outbox, 1, 2);
    await new Promise((resolve) => setTimeout(resolve, 250));
    ledger.isReachable = true;
    assert.equal((await outbox.settled("batch/2")).status, "final");
    await outbox.stop();
    assert.deepEqual(onLedger(network), wanted(2));
    assert.equal(troubles.length, 1);
    assert.ok(hasCode("ledger.unreachable")(troubles[0]));
  });
});

/** Stops the process, as it were, at the n-th write: before it or right after it. */
class CrashingStore implements Store {
  readonly inner: MemoryStore;
  writesLeft: number;
  readonly #happens: "before" | "after";

  constructor(inner: MemoryStore, writesLeft: number, happens: "before" | "after") {
    this.inner = inner;
    this.writesLeft = writesLeft;
    this.#happens = happens;
  }

  get = (key: string) => this.inner.get(key);
  getMany = (keys: readonly string[]) => this.inner.getMany(keys);
  getParts = (parts: Parameters<Store["getParts"]>[0]) => this.inner.getParts(parts);
  scan = (range: Parameters<Store["scan"]>[0]) => this.inner.scan(range);
  view = () => this.inner.view();
  close = () => this.inner.close();

  async write(...[operations]: Parameters<Store["write"]>): Promise<void> {
    this.writesLeft -= 1;
    if (this.writesLeft < 0) throw new Crash();
    if (this.writesLeft === 0 && this.#happens === "before") throw new Crash();
    await this.inner.write(operations);
    if (this.writesLeft === 0) throw new Crash();
  }
}

class Crash extends Error {}

describe("the outbox under faults", () => {
  const COUNT = 6;
  const deliveries: Delivery[] = ["deliver", "lose", "delay", "fail", "deliverAndFail"];
  const step = fc.record({
    delivery: fc.constantFrom(...deliveries),
    crash: fc.option(
      fc.record({
        writes: fc.integer({ min: 1, max: 4 }),
        happens: fc.constantFrom("before" as const, "after" as const),
      }),
      { nil: undefined },
    ),
    lost: fc.constantFrom(0, 0, 0, 1, 3),
    mines: fc.boolean(),
    drops: fc.boolean(),
    enqueues: fc.boolean(),
    seconds: fc.integer({ min: 0, max: 100 }),
  });

  it("ends with every call on the ledger exactly once, in order per sender", async function () {
    this.timeout(240_000);
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 25 }),
        fc.constantFrom("at once" as const, "on command" as const),
        async (steps, mines) => {
          const network = new MemoryNetwork(GENESIS, { mines });
          const ledger = new MemoryLedger(network, ALDER);
          let memory = new MemoryStore();
          const options = { resendAfterPumps: 2, replayHoldsMax: 3, inFlightMax: 3 };
          let outbox = new Outbox(ledger, memory, options);
          for (const { delivery, crash, lost, drops, enqueues, seconds, ...rest } of steps) {
            ledger.delivery = () => delivery;
            network.setTime(network.head().time + BigInt(seconds));
            if (crash !== undefined) {
              const store = new CrashingStore(memory, crash.writes, crash.happens);
              outbox = new Outbox(ledger, store, options);
            }
            try {
              if (enqueues) await enqueueBatches(outbox, 1, COUNT);
              await outbox.pump();
              await outbox.pump();
            } catch (error) {
              const isUnreachable = hasCode("ledger.unreachable")(error);
              if (!(error instanceof Crash) && !isUnreachable) throw error;
            }
            if (crash !== undefined) {
              memory = memory.crash();
              outbox = new Outbox(ledger, memory, options);
            }
            if (drops) network.dropWaiting();
            if (rest.mines) network.mine();
            if (lost > 0) network.loseBlocks(lost);
            ledger.deliverDelayed();
          }
          ledger.delivery = () => "deliver";
          await enqueueBatches(outbox, 1, COUNT);
          for (let pumps = 0; pumps < 300; pumps++) {
            await outbox.pump();
            if (mines === "on command") network.mine();
            if (outbox.pending().length === 0) break;
          }
          assert.deepEqual(outbox.pending(), []);
          assert.deepEqual(onLedger(network), wanted(COUNT));
          for (let sequence = 1; sequence <= COUNT; sequence++) {
            const settled = await outbox.settled(`batch/${sequence}`);
            const receipt = network.receipt(settled.hash);
            assert.equal(settled.status, "final");
            assert.equal(settled.blockTime, receipt?.blockTime);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
