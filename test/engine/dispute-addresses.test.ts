import assert from "node:assert/strict";
import { computeAddress } from "ethers";
import fc from "fast-check";
import { toHex } from "../../node/core/bytes.ts";
import { loadDisputeAddresses } from "../../node/engine/number/dispute-addresses.ts";

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const hex = (key: bigint) => `0x${key.toString(16).padStart(64, "0")}` as const;

describe("addresses of dispute keys", () => {
  it("are those that the subscriber's own page computes", async () => {
    const addresses = await loadDisputeAddresses();
    const key = fc.oneof(
      fc.bigInt({ min: 1n, max: ORDER - 1n }),
      fc.constantFrom(1n, 2n, ORDER - 1n, 2n ** 255n),
    );
    fc.assert(
      fc.property(key, (key) => {
        assert.equal(toHex(addresses.of(hex(key))), computeAddress(hex(key)).toLowerCase());
      }),
      { numRuns: 100 },
    );
  });

  it("are refused to what is no private key", async () => {
    const addresses = await loadDisputeAddresses();
    for (const key of [0n, ORDER]) assert.throws(() => addresses.of(hex(key)));
  });
});
