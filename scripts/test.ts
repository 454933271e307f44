// npm test: every check in order, each one's closing lines, and one line of sums at the end.
//   scripts/test.ts [--only lint|types|solidity|mocha]… [FILES for mocha]
// A check that prints no numbers of its own (formatter, types, style) counts as one.
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArguments } from "./test/arguments.ts";
import { type Counts, countHardhat, countMocha, countOne, sumLine } from "./test/counts.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const module = (...path: string[]) => join(root, "node_modules", ...path);
const LINES_SHOWN = 12;
/** A check that hangs must not hang whoever waits for the sums. */
const MILLISECONDS_MAX = 9 * 60_000;

interface Check {
  group: "lint" | "types" | "solidity" | "mocha";
  title: string;
  /** Arguments for the Node that runs this. */
  command: string[];
  count: (output: string, code: number) => Counts;
  /** Needs compiled contracts and the built page. */
  needsBuild?: boolean;
}

/** Of the commands' tests the one that asks a ledger. */
const LEDGER_COMMANDS = "subscriber-commands";
/** Folders whose tests need neither the contracts nor the page, and run while these are compiled. */
const WITHOUT_BUILD = ["conformance", "core", "engine", "simulation"];

function mocha(title: string, files: string[], needsBuild = true): Check {
  const command = [module("mocha", "bin", "mocha.js"), ...files];
  return { group: "mocha", title, command, count: countMocha, needsBuild };
}

/** Of what needs the build long parts come first: two run at a time, and shall end together. */
function mochaByParts(): Check[] {
  const folders = readdirSync(join(root, "test"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const filesOf = (names: string[]) => names.map((name) => `test/${name}/**/*.test.ts`);
  const apart = ["cli", "client-app", "contracts", "end-to-end", "scripts", ...WITHOUT_BUILD];
  const rest = folders.filter((name) => !apart.includes(name));
  return [
    mocha("mocha, core and engine", ["test/*.test.ts", ...filesOf(WITHOUT_BUILD)], false),
    mocha("mocha, commands", [`test/cli/**/!(${LEDGER_COMMANDS}).test.ts`], false),
    mocha("mocha, end to end", filesOf(["end-to-end"])),
    mocha("mocha, contracts", filesOf(["contracts"])),
    mocha("mocha, page", [...filesOf(["client-app"]), `test/cli/${LEDGER_COMMANDS}.test.ts`]),
    mocha("mocha, scripts", filesOf(["scripts"])),
    mocha("mocha, adapters and interfaces", filesOf(rest)),
  ];
}

function checks(files: string[]): Check[] {
  const biome = module("@biomejs", "biome", "bin", "biome");
  const tsc = module("typescript", "bin", "tsc");
  const hardhat = module("hardhat", "dist", "src", "cli.js");
  const hasContracts = existsSync(join(root, "hardhat.config.ts"));
  const hasPage = existsSync(join(root, "client-app", "tsconfig.json"));
  const all: (Check | undefined)[] = [
    {
      group: "lint",
      title: "format and lint",
      command: [biome, "ci", "--error-on-warnings", "--colors=off"],
      count: countOne,
    },
    { group: "types", title: "types", command: [tsc, "-p", "tsconfig.json"], count: countOne },
    hasPage
      ? {
          group: "types",
          title: "types of the page",
          command: [tsc, "-p", "client-app/tsconfig.json", "--noEmit"],
          count: countOne,
        }
      : undefined,
    { group: "lint", title: "house style", command: ["scripts/check-style.ts"], count: countOne },
    hasContracts
      ? {
          group: "lint",
          title: "format of the contracts",
          command: [
            module("prettier", "bin", "prettier.cjs"),
            "--check",
            "--log-level=warn",
            "contracts/**/*.sol",
            "test/**/*.sol",
            "--no-error-on-unmatched-pattern",
          ],
          count: countOne,
        }
      : undefined,
    ...(files.length > 0 ? [mocha("mocha", files)] : mochaByParts()),
    hasContracts
      ? {
          group: "solidity",
          title: "contracts",
          command: [hardhat, "test", "solidity"],
          count: countHardhat,
          needsBuild: true,
        }
      : undefined,
  ];
  return all.filter((check) => check !== undefined);
}

const environment = {
  ...process.env,
  NODE_OPTIONS: "--disable-warning=ExperimentalWarning",
  HARDHAT_DISABLE_TELEMETRY_PROMPT: "true",
  // Hundreds of programs are started, each of which would compile the same files again.
  NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "compiled"),
  NO_COLOR: "1",
};

function run(command: string[]): Promise<{ output: string; code: number }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, command, {
      cwd: root,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const take = (chunk: Buffer) => {
      output += chunk;
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", (error) => resolve({ output: error.message, code: 1 }));
    const late = setTimeout(() => {
      output += `\nStopped: still running after ${MILLISECONDS_MAX / 60_000} minutes.\n`;
      child.kill("SIGKILL");
    }, MILLISECONDS_MAX);
    child.on("close", (code) => {
      clearTimeout(late);
      resolve({ output, code: code ?? 1 });
    });
    const end = (signal: NodeJS.Signals) => {
      child.kill(signal);
      process.exitCode = 130;
    };
    process.once("SIGINT", end).once("SIGTERM", end);
    child.on("close", () => process.off("SIGINT", end).off("SIGTERM", end));
  });
}

