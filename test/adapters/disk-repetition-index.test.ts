import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { DiskRepetitionIndex } from "../../node/adapters/disk-repetition-index.ts";
import { repetitionIndexConformance } from "../core/formats/repetition-index-conformance.ts";

const folders = (): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith("tallystick-index-"));

describe("the index of ids on disk", () => {
  describe("while it is small", () => {
    repetitionIndexConformance(() => new DiskRepetitionIndex());
  });

  describe("from the third id on", () => {
    repetitionIndexConformance(() => new DiskRepetitionIndex(2));
  });

  it("finds repetitions that are far apart, and leaves no files", () => {
    const before = folders();
    const index = new DiskRepetitionIndex(1000);
    const count = 300_000;
    for (let i = 0; i < count; i++) index.add(`id-${i % (count - 7)}`, i + 1);
    assert.equal(folders().length, before.length + 1);
    const { count: repeated, first } = index.finish(1);
    assert.equal(repeated, 7);
    assert.deepEqual(first, [{ position: count - 6, firstPosition: 1 }]);
    assert.equal(folders().length, before.length);
  });
});
