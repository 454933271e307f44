import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { posix } from "node:path";

/* Contracts that only tests need are compiled by whoever needs them: the build leaves them out. */

const solc = createRequire(import.meta.url)("solc") as {
  compile(input: string, callbacks: { import(path: string): { contents: string } }): string;
};
const ROOT = new URL("../../../", import.meta.url);

/** @param path from the repository's root; what it imports is found there too */
export function compileContract(path: string): { abi: object[]; bytecode: string } {
  const name = posix.basename(path, ".sol");
  const input = {
    language: "Solidity",
    sources: { [path]: { content: readFileSync(new URL(path, ROOT), "utf8") } },
    settings: {
      evmVersion: "cancun",
      viaIR: true,
      optimizer: { enabled: true, runs: 1 },
      outputSelection: { "*": { [name]: ["abi", "evm.bytecode.object"] } },
    },
  };
  const read = (file: string) => ({ contents: readFileSync(new URL(file, ROOT), "utf8") });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: read }));
  const compiled = output.contracts?.[path]?.[name];
  if (compiled === undefined) throw new Error(JSON.stringify(output.errors));
  return { abi: compiled.abi, bytecode: `0x${compiled.evm.bytecode.object}` };
}
