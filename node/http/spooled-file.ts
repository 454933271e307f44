import { randomUUID } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { whyDisk } from "../adapters/disk.ts";
import { TallystickError } from "../core/errors.ts";

export const LINE_FEED = 10;

/** A whole file in the spool, and what is known of it. */
export interface SpooledFile {
  path: string;
  sha256: string;
  /** Whether its last byte ends a line. */
  endsLine: boolean;
}

/** Of a file that is to come; nobody else has the name. */
export const newSpoolPath = (folder: string): string => join(folder, `${randomUUID()}.usage`);

/** @param bytes of the file */
export async function endsLine(path: string, bytes: number): Promise<boolean> {
  if (bytes === 0) return false;
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, bytes - 1);
    return buffer[0] === LINE_FEED;
  } finally {
    await file.close();
  }
}

export const spoolError = (cause: unknown): TallystickError =>
  new TallystickError(
    "spool.write-failed",
    `The file could not be put down to be taken in, and nothing of it was: ${whyDisk(cause)}`,
    {},
    cause,
  );
