import { takeFolderLock } from "../../node/adapters/folder-lock.ts";
import { TallystickError } from "../../node/core/errors.ts";

/**
 * Takes each of some locks at a moment of its own, the same for every such process; tells which it got, and
 * stays until it is ended, so that what it holds is not stale.
 */
process.once("message", ({ paths, from }: { paths: string[]; from: number }) => {
  const outcomes = paths.map((path, at) => {
    while (Date.now() < from + at * 2);
    try {
      takeFolderLock(path);
      return "taken";
    } catch (error) {
      return error instanceof TallystickError ? error.code : String(error);
    }
  });
  process.send?.(outcomes);
});
process.send?.("ready");
