import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TallystickError } from "../core/errors.ts";

/** A million destinations fit. */
const TABLE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * The CSV tables of a tariff plan's folder, by their names.
 * @throws TallystickError `file.not-readable`, `tariff.too-large`
 */
export async function readCgratesFolder(folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  try {
    for (const name of await readdir(folder)) {
      if (!name.endsWith(".csv")) continue;
      const path = join(folder, name);
      const { size } = await stat(path);
      if (size > TABLE_BYTES_MAX) {
        const message = `A table of ${size} bytes; at most ${TABLE_BYTES_MAX} are read.`;
        throw new TallystickError("tariff.too-large", message, { file: path });
      }
      files.set(name, await readFile(path));
    }
  } catch (cause) {
    if (cause instanceof TallystickError) throw cause;
    const reason = (cause as NodeJS.ErrnoException).code ?? "unknown";
    const message =
      reason === "ENOTDIR"
        ? "This is a file; name the folder that holds the plan's CSV tables."
        : `The folder can not be read (${reason}).`;
    throw new TallystickError("file.not-readable", message, { file: folder }, cause);
  }
  return files;
}

/** Writes the tables into a folder that has none of them. @throws TallystickError `file.exists` */
export async function writeCgratesFolder(
  folder: string,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const there = await readdir(folder);
  for (const name of files.keys()) {
    if (!there.includes(name)) continue;
    throw new TallystickError(
      "file.exists",
      "The folder has this file already; name another one.",
      {
        file: join(folder, name),
      },
    );
  }
  for (const [name, text] of files) await writeFile(join(folder, name), text, { flag: "wx" });
}
