import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evidenceOf, writeEvidence } from "../../node/cli/dispute-lines.ts";
import type { Hex } from "../../node/core/bytes.ts";
import { filled } from "../adapters/memory-members.ts";
import { hasCode } from "../engine/engine-scene.ts";
import { tallystick } from "./run-tallystick.ts";

const STATEMENT = filled("51", 32);
const SIDE = filled("b1", 20);
const line = (change: object = {}) =>
  JSON.stringify({
    start: "2026-10-05T12:00:00Z",
    quantity: "61000",
    amount: "0.10",
    record: { id: "cdr-1" },
    ...change,
  });

describe("tallystick disputes", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "tallystick-disputes-"));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  async function linesFile(text: string): Promise<string> {
    const file = join(directory, "lines.ndjson");
    await writeFile(file, text);
    return file;
  }

  it("shows single lines of the evidence that a root names, and tells when one was changed", async () => {
    const file = await linesFile([line(), line({ amount: "1.25", sequence: "3" })].join("\n"));
    const evidence = await evidenceOf(file, STATEMENT, SIDE);
    assert.notEqual(evidence.lines[0]?.salt, evidence.lines[1]?.salt);
    const kept = `${file}.evidence.json`;
    await writeEvidence(kept, evidence);
    const shown = await tallystick(["disputes", "show", kept, "--line", "2", "--json"]);
    assert.equal(shown.status, 0, shown.stderr);
    assert.equal(shown.lines[0].line.root, evidence.root as Hex);
    assert.equal(shown.lines[0].line.line.amountNano, "1250000000");
    const text = (await readFile(kept, "utf8")).replace("1250000000", "1350000000");
    await writeFile(kept, text);
    const changed = await tallystick(["disputes", "show", kept, "--line", "2", "--json"]);
    assert.deepEqual([changed.status, changed.lines[0].line.ok], [1, false]);
    assert.equal((await tallystick(["disputes", "show", kept, "--line", "3"])).status, 2);
  });

  it("refuses lines that it can not use, by their place", async () => {
    for (const text of [
      "",
      "{",
      line({ quantity: "-1" }),
      line({ amount: "ten" }),
      line({ x: 1 }),
    ]) {
      const file = await linesFile(text);
      await assert.rejects(
        evidenceOf(file, STATEMENT, SIDE),
        hasCode("dispute.lines-unusable"),
        text,
      );
    }
  });

  it("refuses a wrong call before it asks a node", async () => {
    const wrong = [
      ["open", STATEMENT, "--amount", "1"],
      ["open", STATEMENT, "--reason", "twice"],
      ["open", STATEMENT, "--reason", "none", "--amount", "1"],
      ["answer", "0x12", "--amount", "1"],
      ["decide", STATEMENT, "--amount", "much"],
      ["steal", STATEMENT],
    ];
    for (const args of wrong) {
      const { status } = await tallystick(["disputes", ...args, "--node", "http://127.0.0.1:1"]);
      assert.equal(status, 2, args.join(" "));
    }
  });
});
