import { constants } from "node:fs";
import { copyFile, link, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { TallystickError } from "../core/errors.ts";
import { markOf, type WatchedFile } from "./watch-folder.ts";

/**
 * Moves a watched file that was taken in into another folder, on this file system or another one; one of that name
 * that is there gets company. A file that took its name meanwhile was not taken in: it stays, or goes back.
 * A crash leaves the file in one of the folders, or in both; what is taken in twice is known by its digest.
 * @returns where it is now; undefined where another file has its name
 * @throws TallystickError `archive.not-moved`
 */
export async function moveInto(folder: string, file: WatchedFile): Promise<string | undefined> {
  const { path, mark } = file;
  try {
    await mkdir(folder, { recursive: true });
    if ((await markIfThere(path)) !== mark) return undefined;
    const target = await freeName(folder, basename(path));
    try {
      await rename(path, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
      return await copyAcross(file, target);
    }
    if (contentIn(await markOf(target)) === contentIn(mark)) return target;
    await putBack(target, path);
    return undefined;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TallystickError(
      "archive.not-moved",
      `The file was taken in but can not be moved into ${folder}: ${reason}. It stays where it is; make room or give leave there, and start again: it is known, and only moved then.`,
      { file: path },
      cause,
    );
  }
}

/** Into another file system: under its name once its bytes are on the disk, and only then it goes here. */
async function copyAcross({ path, mark }: WatchedFile, target: string) {
  const part = join(dirname(target), `.${basename(target)}.part`);
  await rm(part, { force: true });
  // Under a name that no transfer program writes to, and that is not watched.
  const taken = join(dirname(path), `.${basename(path)}.archiving`);
  await copyFile(path, part, constants.COPYFILE_EXCL);
  await syncFile(part);
  if ((await markIfThere(path)) !== mark) {
    await rm(part);
    return undefined;
  }
  await rename(path, taken);
  if (contentIn(await markOf(taken)) !== contentIn(mark)) {
    await rm(part);
    await putBack(taken, path);
    return undefined;
  }
  await rename(part, target);
  await syncFile(dirname(target));
  await rm(taken);
  return target;
}

/** A move changes the time of change, which a mark ends with. */
const contentIn = (mark: string): string => mark.slice(0, mark.lastIndexOf(" "));

/** Beside whatever took the name meanwhile. */
async function putBack(from: string, path: string): Promise<void> {
  for (let copy = 0; ; copy++) {
    try {
      await link(from, copy === 0 ? path : `${path}.${copy}`);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  await rm(from);
}

async function freeName(folder: string, name: string): Promise<string> {
  for (let copy = 0; ; copy++) {
    const target = join(folder, copy === 0 ? name : `${name}.${copy}`);
    if ((await markIfThere(target)) === undefined) return target;
  }
}

async function markIfThere(path: string): Promise<string | undefined> {
  try {
    return await markOf(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
