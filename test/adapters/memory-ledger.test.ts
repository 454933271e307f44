import assert from "node:assert/strict";
import { MemoryLedger } from "../../node/adapters/memory-ledger.ts";
import { MemoryNetwork } from "../../node/adapters/memory-network.ts";
import { describeLedger } from "./ledger-conformance.ts";
import { ALDER, BIRCH, GENESIS, RETAIL_ALDER } from "./memory-members.ts";

describeLedger("the ledger in memory", async () => {
  const network = new MemoryNetwork(GENESIS, { mines: "at once" });
  const alder = new MemoryLedger(network, ALDER);
  return {
    alder,
    birch: new MemoryLedger(network, BIRCH),
    alderId: ALDER.id,
    birchId: BIRCH.id,
    retailAlder: RETAIL_ALDER,
    cutOff: async () => {
      alder.isReachable = false;
    },
    close: async () => {},
  };
});

describe("the ledger in memory, on command", () => {
  const tick = { contract: "clock" as const, method: "tick", args: [] };

  async function ticks(ledger: MemoryLedger, count: number) {
    const signed = [];
    for (let nonce = 0n; nonce < count; nonce++) {
      signed.push(await ledger.sign(ledger.prepare(tick), { duty: "commit", nonce }));
    }
    return signed;
  }

  it("counts a gap longer than the heartbeat as one heartbeat", async () => {
    const network = new MemoryNetwork(GENESIS, { mines: "at once" });
    const ledger = new MemoryLedger(network, ALDER);
    const [first, second] = await ticks(ledger, 2);
    assert.ok(first !== undefined && second !== undefined);
    network.setTime(GENESIS.time + 100n);
    await ledger.broadcast(first.raw);
    assert.equal(await ledger.ledgerTime(), 100n);
    network.setTime(GENESIS.time + 1_000_000n);
    await ledger.broadcast(second.raw);
    assert.equal(await ledger.ledgerTime(), 100n + GENESIS.heartbeatSeconds);
  });

  it("loses, delays and answers late as it is told", async () => {
    const network = new MemoryNetwork(GENESIS, { mines: "at once" });
    const ledger = new MemoryLedger(network, ALDER);
    const [first, second] = await ticks(ledger, 2);
    assert.ok(first !== undefined && second !== undefined);
    ledger.delivery = () => "lose";
    await ledger.broadcast(first.raw);
    assert.equal(network.transactions().length, 0);
    ledger.delivery = () => "deliverAndFail";
    await assert.rejects(ledger.broadcast(first.raw));
    assert.equal(network.transactions().length, 1);
    ledger.delivery = () => "delay";
    await ledger.broadcast(second.raw);
    assert.equal(network.transactions().length, 1);
    ledger.deliverDelayed();
    assert.equal(network.transactions().length, 2);
  });

  it("forgets the newest blocks, what they did and whom they counted", async () => {
    const network = new MemoryNetwork(GENESIS, { mines: "at once" });
    const ledger = new MemoryLedger(network, ALDER);
    for (const { raw } of await ticks(ledger, 3)) await ledger.broadcast(raw);
    network.loseBlocks(2);
    assert.equal((await ledger.head()).number, 1n);
    assert.equal(await ledger.accountNonce(ALDER.keys.commit, "head"), 1n);
  });
});
