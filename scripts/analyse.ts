// npm run analyse: a static analyser (Slither) over all contracts. Each finding is fixed, or answered in
// contracts/analysis.json with the reason why it stays; an answer that meets nothing fails too. Needs
// Python 3.10; without it, or without PyPI for the first run, nothing is analysed and nothing passes.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileOf, isOurs, judge, placeOf, readAnswers } from "./analyse/answers.ts";
import { at } from "./analyse/at.ts";
import { compilerInput } from "./analyse/compiler-input.ts";
import { runSlither, slither, Unavailable } from "./analyse/slither.ts";

/** Taste and gas, not safety: names, pragmas, what an inherited constant is used for. */
const NOT_ASKED = new Set(["Informational", "Optimization"]);

function main(): number {
  let program: string;
  try {
    program = slither();
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    console.log(`static analysis: SKIPPED, ${error.message}`);
    console.log("0 passed, 0 failed, 1 skipped");
    return 0;
  }
  const input = compilerInput() as { sources: Record<string, unknown> };
  mkdirSync(at("cache", "analyse"), { recursive: true });
  const file = at("cache", "analyse", "input.json");
  writeFileSync(file, JSON.stringify(input));
  const findings = runSlither(program, file).filter(
    (finding) => isOurs(finding) && !NOT_ASKED.has(finding.impact),
  );
  const { open, stale } = judge(findings, readAnswers());
  for (const finding of open) {
    const line = finding.elements[0]?.source_mapping.lines[0];
    console.log(
      `${finding.impact} ${finding.check} ${placeOf(finding)} (${fileOf(finding)}:${line})`,
    );
    console.log(`  ${finding.description.trim().split("\n").join("\n  ")}`);
  }
  for (const answer of stale) console.log(`answered, but not found any more: ${answer}`);
  const files = Object.keys(input.sources).filter((name) => name.startsWith("contracts/"));
  const bad = new Set(open.map(fileOf));
  console.log(`${findings.length} findings, ${findings.length - open.length} answered`);
  console.log(`${files.length - bad.size} passed, ${bad.size + stale.length} failed`);
  return bad.size + stale.length > 0 ? 1 : 0;
}

process.exitCode = main();
