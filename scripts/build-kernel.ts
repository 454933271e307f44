/* `npm run kernel`: compiles the hashing kernel and writes the file that embeds it. */
import { writeFile } from "node:fs/promises";
import { kernelFile } from "./kernel/compile-kernel.ts";

const target = new URL("../node/core/commitment/kernel/keccak-wasm.ts", import.meta.url);
await writeFile(target, await kernelFile());
