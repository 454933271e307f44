import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** A process id alone may be someone else's by now; with start time and command line it is not. */
export interface ProcessIdentity {
  pid: number;
  mark: string;
}

export async function identityOf(pid: number): Promise<ProcessIdentity> {
  return { pid, mark: (await markOf(pid)) ?? "" };
}

export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  const mark = await markOf(identity.pid);
  return mark !== undefined && mark === identity.mark;
}

async function markOf(pid: number): Promise<string | undefined> {
  return process.platform === "linux" ? await markFromProc(pid) : await markFromPs(pid);
}

/** proc(5): field 3 of stat is the state (Z has ended), field 22 the start in ticks since boot. */
async function markFromProc(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    const bootId = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8");
    return `${bootId.trim()} ${fields[19]} ${command.replaceAll("\0", " ").trim()}`;
  } catch {
    return undefined;
  }
}

async function markFromPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("ps", [
      "-ww",
      "-o",
      "lstart=,command=",
      "-p",
      String(pid),
    ]);
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}
