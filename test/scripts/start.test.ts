import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { wrongLines } from "../../scripts/sample/tell-story.ts";

const START = fileURLToPath(new URL("../../scripts/start.ts", import.meta.url));

describe("npm start", () => {
  it("answers a call that it does not know with its usage, code 2, and no stack", () => {
    for (const args of [["--bogus"], ["extra"], ["--port"], ["--port", "many"]]) {
      const { status, stderr } = spawnSync(process.execPath, [START, ...args], {
        encoding: "utf8",
      });
      assert.equal(status, 2, args.join(" "));
      assert.doesNotMatch(stderr, /\n\s+at /);
      assert.match(stderr, /--port/);
    }
  });

  it("tells of the wrong line as the dispute about it stands", () => {
    const told = (...claims: Parameters<typeof wrongLines>[0]) => wrongLines(claims).join(" ");
    assert.match(told(), /dispute them/);
    assert.match(told({ kind: "mispriced", state: "lapsed" }), /dispute them/);
    assert.match(told({ kind: "matter-of-fact", state: "settled" }), /dispute them/);
    assert.match(told({ kind: "mispriced", state: "contested" }), /not decided yet/);
    const settled = told({ kind: "mispriced", state: "settled", dueNano: "300000000" });
    assert.match(settled, /settled: 0\.30 EUR came back/);
    assert.doesNotMatch(settled, /dispute them/);
  });
});
