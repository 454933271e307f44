import { randomUUID } from "node:crypto";
import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { TallystickError } from "../core/errors.ts";
import { syncFileSystem } from "./sync-file-system.ts";

/*
 * What is done with many evidence files at once, in a thread that may wait for the disk
 * (evidence-files-thread.ts): without a promise for each call, which took longer than the call.
 */

export type FilesTask =
  | { kind: "lengths"; paths: string[] }
  | { kind: "write"; folder: string; files: Uint8Array[] }
  | { kind: "name"; parts: string[]; paths: string[] }
  | { kind: "remove"; paths: string[] }
  | { kind: "sync"; path: string };

/** Lengths (−1 where there is no file), parts' paths, folders whose names changed, or whether all is durable. */
export type FilesResult = number[] | string[] | boolean;

/** @throws TallystickError `publish.not-written`, `publish.not-erased` */
export function doWithFiles(task: FilesTask): FilesResult {
  if (task.kind === "lengths") return task.paths.map((path) => told(path, () => lengthOf(path)));
  if (task.kind === "write") return task.files.map((bytes) => writePart(task.folder, bytes));
  if (task.kind === "remove") return removeAll(task.paths);
  if (task.kind === "sync") return syncFileSystem(task.path);
  const folders = new Set<string>();
  for (const [at, path] of task.paths.entries()) {
    const folder = dirname(path);
    told(path, () => {
      if (!folders.has(folder)) mkdirSync(folder, { recursive: true });
      renameSync(task.parts[at] as string, path);
    });
    folders.add(folder);
  }
  return [...folders];
}

const lengthOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? -1;

function writePart(folder: string, bytes: Uint8Array): string {
  const part = join(folder, randomUUID());
  return told(part, () => {
    const file = openSync(part, "wx", 0o644);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    } finally {
      closeSync(file);
    }
    return part;
  });
}

/** Those that are there. */
function removeAll(paths: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const path of paths) {
    try {
      if (statSync(path, { throwIfNoEntry: false }) === undefined) continue;
      rmSync(path);
    } catch (cause) {
      throw notErased(path, cause);
    }
    folders.add(dirname(path));
  }
  return [...folders];
}

function told<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw notWritten(file, cause);
  }
}

export function notWritten(file: string, cause: unknown): TallystickError {
  const reason = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
  return new TallystickError(
    "publish.not-written",
    `The evidence can not be written (${reason}). Check that the folder can be written and that its disk is not full; what was begun goes on with the next call.`,
    { file },
    cause,
  );
}

export function notErased(file: string, cause: unknown): TallystickError {
  const reason = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
  return new TallystickError(
    "publish.not-erased",
    `Published evidence whose retention is over can not be taken away (${reason}). Check that the folder can be written; it is tried again.`,
    { file },
    cause,
  );
}