/** Compiling is a check too: with contracts that do not compile, the sums must still come. */
async function build(): Promise<Counts> {
  const started = performance.now();
  const { setUp } = (await import(pathToFileURL(join(root, "scripts", "set-up.mjs")).href)) as {
    setUp(options: { build: boolean }): Promise<string>;
  };
  try {
    await setUp({ build: true });
    report("build", started, true);
    return { passed: 1, failed: 0, skipped: 0 };
  } catch (error) {
    report("build", started, false);
    console.log(error instanceof Error ? error.message : error);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function report(title: string, started: number, isGood: boolean): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`== ${title}: ${isGood ? "passed" : "FAILED"} (${seconds} s)`);
}

function lastLines(output: string, count: number): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-count).join("\n");
}

async function carryOut(check: Check): Promise<Counts> {
  const started = performance.now();
  const { output, code } = await run(check.command);
  const counted = check.count(output, code);
  report(check.title, started, counted.failed === 0);
  // A failure is shown whole: whoever reads this may not be able to run it again.
  const shown = counted.failed === 0 ? lastLines(output, LINES_SHOWN) : output.trim();
  if (shown !== "") console.log(shown);
  return counted;
}

async function main(argv: string[]): Promise<number> {
  const { only, files, wrong } = parseArguments(argv);
  if (wrong !== undefined) {
    console.error(`${wrong}\nUsage: npm test -- [--only lint|types|solidity|mocha]... [FILES]`);
    return 2;
  }
  const chosen = checks(files).filter((check) => only.length === 0 || only.includes(check.group));
  const counts: Counts[] = [];
  const [before, behind] = [false, true].map((needsBuild) =>
    chosen.filter((check) => (check.needsBuild ?? false) === needsBuild),
  ) as [Check[], Check[]];
  // Compiling takes one core for a minute or more: what needs nothing of it runs meanwhile.
  const built = behind.length === 0 ? undefined : build().then((count) => counts.push(count));
  const inOrder = async (some: Check[]) => {
    for (const check of some) {
      if (process.exitCode !== 130) counts.push(await carryOut(check));
    }
  };
  // Two at once while contracts are compiled; then three of what waits for both, which wait more than they compute.
  const early = inOrder(before);
  const fromQueue = async (...ready: (Promise<unknown> | undefined)[]) => {
    await Promise.all(ready);
    for (let next = behind.shift(); next !== undefined; next = behind.shift()) {
      await inOrder([next]);
    }
  };
  const both = [built, early];
  await Promise.all([fromQueue(built), fromQueue(...both), fromQueue(...both), early]);
  if (process.exitCode === 130) counts.push({ passed: 0, failed: 1, skipped: 0 });
  console.log(sumLine(counts));
  return counts.some(({ failed }) => failed > 0) ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
