import assert from "node:assert/strict";
import fc from "fast-check";
import { packNetwork, unpackNetwork } from "../../../node/core/records/network-code.ts";

describe("network codes", () => {
  it("are packed as 3GPP TS 24.008 has it: 262-01 is 62f210, 310-410 is 130014", () => {
    assert.equal(packNetwork("262-01"), 0x62f210);
    assert.equal(packNetwork("26201"), 0x62f210);
    assert.equal(packNetwork("310 410"), 0x130014);
  });

  it("come back as they were", () => {
    const digits = (length: number) =>
      fc.integer({ min: 0, max: 10 ** length - 1 }).map((n) => String(n).padStart(length, "0"));
    fc.assert(
      fc.property(digits(3), fc.oneof(digits(2), digits(3)), (country, network) => {
        assert.equal(unpackNetwork(packNetwork(country + network)), country + network);
      }),
    );
  });

  it("are refused where they are none", () => {
    for (const written of ["", "2620", "2620112", "DEUD1", "26 201", "262-1"]) {
      assert.throws(() => packNetwork(written), { code: "network.malformed" }, written);
    }
    for (const packed of [0xffffff, 0x62f2f0, 0xa2f210, 0x1_000000]) {
      assert.throws(() => unpackNetwork(packed), { code: "network.malformed" });
    }
  });
});
