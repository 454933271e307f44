import { builtinModules } from "node:module";
import { posix } from "node:path";
import { blank, lineAt } from "./source-text.ts";

export interface SourceFile {
  /** From the repository's root, with slashes. */
  path: string;
  text: string;
}

export interface Breach {
  path: string;
  line: number;
  what: string;
}

const LINES_COMFORTABLE_MAX = 300;

/** Imports point down only (DESIGN section 10): each folder, and the folders it may import from. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  "node/core": ["node/core"],
  "node/engine": ["node/core", "node/engine"],
  "node/adapters": ["node/core", "node/engine", "node/adapters"],
  "node/http": ["node/core", "node/engine", "node/adapters", "node/http"],
  // A command starts a node of its own where none runs: it is an entry point, like node/main.ts.
  "node/cli": [
    "node/core",
    "node/engine",
    "node/adapters",
    "node/http",
    "node/cli",
    "node/config.ts",
    "node/environment.ts",
    "node/operator-node.ts",
    "node/edge-node.ts",
  ],
  "client-app": ["client-app", "node/core"],
};

/** What makes code depend on where and when it runs. */
const IMPURE =
  /(?<![.\w])(?:process\.\w+|Date\.now\b|new Date\(\)|Math\.random\b|performance\.now\b|Temporal\.Now\b|(?:globalThis\.)?crypto\.(?:getRandomValues|randomUUID)\b|fetch\(|set(?:Timeout|Interval)\(|console\.\w+)/g;

const IMPORT = /\b(?:from|import)\s*\(?\s*(["'])([^"']+)\1/g;
const BUILT_IN = new Set(builtinModules);

export function findBreaches(file: SourceFile): Breach[] {
  const folder = Object.keys(MAY_IMPORT).find((name) => file.path.startsWith(`${name}/`));
  const withStrings = blank(file.text, { strings: false });
  const code = blank(file.text, { strings: true });
  return [
    ...(folder === undefined ? [] : importBreaches(file, folder, withStrings, code)),
    ...(folder === "node/core" ? matches(file, code, IMPURE, (m) => `core is pure: ${m}`) : []),
    ...(folder === undefined || MONEY_IN_NUMBERS.has(file.path) ? [] : moneyAsNumber(file, code)),
    ...leftovers(file, code, withStrings),
    ...barrels(file, code),
  ].sort((a, b) => a.line - b.line);
}

/**
 * Where amounts may be `number`: checked safe integers with their bound written beside them, a bigint
 * fallback, and a property test that both raters agree.
 */
const MONEY_IN_NUMBERS = new Set([
  "node/core/rating/number-price.ts",
  "node/core/money/safe-integers.ts",
]);
const MONEY = "(?:\\w*Nano|\\w*[aA]mount|money)";
/** A declared type, a conversion, an operator or a function that makes a float of an amount. */
const MONEY_AS_NUMBER = new RegExp(
  [
    `\\b${MONEY}\\??:\\s*(?:readonly\\s+)?number\\b`,
    `\\b(?:Number|parseFloat|parseInt|Number\\.parse(?:Float|Int))\\(\\s*[\\w.?!]*?\\b${MONEY}\\b`,
    `\\bMath\\.\\w+\\([^()]*\\b${MONEY}\\b`,
    `(?:[=(,:?]|\\breturn)\\s*\\+[\\w.?!]*?\\b${MONEY}\\b`,
    `\\b${MONEY}\\)?\\s*(?:\\*\\*?|[/%+-])\\s*\\d[\\d_.]*(?![\\dn_.])`,
    `\\b${MONEY}\\)?\\.to(?:Fixed|Precision)\\(`,
  ].join("|"),
  "g",
);

function moneyAsNumber(file: SourceFile, code: string): Breach[] {
  return matches(file, code, MONEY_AS_NUMBER, (m) => `money is never a number: ${m.trim()}`);
}

export function findLongFiles(files: SourceFile[]): { path: string; lines: number }[] {
  return files
    .filter(({ path }) => /^(node|client-app|contracts|scripts)\//.test(path))
    .map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ lines }) => lines > LINES_COMFORTABLE_MAX);
}

function importBreaches(
  file: SourceFile,
  folder: string,
  withStrings: string,
  code: string,
): Breach[] {
  const allowed = MAY_IMPORT[folder] ?? [];
  return [...withStrings.matchAll(IMPORT)].flatMap((match) => {
    if (code[match.index] === " ") return []; // speaks of an import inside a string
    const specifier = match[2] ?? "";
    const what = specifier.startsWith(".")
      ? wrongDirection(file.path, specifier, allowed)
      : wrongPackage(folder, specifier);
    if (what === undefined) return [];
    return [{ path: file.path, line: lineAt(code, match.index), what }];
  });
}

function wrongDirection(
  path: string,
  specifier: string,
  allowed: readonly string[],
): string | undefined {
  const target = posix.normalize(posix.join(posix.dirname(path), specifier));
  if (allowed.some((one) => target === one || target.startsWith(`${one}/`))) return undefined;
  return `imports point down: ${target} may not be imported here`;
}

function wrongPackage(folder: string, specifier: string): string | undefined {
  const isBuiltIn = specifier.startsWith("node:") || BUILT_IN.has(specifier);
  const runsInBrowser = folder === "node/core" || folder === "client-app";
  if (!isBuiltIn || !runsInBrowser) return undefined;
  return `runs in the browser too: ${specifier} is a Node built-in`;
}

function leftovers(file: SourceFile, code: string, withStrings: string): Breach[] {
  const onlyOne = /\b(?:describe|it|context|specify|suite|test)\.only\s*\(/g;
  // In comments only: a string may well speak of such words.
  const comments = commentsOf(file.text, withStrings);
  return [
    ...matches(file, comments, /\b(?:TODO|FIXME|XXX|HACK)\b/g, (m) => `leftover: ${m}`),
    ...(file.path.startsWith("test/")
      ? matches(file, code, onlyOne, () => "one test shuts out the others: .only")
      : []),
  ];
}

function barrels(file: SourceFile, code: string): Breach[] {
  if (!/^(node|client-app|scripts)\//.test(file.path)) return [];
  return matches(file, code, /\bexport\s+\*\s+from\b/g, () => "barrel: export * from");
}

function commentsOf(text: string, withoutComments: string): string {
  let comments = "";
  for (let i = 0; i < text.length; i++) {
    comments += text[i] === "\n" || text[i] !== withoutComments[i] ? text[i] : " ";
  }
  return comments;
}

function matches(
  file: SourceFile,
  text: string,
  pattern: RegExp,
  say: (match: string) => string,
): Breach[] {
  return [...text.matchAll(pattern)].map((match) => ({
    path: file.path,
    line: lineAt(text, match.index),
    what: say(match[0]),
  }));
}
