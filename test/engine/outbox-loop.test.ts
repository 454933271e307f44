import assert from "node:assert/strict";
import { OutboxLoop, type PumpOutcome } from "../../node/engine/commit/outbox-loop.ts";

/** When a loop pumped whose pumps found these outcomes, in milliseconds from the first on. */
async function timesOf(outcomes: readonly PumpOutcome[]): Promise<number[]> {
  const times: number[] = [];
  const all = Promise.withResolvers<void>();
  const loop = new OutboxLoop(async () => {
    times.push(performance.now());
    if (times.length === outcomes.length) all.resolve();
    return outcomes[times.length - 1] ?? "idle";
  });
  loop.start();
  await all.promise;
  await loop.stop();
  return times.map((time) => time - (times[0] ?? 0));
}

describe("the loop that pumps the outbox", () => {
  it("asks a ledger soon that has just been given something, and seldom while it waits", async () => {
    const times = await timesOf(Array.from({ length: 7 }, () => "waiting"));
    // 10 + 20 + 40 + 80 + 100 + 100; timers are late, never early by more than a millisecond.
    assert.ok((times[6] ?? 0) >= 344, `${times}`);
    const soon = await Promise.all([1, 2, 3].map(() => timesOf(["waiting", "waiting"])));
    assert.ok(Math.min(...soon.map((one) => one[1] ?? 0)) < 90, `${soon}`);
  });

  it("begins anew with each thing that got on", async () => {
    const runs = [1, 2, 3].map(async () => {
      const times = await timesOf(["waiting", "waiting", "waiting", "advanced", "waiting", "idle"]);
      return (times[5] ?? 0) - (times[4] ?? 0);
    });
    assert.ok(Math.min(...(await Promise.all(runs))) < 70);
  });
});
