import assert from "node:assert/strict";
import fc from "fast-check";
import { toHex } from "../../../node/core/bytes.ts";
import { TallystickError } from "../../../node/core/errors.ts";
import { readLinkSecret, writeLinkSecret } from "../../../node/core/evidence/subscriber-link.ts";

const secret32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("the secret of a subscriber's link", () => {
  it("is read from the link, from the secret alone and from hexadecimal digits", () => {
    fc.assert(
      fc.property(secret32, (secret) => {
        const written = writeLinkSecret(secret);
        assert.match(written, /^[A-Za-z0-9_-]{43}$/);
        for (const text of [
          written,
          `${written}\n`,
          `https://bill.example/#s=${written}&period=2026-10`,
          `#s=${written}`,
          toHex(secret),
          toHex(secret).toUpperCase().replace("0X", "0x"),
        ]) {
          assert.deepEqual(readLinkSecret(text), secret);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("is refused when the link was cut, or holds none", () => {
    const whole = writeLinkSecret(new Uint8Array(32).fill(7));
    const broken = ["", "#", "https://bill.example/", "https://bill.example/#p=1"];
    for (const text of [...broken, whole.slice(1), `${whole}A`, `#s=${whole.slice(0, -1)}`]) {
      assert.throws(
        () => readLinkSecret(text),
        (error: unknown) => error instanceof TallystickError && error.code === "access.broken-link",
        text,
      );
    }
  });
});
