import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { tellIntake } from "../../node/cli/intake-progress.ts";
import type { NodeClient } from "../../node/cli/node-client.ts";
import type { Output } from "../../node/cli/output.ts";

describe("what `ingest` says while the node rates", () => {
  it("is how many records, how fast, and how long it still takes; and ends when told", async () => {
    let done = 0;
    let asked = 0;
    const node = {
      get: async () => {
        if (++asked === 1) throw new Error("away for a moment");
        done += 50_000;
        return { body: { uploads: [{ name: "m", phase: "rating", records: 400_000, done }] } };
      },
    };
    const said: string[] = [];
    const output = { remark: (words: string) => said.push(words) };
    const end = tellIntake(node as unknown as NodeClient, "m", output as unknown as Output);
    while (said.length < 1) await pause(50);
    end();
    await pause(1_500);
    assert.equal(said.length, 1);
    const match = /^m: 100,000 of 400,000 records, ([\d,]+) a second, (\d+) s left$/.exec(said[0]!);
    assert.ok(match, said[0]);
    const perSecond = Number(match[1]!.replace(",", ""));
    assert.ok(perSecond > 10_000 && perSecond <= 51_000, match[1]);
    assert.equal(Number(match[2]), Math.ceil(300_000 / perSecond));
  });
});
