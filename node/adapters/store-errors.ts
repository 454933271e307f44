import { TallystickError } from "../core/errors.ts";
import { whyDisk } from "./disk.ts";

/** LevelDB's own code sits on the error or on its cause, depending on who wrapped it. */
function levelCodes(error: unknown): unknown[] {
  const codes: unknown[] = [];
  for (let e = error; e instanceof Error; e = e.cause) codes.push((e as { code?: unknown }).code);
  return codes;
}

/** It was closed beneath who used it. */
export const isNotOpen = (error: unknown): boolean =>
  levelCodes(error).some((code) => typeof code === "string" && /^LEVEL_.*_NOT_OPEN$/.test(code));

/** The file that the system named. */
export function fileOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { path } = at as NodeJS.ErrnoException;
    if (path !== undefined) return path;
  }
  return undefined;
}

export function isCorruption(error: unknown): boolean {
  if (levelCodes(error).includes("LEVEL_CORRUPTION")) return true;
  // Damage to the files CURRENT or MANIFEST reaches us without a code of its own.
  for (let e = error; e instanceof Error; e = e.cause) {
    if (/corrupt|MANIFEST|CURRENT|checksum/i.test(e.message)) return true;
  }
  return false;
}

export function openingError(directory: string, error: unknown): TallystickError {
  if (error instanceof TallystickError) return error;
  if (levelCodes(error).includes("LEVEL_LOCKED")) {
    return new TallystickError(
      "store.locked",
      "Another process has this data open: a running node, or a command that works on it. Talk to the node (--node URL), or wait until the command ended; or choose another directory (--data DIR).",
      { file: directory },
      error,
    );
  }
  if (isCorruption(error)) return corrupt(directory, error);
  return new TallystickError(
    "store.unusable",
    `The data directory can not be opened. Check that it is a directory and that it may be written: ${whyDisk(error)}`,
    { file: directory },
    error,
  );
}

export function readingError(directory: string, error: unknown): TallystickError {
  if (error instanceof TallystickError) return error;
  if (isCorruption(error)) return corrupt(directory, error);
  return new TallystickError(
    "store.read-failed",
    `Reading from the store failed: ${whyDisk(error)}`,
    { file: directory },
    error,
  );
}

function corrupt(directory: string, cause: unknown): TallystickError {
  return new TallystickError(
    "store.corrupt",
    "The files of the store are damaged. Keep a copy of the directory and restore the last backup.",
    { file: directory },
    cause,
  );
}
