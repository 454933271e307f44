// What docs/ATTACKS.md and docs/INVARIANTS.md call a test is one: a page that names a guard which
// nothing checks any more is worse than no page.
import { strict as assert } from "node:assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SOLIDITY = "test/contracts/solidity";
const FILE = /`([^`]+\.(?:t\.sol|test\.ts))`/g;
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

/** What one row says of one file, or of several at once. */
interface Named {
  row: string;
  files: string[];
  phrases: string;
}

const pathOf = (file: string) =>
  file.endsWith(".t.sol") ? `${SOLIDITY}/${file}` : `test/contracts/${file}`;

/** Functions of a Solidity test, or titles of `describe` and `it`. */
function titlesIn(file: string): string[] {
  if (!existsSync(join(ROOT, pathOf(file)))) return [];
  const pattern = file.endsWith(".t.sol")
    ? /function test(?:Fuzz)?_?(\w+)/g
    : /\b(?:describe|it)\(\s*(?:["'`])(.*?)["'`],/g;
  return [...read(pathOf(file)).matchAll(pattern)].map((found) => found[1] as string);
}

/** @returns The phrases that no title holds. Commas part phrases, and stand in titles as well. */
function missing(titles: string[], phrases: string): string[] {
  const isHeld = (phrase: string) =>
    titles.some((title) => title.includes(phrase.replace(/…$/, "")));
  return isHeld(phrases) ? [] : phrases.split(/,\s*/).filter((phrase) => !isHeld(phrase));
}

/** The last cell of each row; a table's head names the file where a cell names none. */
function namedOn(page: string): Named[] {
  const named: Named[] = [];
  let usual: string[] = [];
  const filesIn = (text: string) => [...text.matchAll(FILE)].map((found) => found[1] as string);
  for (const line of page.split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim());
    const tests = cells.at(-2) ?? "";
    if (cells[1] === "Id") usual = filesIn(tests);
    if (!/^A-\d+$/.test(cells[1] ?? "")) continue;
    let files = usual;
    for (const part of tests.split("; ")) {
      const here = filesIn(part);
      if (here.length > 0) files = here;
      const phrases = part.replaceAll(FILE, "").replace(/^[,\s]+/, "");
      named.push({ row: cells[1] as string, files, phrases });
    }
  }
  return named;
}

const invariantsOnPage = [...read("docs/INVARIANTS.md").matchAll(/^\| (I\d+) \|/gm)].map(
  ([, id]) => id as string,
);

describe("The page of attacks", () => {
  it("names tests that exist", () => {
    const wrong: string[] = [];
    const named = namedOn(read("docs/ATTACKS.md"));
    assert.ok(named.length > 100);
    for (const { row, files, phrases } of named) {
      if (/^I\d+(, I\d+)*$/.test(phrases)) {
        const unknown = phrases.split(", ").filter((id) => !invariantsOnPage.includes(id));
        wrong.push(...unknown.map((id) => `${row}: no invariant ${id}`));
        continue;
      }
      const titles = files.flatMap((file) => {
        const found = titlesIn(file);
        if (found.length === 0) wrong.push(`${row}: no tests in ${file}`);
        return found;
      });
      if (titles.length === 0) wrong.push(`${row}: names no test`);
      wrong.push(...missing(titles, phrases).map((name) => `${row}: no "${name}" in ${files}`));
    }
    assert.deepEqual(wrong, []);
  });
});

describe("The page of invariants", () => {
  it("has a row for each function, and a function for each row", () => {
    const functions = readdirSync(join(ROOT, SOLIDITY))
      .filter((file) => file.endsWith(".invariants.t.sol"))
      .flatMap((file) =>
        [...read(`${SOLIDITY}/${file}`).matchAll(/function invariant_(I\d+)_/g)].map(
          ([, id]) => id as string,
        ),
      );
    assert.deepEqual(functions.sort(), invariantsOnPage.toSorted());
  });
});
