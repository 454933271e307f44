import assert from "node:assert/strict";
import { CHARGE_KIND, chargeWithoutUse } from "../../../node/core/commitment/charge-groups.ts";

describe("a charge that stands for no use of its own", () => {
  it("commits to its kind, start and tariff version, and to nothing else", () => {
    assert.deepEqual(chargeWithoutUse(CHARGE_KIND.thirdParty, 1_791_198_000_000, 3), {
      kind: CHARGE_KIND.thirdParty,
      service: 0,
      flags: 0,
      start: 1_791_198_000_000n,
      sessionMinutes: 0,
      quantity: 0n,
      secondQuantity: 0n,
      decidingDigits: 0xffff_ffff_ffff_ffffn,
      originDigits: 0xffff_ffff_ffff_ffffn,
      visitedNetwork: 0xffffff,
      class: 0,
      tariffVersion: 3,
      counters: [],
    });
  });
});
