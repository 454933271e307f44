/*
 * `npm run test:invariants`: what always holds on the ledger (docs/INVARIANTS.md), tried for long:
 * 10,000 runs of 32 steps for each name unless told otherwise. Closes with "N passed, N failed".
 */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { countHardhat, sumLine } from "./test/counts.ts";

const HELP = `Usage: npm run test:invariants -- [--runs N] [FILE…]

  --runs N  runs of 32 steps for each invariant (default 10000)
  FILE      only these files of test/contracts (default: all that end in .invariants.t.sol)`;
const SECONDS_BETWEEN_SIGNS = 60;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "10000" },
    help: { type: "boolean", short: "h", default: false },
  },
});
const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (values.help) console.log(HELP);
else process.exitCode = await run();

async function run(): Promise<number> {
  const runs = Number(values.runs);
  if (!Number.isSafeInteger(runs) || runs < 1) {
    process.stderr.write(`--runs takes a whole number, not "${values.runs}".\n${HELP}\n`);
    return 2;
  }
  const folder = join("test", "contracts");
  const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".invariants.t.sol"))
    .map((file) => join(folder, file));
  console.log(`Invariants: ${runs} runs of 32 steps for each name.`);
  const { output, code } = await hardhat(
    ["test", "solidity", "--test-profile", "long", ...(positionals.length ? positionals : files)],
    String(runs),
  );
  const counts = countHardhat(output, code);
  console.log(sumLine([counts]));
  return counts.failed === 0 ? 0 : 1;
}

/** Shows what the runner says as it says it, and a sign of life between. */
function hardhat(words: string[], runs: string): Promise<{ output: string; code: number }> {
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [join(root, "node_modules", "hardhat", "dist", "src", "cli.js"), ...words],
    {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        NODE_OPTIONS: "--disable-warning=ExperimentalWarning",
        HARDHAT_DISABLE_TELEMETRY_PROMPT: "true",
        NO_COLOR: "1",
        TALLYSTICK_INVARIANT_RUNS: runs,
      },
    },
  );
  const signs = setInterval(() => {
    const minutes = (performance.now() - started) / 60_000;
    console.log(`  … ${minutes.toFixed(0)} minutes`);
  }, SECONDS_BETWEEN_SIGNS * 1000);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => child.kill(signal));
  }
  let output = "";
  return new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        output += chunk;
        process.stdout.write(chunk);
      });
    }
    child.on("error", (error) => resolve({ output: error.message, code: 1 }));
    child.on("close", (code) => {
      clearInterval(signs);
      resolve({ output, code: code ?? 1 });
    });
  });
}
