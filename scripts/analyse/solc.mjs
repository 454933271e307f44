#!/usr/bin/env node
// The npm compiler as the command that the analyser calls: `solc --version` and `solc --standard-json`.
// Only syntax trees and interfaces are made: the analyser does not look at bytecode, and making it takes
// a hundred times as long.
import { createRequire } from "node:module";

const solc = createRequire(import.meta.url)("solc");

if (process.argv.includes("--version")) {
  console.log(`Version: ${solc.version()}`);
} else {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const input = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  input.settings.outputSelection = { "*": { "": ["ast"], "*": ["abi", "devdoc", "userdoc"] } };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const none = { object: "", sourceMap: "" };
  for (const contracts of Object.values(output.contracts ?? {})) {
    for (const contract of Object.values(contracts)) {
      contract.evm = { bytecode: none, deployedBytecode: none };
    }
  }
  process.stdout.write(JSON.stringify(output));
}
