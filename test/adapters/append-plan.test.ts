import assert from "node:assert/strict";
import fc from "fast-check";
import { planAppend } from "../../node/adapters/append-plan.ts";
import { ValueRoom } from "../../node/engine/number/value-room.ts";

const PAGE = 4_096;

/** The file once all is written, zeros where nobody wrote. */
function written({ writes, end }: ReturnType<typeof planAppend>): Uint8Array {
  const file = new Uint8Array(end);
  let at = 0;
  for (const { offset, parts } of writes) {
    assert.ok(offset >= at, "nothing is written twice");
    at = offset;
    for (const part of parts) {
      file.set(part, at);
      at += part.length;
    }
  }
  return file;
}

describe("where values are appended", () => {
  // In memory that begins at a page, and others beside it, in any order.
  const length = fc.oneof(fc.nat(40), fc.integer({ min: 60_000, max: 160_000 }));
  it("is where their bytes are written, whole pages of what lies together from where it lies", () => {
    let stretches = 0;
    fc.assert(
      fc.property(
        fc.array(length, { maxLength: 7 }),
        fc.array(fc.nat(300), { maxLength: 4 }),
        fc.nat(9_000),
        fc.nat(9),
        (together, others, end, cold) => {
          const room = new ValueRoom();
          const values = together.map((bytes) => room.take(bytes));
          for (const bytes of others) values.push(new Uint8Array(new SharedArrayBuffer(bytes)));
          for (const [at, value] of values.entries()) value.fill(at + 1);
          const plan = planAppend(values, Math.min(cold, values.length), 7, end);
          const file = written(plan);
          let least = end;
          for (const [at, { offset, length: bytes, file: number }] of plan.places.entries()) {
            assert.deepEqual([number, bytes], [7, values[at]?.length]);
            assert.ok(offset >= least && offset + bytes <= plan.end);
            least = offset + bytes;
            assert.ok(file.subarray(offset, least).every((byte) => byte === at + 1));
          }
          for (const { offset, parts, isDirect } of plan.writes) {
            if (!isDirect) continue;
            stretches++;
            const [{ byteOffset, length: bytes } = { byteOffset: 1, length: 1 }] = parts;
            const sizes = [offset, byteOffset, bytes];
            assert.deepEqual([parts.length, ...sizes.map((size) => size % PAGE)], [1, 0, 0, 0]);
            assert.ok(bytes >= 262_144 - PAGE && cold > 0, "only what is long and cold");
          }
        },
      ),
      { numRuns: 60, seed: 11 },
    );
    assert.ok(stretches > 3, `${stretches} stretches`);
  });

  it("is not that of a direct write where memory begins in the middle of a page", () => {
    const room = new ValueRoom();
    room.take(8);
    const values = [300_000, 300_000].map((bytes) => room.take(bytes));
    const { writes } = planAppend(values, 2, 1, 0);
    assert.deepEqual(
      writes.map(({ isDirect }) => isDirect),
      [false],
    );
  });

  it("is right behind each other where nothing is cold", () => {
    const room = new ValueRoom();
    const values = [300_000, 5, 300_000].map((bytes) => room.take(bytes));
    const plan = planAppend(values, 0, 1, 10);
    assert.deepEqual(
      plan.places.map(({ offset }) => offset),
      [10, 300_010, 300_015],
    );
    assert.deepEqual(
      plan.writes.map(({ offset, isDirect }) => [offset, isDirect]),
      [[10, false]],
    );
  });
});
