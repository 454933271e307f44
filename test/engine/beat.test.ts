import assert from "node:assert/strict";
import { Beat } from "../../node/engine/commit/beat.ts";

describe("the beat of commitments", () => {
  let now = 0;
  const beat = (milliseconds: number) => {
    now = 5;
    const made = new Beat(() => now);
    made.every(milliseconds);
    return made;
  };

  it("is due at the same distances, however late each one was taken", () => {
    const made = beat(100);
    const due: number[] = [];
    for (const late of [0, 30, 99, 1]) {
      now += made.left;
      due.push(now);
      now += late;
      assert.equal(made.take(), true);
      assert.equal(made.take(), false);
    }
    assert.deepEqual(due, [105, 205, 305, 405]);
  });

  it("leaves out what was missed, and keeps its grid", () => {
    const made = beat(100);
    now = 350;
    assert.equal(made.left, 0);
    assert.equal(made.take(), true);
    assert.equal(made.take(), false);
    now += made.left;
    assert.equal(now, 405);
  });

  it("is never due without a period, and begins anew with another one", () => {
    const made = beat(0);
    now = 1e9;
    assert.equal(made.take(), false);
    assert.equal(made.left, Number.POSITIVE_INFINITY);
    made.every(10);
    assert.equal(made.take(), false);
    assert.equal(made.left, 10);
  });
});
