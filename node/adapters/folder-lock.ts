import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { TallystickError } from "../core/errors.ts";

/**
 * The process's number lies in the file, with a name of this taking; a process that no longer runs holds
 * nothing. Of several that find the same stale lock one takes its place: whoever holds the lock that is
 * named after the stale one, which is taken the same way. While that is held nobody else replaces or removes
 * the stale lock, and once it was replaced its name never comes again, so that who comes late sees it.
 * What survives a crash: the lock, stale, and perhaps the other beside it, stale too; the next start takes both.
 * @throws TallystickError `events.folder-in-use`
 */
export function takeFolderLock(path: string): void {
  const name = randomUUID();
  const own = `${path}.${name}.own`;
  // Linked or renamed to its place, so that nobody ever reads one that is not written yet.
  writeFileSync(own, `${process.pid} ${name}`, { flag: "wx" });
  try {
    while (!isLinked(own, path) && !replacesStale(own, path));
  } finally {
    rmSync(own, { force: true });
  }
}

function isLinked(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** @returns false when the lock that lies there is another one, or none, by now */
function replacesStale(own: string, path: string): boolean {
  const found = readIfThere(path);
  if (found === undefined) return false;
  const [, pid = "0", name = "unnamed"] = /^(\d+)(?: ([0-9a-f-]{36}))?$/.exec(found) ?? [];
  if (isAlive(Number(pid))) {
    throw new TallystickError(
      "events.folder-in-use",
      `The folder is used by process ${pid}; wait for it, or use another folder.`,
      { file: path },
    );
  }
  const turn = `${path}.${name}`;
  takeFolderLock(turn);
  try {
    if (readIfThere(path) !== found) return false;
    renameSync(own, path);
    return true;
  } finally {
    rmSync(turn, { force: true });
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Another process than this one: what is left in its own name was left by one that had its number before. */
function isAlive(pid: number): boolean {
  if (pid === 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
