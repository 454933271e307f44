import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { kernelFile, READING } from "../../../../scripts/kernel/compile-kernel.ts";

describe("the embedded kernel that reads rows", () => {
  it("is what its source compiles to", async () => {
    const file = new URL(`../../../../${READING.path}`, import.meta.url);
    assert.equal(await readFile(file, "utf8"), await kernelFile(READING));
  });
});
