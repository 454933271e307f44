import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import type {
  ClosedGroup,
  EventCheckpoint,
  EventFolder,
} from "../engine/aggregate/event-folder.ts";
import { readCheckpoint, writeCheckpoint } from "./checkpoint-file.ts";
import { readClosedFile } from "./closed-events.ts";
import { damagedFile, syncFolder } from "./event-frames.ts";
import { takeFolderLock } from "./folder-lock.ts";
import { filesOf, windowOfFile } from "./lane-files.ts";

/**
 * Events in files of one folder, which one process has at a time. `open/WINDOW.LANE` are frames that are
 * appended (lane-files.ts); `closed/WINDOW.LANE` are the files of a closing (closed-events.ts), and
 * `out/WINDOW.LANE.ndjson` its usage records, `done/` those that the node has taken.
 */
export class EventFiles implements EventFolder {
  readonly path: string;

  /** @throws TallystickError `events.folder-in-use` when another process has it */
  constructor(path: string) {
    this.path = path;
    for (const name of ["open", "closed", "staged", "out", "done"]) {
      mkdirSync(join(path, name), { recursive: true });
    }
    takeFolderLock(join(path, "lock"));
  }

  /** Lets another process have the folder. */
  release(): void {
    rmSync(join(this.path, "lock"), { force: true });
  }

  /** @throws TallystickError `events.damaged-file`, `events.other-version` */
  readCheckpoint(): EventCheckpoint | undefined {
    return readCheckpoint(this.path);
  }

  writeCheckpoint(checkpoint: EventCheckpoint): void {
    writeCheckpoint(this.path, checkpoint);
  }

  restore({ open }: EventCheckpoint): void {
    const folder = join(this.path, "open");
    const files = new Set(readdirSync(folder));
    for (const [name, { bytes }] of Object.entries(open)) {
      for (const [lane, length] of Object.entries(bytes)) {
        const file = `${name}.${lane}`;
        const path = join(folder, file);
        if (!files.delete(file) || statSync(path).size < length) throw damagedFile(path);
        const fd = openSync(path, "r+");
        ftruncateSync(fd, length);
        closeSync(fd);
      }
    }
    for (const file of files) rmSync(join(folder, file));
  }

  removeOpen(name: string): void {
    for (const file of filesOf(join(this.path, "open"), name)) rmSync(file);
  }

  clearClosing(name: string): void {
    for (const folder of ["staged", "closed"]) {
      for (const file of filesOf(join(this.path, folder), name)) rmSync(file);
    }
  }

  publish(name: string): void {
    for (const file of filesOf(join(this.path, "staged"), name)) {
      if (!file.endsWith(".ndjson")) continue;
      if (statSync(file).size === 0) rmSync(file);
      else renameSync(file, join(this.path, "out", file.slice(file.lastIndexOf("/") + 1)));
    }
    syncFolder(join(this.path, "out"));
  }

  /** Windows that are closed, whatever a closing that was interrupted may have left beside them. */
  listClosed(): string[] {
    const open = this.readCheckpoint()?.open ?? {};
    const names = new Set(readdirSync(join(this.path, "closed")).map(windowOfFile));
    return [...names].filter((name) => open[name] === undefined).sort();
  }

  /** Events of the groups that are wanted, out of all files of a closing. */
  *readClosed(
    name: string,
    wanted: (group: ClosedGroup) => boolean,
  ): Iterable<ClosedGroup & { data: Uint8Array }> {
    for (const file of filesOf(join(this.path, "closed"), name)) {
      yield* readClosedFile(file, wanted);
    }
  }

  /** Files of usage records that nobody has taken in yet, oldest first. */
  waiting(): string[] {
    return readdirSync(join(this.path, "out"))
      .sort()
      .map((file) => join(this.path, "out", file));
  }

  /** A file that was taken in at this time: kept until the events of its window are forgotten. */
  delivered(file: string, at: number): void {
    const done = join(this.path, "done", file.slice(file.lastIndexOf("/") + 1));
    utimesSync(file, at / 1000, at / 1000);
    renameSync(file, done);
    syncFolder(join(this.path, "done"));
  }

  /** When the last of a window's records were taken in; undefined while some wait, or none were. */
  deliveredAt(name: string): number | undefined {
    if (filesOf(join(this.path, "out"), name).length > 0) return undefined;
    const times = filesOf(join(this.path, "done"), name).map((file) => statSync(file).mtimeMs);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** Removes events and keys of a window, and the records that were handed out. */
  forget(name: string): void {
    for (const folder of ["closed", "done"]) {
      for (const file of filesOf(join(this.path, folder), name)) rmSync(file);
      syncFolder(join(this.path, folder));
    }
  }
}
