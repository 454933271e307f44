import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { TallystickError } from "../core/errors.ts";
import type { EventCheckpoint } from "../engine/aggregate/event-folder.ts";
import { damagedFile, syncFolder, writeAll } from "./event-frames.ts";

/*
 * The checkpoint of a folder of events: one line of JSON, and one with its CRC-32 in eight hexadecimal
 * digits. A digit that changed in it would cut events off, or read a source from a wrong place.
 */
const NAME = "checkpoint.json";

const checksumOf = (line: string): string => crc32(line).toString(16).padStart(8, "0");

/** @throws TallystickError `events.damaged-file`, `events.other-version` */
export function readCheckpoint(folder: string): EventCheckpoint | undefined {
  const file = join(folder, NAME);
  if (!existsSync(file)) return undefined;
  const [line = "", checksum, ...more] = readFileSync(file, "utf8").split("\n");
  const isWhole = checksum === checksumOf(line) && more.length === 1 && more[0] === "";
  // Before version 3 there was no checksum.
  const isOlder = checksum === undefined && (versionOf(line) ?? 3) !== 3;
  if (!isWhole && !isOlder) throw damagedFile(file);
  if (versionOf(line) === 3) return JSON.parse(line) as EventCheckpoint;
  throw new TallystickError(
    "events.other-version",
    "The folder was written by another version of this program; close it with that one, and begin a new one.",
    { file },
  );
}

/** Durable when it returns, whole or not at all. */
export function writeCheckpoint(folder: string, checkpoint: EventCheckpoint): void {
  const next = join(folder, `${NAME}.next`);
  const line = JSON.stringify(checkpoint);
  const fd = openSync(next, "w");
  try {
    writeAll(fd, Buffer.from(`${line}\n${checksumOf(line)}\n`), 0);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(next, join(folder, NAME));
  syncFolder(folder);
}

function versionOf(line: string): unknown {
  try {
    return (JSON.parse(line) as { version?: unknown }).version;
  } catch {
    return undefined;
  }
}
