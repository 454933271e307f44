import assert from "node:assert/strict";
import { type Clocks, LastKnownTime } from "../../node/adapters/last-known-time.ts";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { TallystickError } from "../../node/core/errors.ts";
import { timeRecord } from "../../node/engine/store/time-record.ts";

describe("the last known time", () => {
  let isAway: boolean;
  let ledgerSeconds: bigint;
  let wall: number;
  let steady: number;
  const clocks: Clocks = { wallMilliseconds: () => wall, steadyMilliseconds: () => steady };
  const ledger = {
    head: async () => {
      if (isAway) throw new TallystickError("ledger.unreachable", "");
      return { number: 1n, time: ledgerSeconds };
    },
  };
  beforeEach(() => {
    isAway = false;
    ledgerSeconds = 1_000n;
    wall = 5_000_000;
    steady = 0;
  });

  it("is the ledger's; while that is away, the last one moved on, whatever the clock does", async () => {
    const time = new LastKnownTime(ledger, undefined, clocks);
    assert.equal(await time.seconds(), 1_000n);
    isAway = true;
    wall += 86_400_000;
    assert.equal(await time.seconds(), 1_000n);
    wall -= 2 * 86_400_000;
    steady += 1_050;
    assert.equal(await time.seconds(), 1_001n);
  });

  it("does not go back with a ledger that lost blocks, and goes on once that caught up", async () => {
    const time = new LastKnownTime(ledger, undefined, clocks);
    await time.seconds();
    ledgerSeconds = 400n;
    assert.equal(await time.seconds(), 1_000n);
    isAway = true;
    steady += 30_000;
    assert.equal(await time.seconds(), 1_000n);
    isAway = false;
    ledgerSeconds = 1_001n;
    assert.equal(await time.seconds(), 1_001n);
  });

  it("does not go back below what was recorded when it starts with a clock that was set back", async () => {
    const store = new MemoryStore();
    ledgerSeconds = 9_000n;
    assert.equal(await new LastKnownTime(ledger, timeRecord(store), clocks).seconds(), 9_000n);
    isAway = true;
    const restarted = new LastKnownTime(ledger, timeRecord(store), clocks);
    assert.equal(await restarted.seconds(), 9_000n);
    wall = 9_500_000;
    assert.equal(await restarted.seconds(), 9_500n);
    wall = 0;
    assert.equal(await restarted.seconds(), 9_000n);
  });

  it("does not believe a machine's clock that is far ahead, nor record what it says", async () => {
    const store = new MemoryStore();
    isAway = true;
    assert.equal(await new LastKnownTime(ledger, timeRecord(store), clocks).seconds(), 5_000n);
    assert.equal(await timeRecord(store).read(), undefined);
    await timeRecord(store).write(9_000n);
    wall = Date.parse("2099-01-01T00:00:00Z");
    const time = new LastKnownTime(ledger, timeRecord(store), clocks);
    assert.equal(await time.seconds(), 9_000n + 7n * 86_400n);
    isAway = false;
    ledgerSeconds = 9_100n;
    assert.equal(await time.seconds(), 9_100n);
  });

  it("goes on when it can not be recorded", async () => {
    const store = new MemoryStore();
    store.failNextWrites("failedAndLost");
    const time = new LastKnownTime(ledger, timeRecord(store), clocks);
    assert.equal(await time.seconds(), 1_000n);
    assert.equal(await timeRecord(store).read(), undefined);
    assert.equal(await time.seconds(), 1_000n);
    assert.equal(await timeRecord(store).read(), 1_000n);
  });

  it("passes on what is not the ledger's absence", async () => {
    const time = new LastKnownTime({
      head: async () => {
        throw new TallystickError("ledger.wrong-chain", "");
      },
    });
    await assert.rejects(time.seconds(), { code: "ledger.wrong-chain" });
  });
});
