import assert from "node:assert/strict";
import { LastKnownTime } from "../../node/adapters/last-known-time.ts";
import { TallystickError } from "../../node/core/errors.ts";

describe("the last known time", () => {
  const wallClock = Date.now;
  afterEach(() => {
    Date.now = wallClock;
  });

  it("is the ledger's; while that is away, the last one moved on, whatever the clock does", async () => {
    let isAway = false;
    const time = new LastKnownTime({
      head: async () => {
        if (isAway) throw new TallystickError("ledger.unreachable", "");
        return { number: 1n, time: 1_000n };
      },
    });
    assert.equal(await time.seconds(), 1_000n);
    isAway = true;
    Date.now = () => wallClock() + 86_400_000;
    assert.equal(await time.seconds(), 1_000n);
    Date.now = () => wallClock() - 86_400_000;
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    assert.equal(await time.seconds(), 1_001n);
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
