import { type FileHandle, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { TallystickError } from "../core/errors.ts";
import { crc32c } from "./crc32c.ts";

/*
 * LevelDB's log, as its doc/log_format.md describes it: blocks of 32 KiB; in them records of a header (masked
 * CRC-32C of type and payload, length, type; little-endian) and a payload. A write is one full record, or a
 * first, some middle and a last one. What is too short for a header at a block's end is left empty.
 */
const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
const FULL = 1;
const FIRST = 2;
const LAST = 4;
const MASK_DELTA = 0xa282ead8;
/** A megabyte is read at once. */
const READ_BYTES = 32 * BLOCK_BYTES;

/**
 * Looks at the logs that LevelDB is about to read. LevelDB itself passes over what is damaged without a
 * word: writes that were acknowledged are gone, and later ones are there.
 *
 * Every write is synced before the next one begins (level-store.ts). So a power cut, which keeps any of the pages
 * that were not synced and loses any others, tears the last write and nothing before it: where damage has the
 * beginning of a write behind it, what was synced is damaged, and that is told. Damage in the last write can not
 * be told from what a cut leaves of a write that nobody acknowledged: what the ledger has tells more (`fsck`).
 * @throws TallystickError `store.corrupt`
 */
export async function requireWholeLogs(directory: string): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    if (!name.endsWith(".log")) continue;
    const file = join(directory, name);
    const byte = await damageBeforeWrite(file);
    if (byte === undefined) continue;
    throw new TallystickError(
      "store.corrupt",
      "A log of the store is damaged, and writes that were acknowledged are lost with it. Keep a copy of the directory and restore the last backup.",
      { file, byte },
    );
  }
}

/** Where the first damage begins; undefined when there is none, or no write behind it. */
async function damageBeforeWrite(file: string): Promise<number | undefined> {
  const handle = await open(file, "r");
  const bytes = new Uint8Array(READ_BYTES);
  let damagedAt: number | undefined;
  try {
    for (let offset = 0; ; offset += READ_BYTES) {
      const filled = await readFully(handle, bytes, offset);
      for (let from = 0; from < filled; from += BLOCK_BYTES) {
        const block = bytes.subarray(from, Math.min(from + BLOCK_BYTES, filled));
        const { wholeTo, isWhole } = wholeRecords(block, damagedAt !== undefined);
        if (isWhole) continue;
        damagedAt ??= offset + from + wholeTo;
        if (hasWriteFrom(block, wholeTo)) return damagedAt;
      }
      if (filled < READ_BYTES) return undefined;
    }
  } finally {
    await handle.close();
  }
}

/** How far a block holds whole records; behind damage a record that begins a write ends them, too. */
function wholeRecords(
  block: Uint8Array,
  isBehindDamage: boolean,
): { wholeTo: number; isWhole: boolean } {
  for (let at = 0; ; ) {
    const isEnd = at === block.length || BLOCK_BYTES - at < HEADER_BYTES;
    if (isEnd) return { wholeTo: at, isWhole: true };
    const end = endOfRecord(block, at);
    if (end === undefined || (isBehindDamage && beginsWrite(block, at))) {
      return { wholeTo: at, isWhole: false };
    }
    at = end;
  }
}

/** Lengths behind damage may be wrong, so every place is tried. */
function hasWriteFrom(block: Uint8Array, from: number): boolean {
  for (let at = from; at + HEADER_BYTES <= block.length; at++) {
    if (beginsWrite(block, at) && endOfRecord(block, at) !== undefined) return true;
  }
  return false;
}

const beginsWrite = (block: Uint8Array, at: number): boolean =>
  block[at + 6] === FULL || block[at + 6] === FIRST;

/** Undefined where no whole record stands. */
function endOfRecord(block: Uint8Array, at: number): number | undefined {
  const payload = at + HEADER_BYTES;
  if (payload > block.length) return undefined;
  const type = block[at + 6] as number;
  const end = payload + (block[at + 4] as number) + 256 * (block[at + 5] as number);
  if (type < FULL || type > LAST || end > block.length) return undefined;
  const sum = crc32c(block, at + 6, end);
  const masked = (((sum >>> 15) | (sum << 17)) + MASK_DELTA) >>> 0;
  const stored = new DataView(block.buffer, block.byteOffset + at).getUint32(0, true);
  return masked === stored ? end : undefined;
}

/** @returns how many bytes there were; fewer than there is room only at the file's end */
async function readFully(handle: FileHandle, bytes: Uint8Array, from: number): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, from + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
