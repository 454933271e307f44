import assert from "node:assert/strict";
import { TallystickError } from "../../node/core/errors.ts";
import { AskedTogether } from "../../node/engine/store/asked-together.ts";
import { hasCode } from "./engine-scene.ts";

describe("asking together", () => {
  it("sends what is asked within a turn as one call, and gives each its own answer", async () => {
    const sent: number[][] = [];
    const asked = new AskedTogether<number, string>(async (numbers) => {
      sent.push(numbers);
      return numbers.map(String);
    });
    // What is asked some promises later belongs to it.
    const later = Promise.resolve().then(() => asked.ask(3));
    assert.deepEqual(await Promise.all([asked.ask(1), asked.ask(2), later]), ["1", "2", "3"]);
    assert.equal(await asked.ask(4), "4");
    assert.deepEqual(sent, [[1, 2, 3], [4]]);
  });

  it("tells each of them of a failure, and asks again", async () => {
    let fails = true;
    const asked = new AskedTogether<number, number>(async (numbers) => {
      if (fails) throw new TallystickError("port.page", "for the test");
      return numbers;
    });
    const both = await Promise.allSettled([asked.ask(1), asked.ask(2)]);
    for (const one of both) {
      assert.ok(one.status === "rejected" && hasCode("port.page")(one.reason));
    }
    fails = false;
    assert.equal(await asked.ask(5), 5);
  });
});
