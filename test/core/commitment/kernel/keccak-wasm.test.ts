import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { KECCAK, kernelFile } from "../../../../scripts/kernel/compile-kernel.ts";

describe("the embedded kernel", () => {
  it("is what its source compiles to", async () => {
    const file = new URL("../../../../node/core/commitment/kernel/keccak-wasm.ts", import.meta.url);
    assert.equal(await readFile(file, "utf8"), await kernelFile(KECCAK));
  });
});
