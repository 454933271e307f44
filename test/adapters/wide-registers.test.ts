import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { setFlagsFromString } from "node:v8";
import fc from "fast-check";
import { hashInWideRegisters } from "../../node/adapters/wide-registers.ts";
import { SIMD_KERNEL } from "../../node/core/commitment/kernel/keccak-wasm.ts";
import { KERNEL_DATA_START, type Kernel } from "../../node/core/commitment/kernel/kernel.ts";
import { openKernel } from "../../node/core/commitment/kernel/open-kernel.ts";
import { READING_KERNEL } from "../../node/core/formats/kernel/reading-wasm.ts";
import { kernelPlace, linesByColumns, linesByKernel } from "../core/formats/columns-lines.ts";

const BYTES = 131_072;
const INPUT = KERNEL_DATA_START;
const OUTPUT = INPUT + 60_000;
/** Messages of 136 bytes that fit before the output. */
const MESSAGES_MAX = 400;
/** An empty section of its own name: the same kernel, but nothing that this process has compiled already. */
const OTHER_SECTION = Uint8Array.of(0, 5, 4, 0x77, 0x69, 0x64, 0x65);

/** What is used of WebAssembly, which Node's types do not declare. */
const { WebAssembly: webAssembly } = globalThis as unknown as {
  WebAssembly: {
    Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
    Module: new (bytes: Uint8Array) => object;
    Instance: new (module: object, imports: object) => { readonly exports: unknown };
  };
};

/** What V8 makes of the kernel once it is in use, at once. */
function optimizedKernel(): Pick<Kernel, "hashBlocks" | "expandBlocks" | "hashNodes"> & {
  memory: ArrayBuffer;
} {
  const bytes = Buffer.concat([Buffer.from(SIMD_KERNEL, "base64"), OTHER_SECTION]);
  const memory = new webAssembly.Memory({ initial: 3, maximum: 3 });
  const { exports } = new webAssembly.Instance(new webAssembly.Module(bytes), {
    env: { memory, abort: () => assert.fail() },
  });
  return { ...(exports as unknown as Kernel), memory: memory.buffer };
}

describe("hashing in wide registers", () => {
  before(() => {
    setFlagsFromString("--no-liftoff");
    hashInWideRegisters();
  });

  after(() => {
    setFlagsFromString("--liftoff");
    setFlagsFromString("--no-experimental-wasm-revectorize");
  });

  it("gives the digests of the kernel that takes one message at a time", () => {
    const wide = optimizedKernel();
    const plain = openKernel(BYTES, "scalar");
    const [wideBytes, plainBytes] = [wide, plain].map(({ memory }) => new Uint8Array(memory));
    const property = fc.property(
      fc.uint8Array({ minLength: 512, maxLength: 512 }),
      fc.integer({ min: 1, max: MESSAGES_MAX }),
      (pattern, count) => {
        for (const bytes of [wideBytes!, plainBytes!]) {
          for (let at = INPUT; at < OUTPUT; at++) {
            bytes[at] = pattern[(at * 7 + (at >>> 9)) & 511]! ^ (at >>> 5);
          }
        }
        for (const kernel of [wide, plain]) {
          kernel.hashBlocks(INPUT, count, OUTPUT);
          kernel.hashNodes(INPUT, count, OUTPUT + 13_000);
          // In place, too, as trees are built.
          kernel.hashNodes(OUTPUT, count >>> 1, OUTPUT);
          kernel.expandBlocks(INPUT, count, OUTPUT + 26_000);
        }
        // As one number: what is told of thousands of bytes that differ takes minutes.
        assert.equal(
          Buffer.compare(wideBytes!.subarray(INPUT, INPUT + BYTES), plainBytes!.subarray(INPUT)),
          0,
        );
      },
    );
    fc.assert(property, { numRuns: 40 });
  });

  it("reads rows and takes their fingerprints as JavaScript does", async () => {
    const bytes = Buffer.concat([Buffer.from(READING_KERNEL, "base64"), OTHER_SECTION]);
    const place = kernelPlace({ module: new webAssembly.Module(bytes) });
    const rows = await readFile(new URL("../../samples/alder/Master.csv", import.meta.url));
    const options = { file: "Master.csv", sourceName: "alder", zone: "Europe/Berlin" };
    assert.deepEqual(
      await linesByKernel("asterisk-csv", rows, options, 65_536, place),
      await linesByColumns("asterisk-csv", rows, options, 65_536),
    );
    const { lines } = await linesByColumns("asterisk-csv", rows, options, 65_536);
    const records = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    assert.deepEqual(
      await linesByKernel("usage-ndjson", records, options, 65_536, place),
      await linesByColumns("usage-ndjson", records, options, 65_536),
    );
  });

  it("is not asked of versions that were not tried, nor of what can not do it or is told not to", () => {
    const running = (v8: string, variables: object, env = {}) =>
      ({ versions: { v8 }, config: { variables }, env }) as unknown as NodeJS.Process;
    const narrow = { TALLYSTICK_NARROW_REGISTERS: "1" };
    const known = { v8_enable_wasm_simd256_revec: 1 };
    assert.equal(hashInWideRegisters(running("14.0.365.4-node.1", known)), false);
    assert.equal(hashInWideRegisters(running("13.6.233.10-node.1", {})), false);
    assert.equal(hashInWideRegisters(running("13.6.233.10-node.1", known, narrow)), false);
    assert.equal(hashInWideRegisters(running("13.6.233.10-node.1", known)), true);
  });
});
