import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { ClosedGroup, ClosingWriter } from "../engine/aggregate/event-folder.ts";
import { damagedFile, framed, readFrame, syncFolder, writeAll } from "./event-frames.ts";

const FOOTER_BYTES = 16;
const MAGIC = 0x54534532; // "TSE2"
/** Events of neighbouring groups are compressed together: alone a group is too small to be. */
const BLOCK_BYTES = 128 * 1024;
/** Level 6 takes half as long again for one per cent less. */
const BLOCK_LEVEL = 1;

/** A group in the index of a closed file: in which block, and where in it. */
type IndexEntry = [
  record: string,
  group: string,
  root: string,
  key: string,
  events: number,
  block: number,
  at: number,
  length: number,
];

/**
 * One lane's file of a closing, and the usage records that it hands out: `staged/FILE.events` becomes
 * `closed/FILE` when it is whole and durable. Blocks of events, their index, a footer that says where it is.
 */
export class ClosedFileWriter implements ClosingWriter {
  readonly #folder: string;
  readonly #file: string;
  readonly #events: number;
  readonly #records: number;
  readonly #index: IndexEntry[] = [];
  #block = new Uint8Array(2 * BLOCK_BYTES);
  #inBlock = 0;
  #bytes = 0;
  #lines = "";
  #lineBytes = 0;

  constructor(folder: string, file: string) {
    this.#folder = folder;
    this.#file = file;
    this.#events = openSync(join(folder, "staged", `${file}.events`), "w");
    this.#records = openSync(join(folder, "staged", `${file}.ndjson`), "w");
  }

  add({ record, group, root, key, events }: ClosedGroup, data: Uint8Array, line: string): void {
    this.#index.push([record, group, root, key, events, this.#bytes, this.#inBlock, data.length]);
    this.#reserve(data.length);
    this.#block.set(data, this.#inBlock);
    this.#inBlock += data.length;
    if (this.#inBlock >= BLOCK_BYTES) this.#endBlock();
    this.#lines += `${line}\n`;
    if (this.#lines.length >= BLOCK_BYTES) this.#writeLines();
  }

  finish(): { bytes: number } {
    this.#endBlock();
    const indexAt = this.#bytes;
    this.#put(framed(deflateRawSync(JSON.stringify(this.#index), { level: BLOCK_LEVEL })));
    const footer = Buffer.alloc(FOOTER_BYTES);
    footer.writeBigUInt64BE(BigInt(indexAt));
    footer.writeUInt32BE(MAGIC, 12);
    this.#put(footer);
    this.#writeLines();
    for (const fd of [this.#events, this.#records]) {
      fsyncSync(fd);
      closeSync(fd);
    }
    const staged = join(this.#folder, "staged");
    renameSync(join(staged, `${this.#file}.events`), join(this.#folder, "closed", this.#file));
    syncFolder(join(this.#folder, "closed"));
    syncFolder(staged);
    return { bytes: this.#bytes };
  }

  #endBlock(): void {
    if (this.#inBlock === 0) return;
    const block = this.#block.subarray(0, this.#inBlock);
    this.#put(framed(deflateRawSync(block, { level: BLOCK_LEVEL })));
    this.#inBlock = 0;
  }

  #reserve(more: number): void {
    if (this.#inBlock + more <= this.#block.length) return;
    const larger = new Uint8Array(2 * (this.#inBlock + more));
    larger.set(this.#block);
    this.#block = larger;
  }

  #put(bytes: Uint8Array): void {
    writeAll(this.#events, bytes, this.#bytes);
    this.#bytes += bytes.length;
  }

  #writeLines(): void {
    const bytes = Buffer.from(this.#lines);
    writeAll(this.#records, bytes, this.#lineBytes);
    this.#lineBytes += bytes.length;
    this.#lines = "";
  }
}

/**
 * Events of the groups that are wanted, out of one closed file.
 * @throws TallystickError `events.damaged-file`
 */
export function* readClosedFile(
  path: string,
  wanted: (group: ClosedGroup) => boolean,
): Iterable<ClosedGroup & { data: Uint8Array }> {
  const fd = openSync(path, "r");
  try {
    let blockAt = -1;
    let block: Uint8Array = new Uint8Array();
    for (const [record, group, root, key, events, at, from, length] of readIndex(fd, path)) {
      const entry = { record, group, root, key, events };
      if (!wanted(entry)) continue;
      if (at !== blockAt) {
        block = inflateRawSync(readFrame(fd, at, path));
        blockAt = at;
      }
      yield { ...entry, data: block.subarray(from, from + length) };
    }
  } finally {
    closeSync(fd);
  }
}

function readIndex(fd: number, path: string): IndexEntry[] {
  const { size } = fstatSync(fd);
  const footer = Buffer.alloc(FOOTER_BYTES);
  readSync(fd, footer, 0, FOOTER_BYTES, Math.max(0, size - FOOTER_BYTES));
  if (size < FOOTER_BYTES || footer.readUInt32BE(12) !== MAGIC) throw damagedFile(path);
  const index = inflateRawSync(readFrame(fd, Number(footer.readBigUInt64BE()), path));
  return JSON.parse(index.toString("utf8"));
}
