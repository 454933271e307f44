import assert from "node:assert/strict";
import { type Answer, judge, placeOf } from "../../scripts/analyse/answers.ts";
import type { Finding } from "../../scripts/analyse/slither.ts";

const finding = (check: string, contract: string, name: string): Finding => ({
  check,
  impact: "Medium",
  description: "",
  elements: [
    {
      type: "function",
      name,
      source_mapping: { filename_relative: `contracts/${contract}.sol`, lines: [1] },
      type_specific_fields: { parent: { name: contract, type: "contract" } },
    },
  ],
});

describe("answers to findings of the static analyser", () => {
  const found = [finding("reentrancy", "Claims", "open"), finding("timestamp", "Books", "commit")];
  const everywhere: Answer = { detector: "timestamp", reason: "windows are days" };
  const here: Answer = { detector: "reentrancy", places: ["Claims.open"], reason: "guarded" };

  it("are by detector, or by detector and place", () => {
    assert.equal(placeOf(found[0] as Finding), "Claims.open");
    assert.deepEqual(judge(found, [everywhere, here]), { open: [], stale: [] });
  });

  it("leave open what they do not name", () => {
    const elsewhere = { ...here, places: ["Claims.decide"] };
    const { open, stale } = judge(found, [everywhere, elsewhere]);
    assert.deepEqual(open, [found[0]]);
    assert.deepEqual(stale, ["reentrancy Claims.decide"]);
  });

  it("that meet nothing any more are told", () => {
    assert.deepEqual(judge([], [everywhere, here]), {
      open: [],
      stale: ["timestamp", "reentrancy Claims.open"],
    });
  });
});
