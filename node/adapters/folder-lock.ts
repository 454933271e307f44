import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { TallystickError } from "../core/errors.ts";

/**
 * The process's number lies in the file; one that no longer runs holds nothing.
 * @throws TallystickError `events.folder-in-use`
 */
export function takeFolderLock(path: string): void {
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const pid = Number(readFileSync(path, "utf8"));
    if (pid > 0 && pid !== process.pid && isAlive(pid)) {
      throw new TallystickError(
        "events.folder-in-use",
        `The folder is used by process ${pid}; wait for it, or use another folder.`,
        { file: path },
      );
    }
    rmSync(path, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
