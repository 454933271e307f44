import { spawn } from "node:child_process";
import { once } from "node:events";

/**
 * Everything that was written to the file system of a path survives a power cut once this is true: one
 * call (syncfs, by `sync -f` of coreutils or BusyBox) in place of one for each of hundreds of files.
 * @returns false where the system has no such call, or it failed; then nothing is said
 */
export async function syncFileSystem(path: string): Promise<boolean> {
  // Elsewhere a command of this name begins writing and does not wait.
  if (process.platform !== "linux") return false;
  try {
    const [code] = await once(spawn("sync", ["-f", path], { stdio: "ignore" }), "exit");
    return code === 0;
  } catch {
    return false;
  }
}
