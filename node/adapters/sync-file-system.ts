import { spawnSync } from "node:child_process";

/**
 * Everything that was written to the file system of a path survives a power cut once this is true: one
 * call (syncfs, by `sync -f` of coreutils or BusyBox) in place of one for each of hundreds of files. For a
 * thread that may wait: starting a program holds up whoever starts it until it has a processor.
 * @returns false where the system has no such call, or it failed; then nothing is said
 */
export function syncFileSystem(path: string): boolean {
  // Elsewhere a command of this name begins writing and does not wait.
  if (process.platform !== "linux") return false;
  return spawnSync("sync", ["-f", path], { stdio: "ignore" }).status === 0;
}
