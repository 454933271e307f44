/* `npm run kernel`: compiles the kernels and writes the files that embed them. */
import { writeFile } from "node:fs/promises";
import { KECCAK, kernelFile, READING } from "./kernel/compile-kernel.ts";

for (const kernel of [KECCAK, READING]) {
  const target = new URL(`../${kernel.path}`, import.meta.url);
  await writeFile(target, await kernelFile(kernel));
}
