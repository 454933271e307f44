import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../node/cli/main.ts", import.meta.url));
const SAMPLES = fileURLToPath(new URL("../samples/", import.meta.url));

export const sample = (name: string): string => SAMPLES + name;

/** The fields that tests look at, of all kinds of output lines. */
export interface OutputLine {
  line?: string;
  verdict?: string;
  reason?: string;
  disputedAmount?: string;
  service?: string;
  deviceOnly?: object;
  rejected?: { code: string };
  file?: { records: number; problems: { code: string }[] };
  error?: { code: string };
  summary?: { disputedAmount: string };
}

export interface CommandResult {
  exitCode: number | null;
  /** Standard output, read as JSON line by line where it was asked for. */
  lines: OutputLine[];
  out: string;
  errors: string;
}

/** Runs `tallystick …` as a user does, in a process of its own. */
export function runCommand(args: string[], input = ""): Promise<CommandResult> {
  const child = spawn(process.execPath, [MAIN, ...args]);
  let out = "";
  let errors = "";
  child.stdout.on("data", (data) => {
    out += data;
  });
  child.stderr.on("data", (data) => {
    errors += data;
  });
  // A command that stops before reading its input closes the pipe.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => {
      const lines = args.includes("--json")
        ? out
            .trim()
            .split("\n")
            .filter(Boolean)
            .map((line) => JSON.parse(line))
        : [];
      resolve({ exitCode, lines, out, errors });
    });
  });
}
