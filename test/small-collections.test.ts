import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { collectBeforeServing } from "../node/small-collections.ts";

describe("collecting before requests are answered", () => {
  it("frees what nobody holds any more, and keeps what somebody does", async () => {
    const kept = new WeakRef({ kept: true });
    const holder = { of: kept.deref() };
    const dropped = new WeakRef({ kept: false });
    // What a weak reference was made of lives as long as the turn in which it was made.
    await turn();
    collectBeforeServing();
    assert.equal(dropped.deref(), undefined);
    assert.equal(kept.deref(), holder.of);
  });
});
