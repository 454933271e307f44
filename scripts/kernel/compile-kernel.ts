import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("../../", import.meta.url));
const SOURCE = "node/core/commitment/kernel/assembly/keccak.ts";
const OPTIONS = ["-O3", "--converge", "--noAssert", "--runtime", "stub"];
/** The caller brings a memory, filled with zeros; the kernel keeps its own state in the first page. */
const MEMORY = ["--importMemory", "--initialMemory", "1", "--zeroFilledMemory"];

/** WebAssembly of the kernel's source: two messages at once with SIMD, one without. */
async function compile(isSimd: boolean): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined;
  const simd = [isSimd ? "--enable" : "--disable", "simd"];
  const files = [SOURCE, "--baseDir", root, "--outFile", "kernel.wasm"];
  const { error, stderr } = await asc.main([...files, ...OPTIONS, ...MEMORY, ...simd], {
    writeFile: (_name, contents) => {
      wasm = contents as Uint8Array;
    },
  });
  if (error !== null || wasm === undefined) {
    throw new Error(`${SOURCE} does not compile:\n${stderr.toString()}`);
  }
  return wasm;
}

/** The text of the file that embeds the compiled kernel. */
export async function kernelFile(): Promise<string> {
  const literal = async (isSimd: boolean) =>
    Buffer.from(await compile(isSimd))
      .toString("base64")
      .match(/.{1,96}/g)
      ?.map((line) => `  ${line}`)
      .join("\n");
  return `/*
 * Made by \`npm run kernel\` from ./assembly/keccak.ts; do not edit. WebAssembly in base64, because core
 * reads no files and the same bytes run in Node and in the browser. A test compiles the source again
 * and compares (test/core/commitment/kernel/keccak-wasm.test.ts).
 */

/** Two messages at once; needs WebAssembly's 128-bit SIMD. */
export const SIMD_KERNEL = \`
${await literal(true)}
\`;

/** One message at a time. */
export const SCALAR_KERNEL = \`
${await literal(false)}
\`;
`;
}
