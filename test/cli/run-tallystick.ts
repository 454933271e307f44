import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../node/cli/main.ts", import.meta.url));

export interface Ran {
  status: number;
  stdout: string;
  stderr: string;
  /** Standard output as newline-delimited JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: lines are looked at field by field
  lines: any[];
}

interface Given {
  env?: Record<string, string>;
  input?: string;
}

/** Runs the command in a process of its own, without blocking a server in this one. */
export const tallystick = (args: string[], given: Given = {}): Promise<Ran> =>
  startTallystick(args, given).ended;

/** As `tallystick`, for a command that goes on until it is told to end. */
export function startTallystick(args: string[], { env = {}, input = "" }: Given = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, TALLYSTICK_TOKEN: undefined, TALLYSTICK_DATA: undefined, ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.end(input);
  const textLines = () => stdout.split("\n").filter((line) => line !== "");
  const ended = once(child, "close").then(
    ([status]): Ran => ({
      status,
      stdout,
      stderr,
      lines: args.includes("--json") ? textLines().map((line) => JSON.parse(line)) : [],
    }),
  );
  /** Resolves when so many lines stand on standard output; rejects when the command ended before. */
  const untilLines = async (count: number): Promise<void> => {
    while (textLines().length < count) {
      if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${stderr}`);
      await pause(20);
    }
  };
  return { ended, untilLines, end: (signal: NodeJS.Signals) => child.kill(signal) };
}
