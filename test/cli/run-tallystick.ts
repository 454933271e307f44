import { spawn } from "node:child_process";
import { once } from "node:events";
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

/** Runs the command in a process of its own, without blocking a server in this one. */
export async function tallystick(
  args: string[],
  { env = {}, input = "" }: { env?: Record<string, string>; input?: string } = {},
): Promise<Ran> {
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
  const [status] = (await once(child, "close")) as [number];
  const lines = args.includes("--json")
    ? stdout
        .trim()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line))
    : [];
  return { status, stdout, stderr, lines };
}
