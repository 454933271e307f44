// Sets up what is missing and runs a script under Node 24 or newer:
//   node scripts/run.mjs [--bare] TARGET.ts ARGUMENTS
// Plain JavaScript for Node 18 and up, because this is what `npm start` calls on a machine whose
// Node may be old and where nothing is installed yet. `--bare` installs but does not build.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { environmentFor } from "./set-up/node.mjs";
import { setUp } from "./set-up.mjs";

const compileCache = fileURLToPath(new URL("../node_modules/.cache/tallystick", import.meta.url));
const given = process.argv.slice(2);
const bare = given[0] === "--bare";
const [target, ...targetArguments] = bare ? given.slice(1) : given;
if (target === undefined) {
  process.stderr.write("Usage: node scripts/run.mjs [--bare] TARGET.ts ARGUMENTS\n");
  process.exit(2);
}

let node;
try {
  node = await setUp({ build: !bare });
} catch (error) {
  process.stderr.write(`Set-up failed: ${error instanceof Error ? error.message : error}\n`);
  process.exit(4);
}

const child = spawn(
  node,
  [
    "--disable-warning=ExperimentalWarning",
    "--import",
    new URL("./end-with-parent.mjs", import.meta.url).href,
    resolve(target),
    ...targetArguments,
  ],
  {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    // What was compiled is kept between calls: a process that is started again is there in half the time.
    // One arena of glibc's malloc, as bin/tallystick says.
    env: { NODE_COMPILE_CACHE: compileCache, MALLOC_ARENA_MAX: "1", ...environmentFor(node) },
  },
);

// A terminal sends Ctrl-C to the whole group, so the child has it already; anyone else, and every
// other signal, reaches only this process.
process.on("SIGINT", () => {
  if (!process.stdin.isTTY) child.kill("SIGINT");
});
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
// npm hands a signal to its shell, which does not hand it on: who ends npm ends what it ran.
if (process.env.npm_lifecycle_event !== undefined) {
  const shell = process.ppid;
  setInterval(() => process.ppid === shell || child.kill("SIGTERM"), 500).unref();
}

child.on("error", (error) => {
  process.stderr.write(`Could not start ${node}: ${error.message}\n`);
  process.exit(4);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
