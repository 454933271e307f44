import { TallystickError } from "../core/errors.ts";

const FULL = ["ENOSPC", "EDQUOT", "EFBIG"];

/**
 * What the file system says, as an error that a person can act on. Nothing is lost by any of them: what the
 * last checkpoint does not speak of is read again from its source.
 */
export function asFolderFault(error: unknown, folder: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof TallystickError || code === undefined || syscall === undefined) return error;
  const again = "Nothing is lost: run the same command again, and it goes on where it was saved.";
  return FULL.includes(code)
    ? new TallystickError(
        "events.disk-full",
        `There is no room left to write in (${code}). Make room. ${again}`,
        { file: folder },
        error,
      )
    : new TallystickError(
        "events.folder-unusable",
        `The folder of events can not be used (${code}). Check that it exists, is a folder, and may be written. ${again}`,
        { file: folder },
        error,
      );
}
