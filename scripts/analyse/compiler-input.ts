import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { at } from "./at.ts";

const IMPORT = /(?:from\s+|import\s+)"([^"]+)"/g;

/** All contracts and what they import, by paths from the repository's root, as standard JSON. */
export function compilerInput(): object {
  const sources: Record<string, { content: string }> = {};
  const waiting = filesIn("contracts");
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (path in sources) continue;
    const content = readFileSync(at(path), "utf8");
    sources[path] = { content };
    for (const [, imported = ""] of content.matchAll(IMPORT)) {
      const target = imported.startsWith(".")
        ? posix.normalize(posix.join(posix.dirname(path), imported))
        : `node_modules/${imported}`;
      if (existsSync(at(target))) waiting.push(target);
    }
  }
  return {
    language: "Solidity",
    sources,
    settings: {
      evmVersion: "cancun",
      viaIR: true,
      remappings: ["@openzeppelin/=node_modules/@openzeppelin/"],
    },
  };
}

function filesIn(folder: string): string[] {
  return readdirSync(at(folder), { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith(".sol"));
}
