import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("../../", import.meta.url));
const OPTIONS = ["-O3", "--converge", "--noAssert", "--runtime", "stub"];
/** The caller brings a memory, filled with zeros; a kernel keeps its own state in the first page. */
const MEMORY = ["--importMemory", "--initialMemory", "1", "--zeroFilledMemory"];

/** A file that embeds a kernel: which one, and its variants by what their constants are called. */
export interface KernelFile {
  /** From the repository's root. */
  path: string;
  source: string;
  test: string;
  variants: { name: string; comment: string; options: string[] }[];
}

const simd = (isSimd: boolean) => [isSimd ? "--enable" : "--disable", "simd"];

export const KECCAK: KernelFile = {
  path: "node/core/commitment/kernel/keccak-wasm.ts",
  source: "node/core/commitment/kernel/assembly/keccak.ts",
  test: "test/core/commitment/kernel/keccak-wasm.test.ts",
  variants: [
    {
      name: "SIMD_KERNEL",
      comment: "Two messages at once; needs WebAssembly's 128-bit SIMD.",
      options: simd(true),
    },
    { name: "SCALAR_KERNEL", comment: "One message at a time.", options: simd(false) },
  ],
};

/** Its memory is seen by two threads; how large it may be at most is for the caller. */
export const READING: KernelFile = {
  path: "node/core/formats/kernel/reading-wasm.ts",
  source: "node/core/formats/kernel/assembly/reading.ts",
  test: "test/core/formats/kernel/reading-wasm.test.ts",
  variants: [
    {
      name: "READING_KERNEL",
      comment: "Needs WebAssembly's 128-bit SIMD and memory that threads share.",
      options: [...simd(true), "--enable", "threads", "--sharedMemory", "--maximumMemory", "65536"],
    },
  ],
};

async function compile(source: string, options: string[]): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined;
  const files = [source, "--baseDir", root, "--outFile", "kernel.wasm"];
  const { error, stderr } = await asc.main([...files, ...OPTIONS, ...MEMORY, ...options], {
    writeFile: (_name, contents) => {
      wasm = contents as Uint8Array;
    },
  });
  if (error !== null || wasm === undefined) {
    throw new Error(`${source} does not compile:\n${stderr.toString()}`);
  }
  return wasm;
}

/** The text of the file that embeds the compiled kernel. */
export async function kernelFile({ source, test, variants }: KernelFile): Promise<string> {
  const constants: string[] = [];
  for (const { name, comment, options } of variants) {
    const lines = Buffer.from(await compile(source, options))
      .toString("base64")
      .match(/.{1,96}/g);
    const literal = lines?.map((line) => `  ${line}`).join("\n");
    constants.push(`/** ${comment} */\nexport const ${name} = \`\n${literal}\n\`;\n`);
  }
  const assembly = source.slice(source.lastIndexOf("/assembly/"));
  return `/*
 * Made by \`npm run kernel\` from .${assembly}; do not edit. WebAssembly in base64, because core
 * reads no files and the same bytes run in Node and in the browser. A test compiles the source again
 * and compares (${test}).
 */

${constants.join("\n")}`;
}
