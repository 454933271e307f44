import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeSecret, readAccessLink } from "../../../client-app/src/access/access-link.ts";

const broken = { code: "access.broken-link" };

describe("a personal link", () => {
  it("carries its secret and the month", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (secret) => {
        const link = readAccessLink(`#s=${encodeSecret(secret)}&period=2026-10`);
        assert.deepEqual(link, { secret, period: "2026-10" });
      }),
    );
  });
  it("is none without a secret", () => {
    assert.equal(readAccessLink(""), undefined);
    assert.equal(readAccessLink("#bill"), undefined);
  });
  it("is refused when it was cut or changed", () => {
    const text = encodeSecret(new Uint8Array(32).fill(9));
    for (const damaged of ["", text.slice(0, -4), `${text}AAAA`, text.replace(/.$/, "!")]) {
      assert.throws(() => readAccessLink(`#s=${damaged}`), broken);
    }
  });
});
