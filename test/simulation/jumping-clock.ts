import assert from "node:assert/strict";
import { LastKnownTime } from "../../node/adapters/last-known-time.ts";
import type { MemoryLedger } from "../../node/adapters/memory-ledger.ts";
import type { LedgerTime } from "../../node/engine/operator.ts";
import type { Store } from "../../node/engine/store/store.ts";
import { timeRecord } from "../../node/engine/store/time-record.ts";

/** A machine whose clock jumps, and what its processes take for the time. */
export class JumpingClock {
  wallMilliseconds: number;

  constructor(wallMilliseconds: number) {
    this.wallMilliseconds = wallMilliseconds;
  }

  /** The node's own, over a ledger that is away and a machine's clock that jumps. */
  ofProcess(ledger: MemoryLedger, store: Store): LedgerTime {
    const clocks = {
      wallMilliseconds: () => this.wallMilliseconds,
      steadyMilliseconds: () => 0,
    };
    const time = new LastKnownTime(ledger, timeRecord(store), clocks);
    // Of one process: a restart may not have written the newest record.
    let highest = 0n;
    return {
      seconds: async () => {
        const now = await time.seconds();
        if (!ledger.isReachable) return now;
        assert.ok(now >= highest, "time goes back below what the ledger said");
        highest = now;
        return now;
      },
    };
  }
}
