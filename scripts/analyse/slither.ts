import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { at } from "./at.ts";

/* Slither (PyPI) in a virtual environment of its own under cache/, made once for its pinned versions. */

const HOME = at("cache", "slither");
const REQUIREMENTS = at("scripts", "analyse", "requirements.txt");
const MINUTE = 60_000;

/** Where Slither can not be had, and why: nothing was analysed then. */
export class Unavailable extends Error {}

/** @returns the path of `slither`, installed now if it was not @throws Unavailable */
export function slither(): string {
  const mark = join(HOME, ".requirements");
  const wanted = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex");
  const program = join(HOME, "bin", "slither");
  if (existsSync(program) && existsSync(mark) && readFileSync(mark, "utf8") === wanted) {
    return program;
  }
  const python = findPython();
  rmSync(HOME, { recursive: true, force: true });
  install(python, ["-m", "venv", HOME], MINUTE, "a virtual environment can not be made");
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  const own = join(HOME, "bin", "python");
  install(own, [...pip, "--requirement", REQUIREMENTS], 5 * MINUTE, "PyPI can not be reached");
  writeFileSync(mark, wanted);
  return program;
}

export interface Finding {
  check: string;
  impact: "High" | "Medium" | "Low" | "Informational" | "Optimization";
  description: string;
  elements: {
    type: string;
    name: string;
    source_mapping: { filename_relative: string; lines: number[] };
    type_specific_fields?: { parent?: { name: string; type: string } };
  }[];
}

/** @param input a file of the compiler's standard JSON */
export function runSlither(program: string, input: string): Finding[] {
  const report = join(dirname(input), "report.json");
  rmSync(report, { force: true });
  const args = [input, "--compile-force-framework", "solc-json"];
  const compiler = at("scripts", "analyse", "solc.mjs");
  const { status, stderr } = spawnSync(
    program,
    [...args, "--solc", compiler, "--json", report, "--fail-none"],
    {
      cwd: at("."),
      encoding: "utf8",
      timeout: 8 * MINUTE,
      maxBuffer: 2 ** 28,
      // The compiler is a script of the very Node that runs this.
      env: { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` },
    },
  );
  const text = existsSync(report) ? readFileSync(report, "utf8") : "";
  const { success, error, results } = text === "" ? { success: false } : JSON.parse(text);
  if (!success) throw new Error(`Slither ended with ${status}: ${error ?? stderr.slice(-2000)}`);
  return (results.detectors ?? []) as Finding[];
}

function findPython(): string {
  for (const name of [process.env.PYTHON, "python3", "python"]) {
    if (name === undefined) continue;
    const test = "import sys, venv; sys.exit(sys.version_info < (3, 10))";
    if (spawnSync(name, ["-c", test]).status === 0) return name;
  }
  throw new Unavailable("no Python 3.10 or newer with its venv module is installed");
}

function install(program: string, args: string[], timeout: number, otherwise: string): void {
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8", timeout });
  if (status === 0) return;
  rmSync(HOME, { recursive: true, force: true });
  throw new Unavailable(`${otherwise}: ${(stderr ?? "").trim().split("\n").at(-1) ?? ""}`);
}
