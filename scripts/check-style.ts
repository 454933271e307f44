// House rules that no ready-made linter knows: which way imports point, what core may not touch,
// leftovers. Prints `file:line: what` and exits with 1 when a rule is broken.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { findUndigested } from "./check-style/lock-file.ts";
import { findBreaches, findLongFiles, type SourceFile } from "./check-style/rules.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const NOT_OURS = new Set(["node_modules", "artifacts", "cache", "dist", "coverage"]);
const EXTENSIONS = /\.(ts|tsx|mts|js|mjs|sol|css|html|sh)$/;

function* sources(directory: string): Generator<SourceFile> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (NOT_OURS.has(entry.name) || entry.name.startsWith(".")) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (EXTENSIONS.test(entry.name)) {
      yield {
        path: relative(root, path).split(sep).join("/"),
        text: readFileSync(path, "utf8"),
      };
    }
  }
}

const files = [...sources(root)];
const LOCK = "package-lock.json";
const breaches = [
  ...files.flatMap(findBreaches),
  ...findUndigested(LOCK, readFileSync(join(root, LOCK), "utf8")),
];
for (const { path, line, what } of breaches) console.log(`${path}:${line}: ${what}`);
for (const { path, lines } of findLongFiles(files)) {
  console.log(`note: ${path} has ${lines} lines; more than 300 ask for a reason`);
}
console.log(`Checked the style of ${files.length} files: ${breaches.length} breaches.`);
process.exitCode = breaches.length === 0 ? 0 : 1;
