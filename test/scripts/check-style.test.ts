import assert from "node:assert/strict";
import { findUndigested } from "../../scripts/check-style/lock-file.ts";
import { findBreaches, findLongFiles } from "../../scripts/check-style/rules.ts";

const breaches = (path: string, text: string) =>
  findBreaches({ path, text }).map(({ line, what }) => `${line}: ${what}`);
const isClean = (path: string, text: string) => assert.deepEqual(breaches(path, text), []);
const isBreach = (path: string, text: string, line = 1) => {
  const found = findBreaches({ path, text });
  assert.deepEqual(
    found.map((breach) => breach.line),
    [line],
    JSON.stringify(found),
  );
};

describe("house style", () => {
  it("lets imports point down and nowhere else", () => {
    isClean("node/engine/rate.ts", `import { a } from "../core/money/a.ts";`);
    isClean("node/cli/commands/x.ts", `import { a } from "../../adapters/a.ts";`);
    isClean("client-app/src/x.ts", `import { a } from "../../node/core/a.ts";`);
    isBreach("node/core/money/a.ts", `import { a } from "../../engine/rate.ts";`);
    isBreach("node/engine/rate.ts", `import type { A } from "../adapters/a.ts";`);
    isBreach("node/engine/rate.ts", `\nimport {\n  a,\n} from "../../scripts/a.ts";`, 4);
    isBreach("node/adapters/a.ts", `const a = await import("../http/a.ts");`);
    isBreach("node/adapters/a.ts", `export { a } from '../cli/a.ts';`);
    isBreach("client-app/src/x.ts", `import { a } from "../../node/engine/a.ts";`);
    isBreach("node/core/a.ts", `import "../../client-app/src/x.ts";`);
  });

  it("keeps Node out of what runs in a browser", () => {
    isBreach("node/core/a.ts", `import { readFile } from "node:fs/promises";`);
    isBreach("node/core/a.ts", `import fs from "fs";`);
    isBreach("client-app/src/a.ts", `import { x } from "node:path";`);
    isClean("node/core/a.ts", `import { keccak_256 } from "@noble/hashes/sha3.js";`);
    isClean("node/adapters/a.ts", `import { readFile } from "node:fs/promises";`);
  });

  it("keeps core free of clock, randomness, configuration and output", () => {
    for (const impure of [
      "Date.now()",
      "new Date()",
      "Math.random()",
      "process.env.X",
      "performance.now()",
      "Temporal.Now.instant()",
      "crypto.getRandomValues(a)",
      "globalThis.crypto.randomUUID()",
      'console.log("x")',
      "setTimeout(f, 1)",
      'fetch("x")',
    ]) {
      isBreach("node/core/a.ts", `const x = ${impure};`);
      isClean("node/engine/a.ts", `const x = ${impure};`);
    }
    isClean("node/core/a.ts", "const d = new Date(milliseconds); document.process.run();");
    isClean("node/core/a.ts", '// Date.now() is not for us\nconst x = "Math.random()";');
  });

  it("keeps money out of numbers", () => {
    for (const wrong of [
      "let amountNano: number = 1;",
      "interface A { amount?: number }",
      "const x = Number(charge.amountNano);",
      "const x = parseFloat(amount);",
      "const x = Number.parseFloat(line?.amount ?? z);",
      "const x = Math.round(amountNano);",
      "const x = amountNano / 100;",
      "const x = totalAmount * 1.19;",
      "const x = +declared.amount;",
      "const x = amount.toFixed(2);",
    ]) {
      isBreach("node/core/rating/a.ts", wrong);
      isBreach("client-app/src/a.ts", wrong);
      isClean("node/core/rating/number-price.ts", wrong);
      isClean("scripts/a.ts", wrong);
    }
    for (const right of [
      "const x: bigint = amountNano / 100n;",
      "const amounts: number[] = []; const price: number = 3;",
      "const x = Number(count); const y = amountNano * 1_000n;",
      "function sum(amountNano: bigint, count: number) { return amountNano + BigInt(count); }",
      '// amountNano / 100\nconst x = "Number(amount)";',
    ]) {
      isClean("node/core/rating/a.ts", right);
    }
  });

  it("finds leftovers in comments, not in strings", () => {
    const word = ["TO", "DO"].join("");
    isBreach("node/engine/a.ts", `const a = 1; // ${word}: later`);
    isBreach("contracts/A.sol", `/*\n * ${word}\n */`, 2);
    isClean("node/engine/a.ts", `const a = "${word}";`);
  });

  it("refuses a test that shuts out the others", () => {
    const only = ["it", "only"].join(".");
    isBreach("test/a.test.ts", `${only}("x", () => {});`);
    isClean("test/a.test.ts", `const name = "${only}(";`);
  });

  it("refuses barrels", () => {
    isBreach("node/core/index.ts", `export * from "./a.ts";`);
  });

  it("is not confused by quotes in regular expressions and comments", () => {
    isBreach("node/core/a.ts", `const r = text.replace(/["']/g, "");\nconst t = Date.now();`, 2);
    isBreach("node/core/a.ts", `// it's\nconst t = Date.now();`, 2);
    isBreach("node/core/a.ts", "const s = `a // b`;\nconst t = Date.now();", 2);
    isClean("node/core/a.ts", `const half = a / b; // "\nconst c = "import x from 'fs'";`);
  });

  it("reports files that ask for a reason by their length", () => {
    const lines = (count: number) => "x\n".repeat(count);
    const files = [
      { path: "node/core/short.ts", text: lines(300) },
      { path: "node/core/long.ts", text: lines(301) },
      { path: "test/long.test.ts", text: lines(900) },
    ];
    assert.deepEqual(findLongFiles(files), [{ path: "node/core/long.ts", lines: 301 }]);
  });

  it("wants a digest of each package that is locked, and binds none to a registry", () => {
    const integrity = `sha512-${"A".repeat(86)}==`;
    const found = (locked: object) => {
      const packages = { "": { name: "x" }, "node_modules/a": { version: "1.0.0", ...locked } };
      const text = JSON.stringify({ packages }, null, 2);
      return findUndigested("package-lock.json", text).map(({ line }) => line);
    };
    assert.deepEqual(found({ integrity }), []);
    assert.deepEqual(found({ link: true }), []);
    // Of a build for another system a registry may have none.
    assert.deepEqual(found({ optional: true, os: ["darwin"] }), []);
    for (const locked of [
      {},
      { optional: true },
      { os: ["darwin"] },
      { integrity: "sha1-AAAA" },
      { optional: true, os: ["darwin"], integrity: "sha512-AAAA" },
      { integrity, resolved: "https://registry.example/a.tgz" },
    ]) {
      assert.deepEqual(found(locked), [6], JSON.stringify(locked));
    }
  });
});
