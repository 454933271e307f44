import assert from "node:assert/strict";
import { NoticeQueue } from "../../../node/core/charging/notice-queue.ts";

describe("the queue of notices", () => {
  it("gives in order what was put in, whatever was dropped in between", () => {
    const queue = new NoticeQueue();
    let next = 1;
    let first = 1;
    const put = (count: number) => {
      for (let i = 0; i < count; i++) {
        queue.push({ number: next++, at: 0, kind: "locked", account: "anna" });
      }
    };
    const drop = (count: number) => {
      for (let i = 0; i < count; i++, first++) queue.dropFirst();
    };
    for (const [puts, drops] of [
      [10_000, 4_095],
      [0, 1],
      [1, 905],
      [20_000, 24_999],
      [5, 6],
      [3, 0],
    ] as const) {
      put(puts);
      drop(drops);
      assert.equal(queue.length, next - first);
      assert.equal(queue.first?.number, first === next ? undefined : first);
      assert.deepEqual(
        [...queue].map(({ number }) => number),
        Array.from({ length: next - first }, (_, at) => first + at),
      );
    }
    const numbers = (after: number, count: number) =>
      queue.after(after, count).map(({ number }) => number);
    assert.deepEqual(numbers(0, 2), [first, first + 1]);
    assert.deepEqual(numbers(first, 2), [first + 1, first + 2]);
    assert.deepEqual(numbers(next - 2, 5), [next - 1]);
    assert.deepEqual(numbers(next, 5), []);
  });
});
