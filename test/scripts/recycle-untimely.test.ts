import assert from "node:assert/strict";
import { recycleUntimely } from "../../scripts/sample/recycle-untimely.ts";
import { hasCode } from "../engine/engine-scene.ts";

const QUICK = { triesMax: 5, pauseMilliseconds: 0 };

/** A node that learns the ledger's time with the given question. */
function nodeThatLearns(atAsked: number) {
  let waiting = ["a", "b"];
  const recycled: string[][] = [];
  return {
    recycled,
    ask: async (method: string, path: string, body?: { ids: string[] }) => {
      if (method === "GET") {
        assert.equal(path, "suspense?code=record.from-the-future");
        return { suspended: waiting.map((id) => ({ record: { id } })) };
      }
      assert.deepEqual([method, path], ["POST", "suspense/recycle"]);
      recycled.push(body?.ids ?? []);
      if (recycled.length >= atAsked) waiting = [];
      return { outcomes: {} };
    },
  };
}

describe("records of the sample that came before their time", () => {
  it("are recycled until none waits, and not at all where none does", async () => {
    const late = nodeThatLearns(3);
    await recycleUntimely(late, QUICK);
    assert.deepEqual(late.recycled, [
      ["a", "b"],
      ["a", "b"],
      ["a", "b"],
    ]);
    await recycleUntimely(late, QUICK);
    assert.equal(late.recycled.length, 3);
  });

  it("are told of when the node never learns the ledger's time", async () => {
    const never = nodeThatLearns(Number.POSITIVE_INFINITY);
    await assert.rejects(recycleUntimely(never, QUICK), hasCode("sample.clock-behind"));
  });
});
