import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LINE_CHARACTERS_MAX, readTextLines } from "../../node/adapters/text-lines.ts";

describe("lines of a file", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "tallystick-lines-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  const read = async (text: string, isSkipped: boolean) => {
    const file = join(folder, "lines");
    writeFileSync(file, text);
    const skipped: number[] = [];
    const lines: [number, string][] = [];
    const options = {
      skipped: (number: number) => {
        skipped.push(number);
        return Promise.resolve();
      },
    };
    for await (const { number, text: line } of readTextLines(file, isSkipped ? options : {})) {
      lines.push([number, line]);
    }
    return { lines, skipped };
  };
  const GIGANTIC = "x".repeat(LINE_CHARACTERS_MAX + 200_000);

  it("are passed over where they are too long, and counted", async () => {
    const found = await read(`a\n${GIGANTIC}\nb\n${GIGANTIC}`, true);
    assert.deepEqual(found, {
      lines: [
        [1, "a"],
        [3, "b"],
      ],
      skipped: [2, 4],
    });
  });

  it("are refused by their number where nobody passes over them", async () => {
    await assert.rejects(read(`a\n${GIGANTIC}\nb`, false), {
      code: "file.line-too-long",
      place: { file: join(folder, "lines"), line: 2 },
    });
  });

  it("come without a byte order mark, and last without a line feed", async () => {
    assert.deepEqual((await read("\ufeffa\n\nb", true)).lines, [
      [1, "a"],
      [2, ""],
      [3, "b"],
    ]);
  });
});
