import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { crc32, deflateRawSync, inflateRawSync } from "node:zlib";
import { TallystickError } from "../core/errors.ts";
import type {
  ClosedGroup,
  ClosingWriter,
  EventCheckpoint,
  EventFolder,
} from "../engine/event-folder.ts";

const HEADER_BYTES = 8;
const FOOTER_BYTES = 16;
const MAGIC = 0x54534531; // "TSE1"
/** Events of neighbouring groups are compressed together: alone a group is too small to be. */
const BLOCK_BYTES = 128 * 1024;
const FRAME_LEVEL = 1;
const BLOCK_LEVEL = 6;

/** A group in the index of a closed file: in which block, and where in it. */
type IndexEntry = [
  record: string,
  group: string,
  key: string,
  events: number,
  block: number,
  at: number,
  length: number,
];

/**
 * Events in files of one folder. `open/WINDOW/PART` are frames that are appended; `closed/WINDOW` is
 * the file of a closing: blocks, their index, a footer; `out/WINDOW.ndjson` are its usage records. A
 * frame or block is its length, the CRC-32 of its bytes, and its bytes, compressed.
 */
export class EventFiles implements EventFolder {
  readonly #folder: string;
  readonly #open = new Map<string, { fd: number; bytes: number; dirty: boolean }>();

  /** @throws TallystickError `events.folder-in-use` when another process has it */
  constructor(folder: string) {
    this.#folder = folder;
    for (const name of ["open", "closed", "staged", "out", "done"]) {
      mkdirSync(join(folder, name), { recursive: true });
    }
    takeLock(join(folder, "lock"));
  }

  /** Lets another process have the folder. */
  release(): void {
    for (const { fd } of this.#open.values()) closeSync(fd);
    this.#open.clear();
    rmSync(join(this.#folder, "lock"), { force: true });
  }

  readCheckpoint(): EventCheckpoint | undefined {
    const file = join(this.#folder, "checkpoint.json");
    return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
  }

  writeCheckpoint(checkpoint: EventCheckpoint): void {
    this.#replace("checkpoint.json", Buffer.from(JSON.stringify(checkpoint)));
  }

  append(name: string, part: number, events: Uint8Array): void {
    const file = this.#openPart(name, part);
    const frame = framed(deflateRawSync(events, { level: FRAME_LEVEL }));
    writeSync(file.fd, frame, 0, frame.length, file.bytes);
    file.bytes += frame.length;
    file.dirty = true;
  }

  sync(): Map<string, Map<number, number>> {
    const lengths = new Map<string, Map<number, number>>();
    const folders = new Set<string>();
    for (const [key, file] of this.#open) {
      if (!file.dirty) continue;
      fsyncSync(file.fd);
      file.dirty = false;
      const [name = "", part = ""] = key.split("/");
      folders.add(name);
      const parts = lengths.get(name) ?? new Map<number, number>();
      lengths.set(name, parts.set(Number(part), file.bytes));
    }
    // A new file's name is as durable as its folder.
    for (const name of folders) syncFolder(join(this.#folder, "open", name));
    if (folders.size > 0) syncFolder(join(this.#folder, "open"));
    return lengths;
  }

  truncate(name: string, part: number, bytes: number): void {
    if (!existsSync(this.#partFile(name, part))) {
      if (bytes === 0) return;
      throw damaged(this.#partFile(name, part));
    }
    const file = this.#openPart(name, part);
    if (file.bytes < bytes) throw damaged(this.#partFile(name, part));
    ftruncateSync(file.fd, bytes);
    file.bytes = bytes;
  }

  *readFrames(name: string, part: number): Iterable<Uint8Array> {
    const path = this.#partFile(name, part);
    if (!existsSync(path)) return;
    const { fd, bytes } = this.#openPart(name, part);
    for (let at = 0; at < bytes; ) {
      const frame = readFramed(fd, at, path);
      at += HEADER_BYTES + frame.length;
      yield inflateRawSync(frame);
    }
  }

  listOpen(): string[] {
    return readdirSync(join(this.#folder, "open"));
  }

  removeOpen(name: string): void {
    for (const [key, { fd }] of this.#open) {
      if (!key.startsWith(`${name}/`)) continue;
      closeSync(fd);
      this.#open.delete(key);
    }
    rmSync(join(this.#folder, "open", name), { recursive: true, force: true });
  }

  close(name: string): ClosingWriter {
    const staged = join(this.#folder, "staged", `${name}.events`);
    const records = join(this.#folder, "staged", `${name}.ndjson`);
    const [eventsFd, recordsFd] = [openSync(staged, "w"), openSync(records, "w")];
    const index: IndexEntry[] = [];
    let block: Uint8Array[] = [];
    let inBlock = 0;
    let bytes = 0;
    let lines = "";
    const put = (data: Uint8Array) => {
      writeSync(eventsFd, data);
      bytes += data.length;
    };
    const endBlock = () => {
      if (block.length === 0) return;
      put(framed(deflateRawSync(Buffer.concat(block), { level: BLOCK_LEVEL })));
      block = [];
      inBlock = 0;
    };
    const writeLines = () => {
      writeSync(recordsFd, lines);
      lines = "";
    };
    return {
      add: ({ record, group, key, events }, data, line) => {
        index.push([record, group, key, events, bytes, inBlock, data.length]);
        block.push(data);
        inBlock += data.length;
        if (inBlock >= BLOCK_BYTES) endBlock();
        lines += `${line}\n`;
        if (lines.length >= BLOCK_BYTES) writeLines();
      },
      finish: () => {
        endBlock();
        const indexAt = bytes;
        put(framed(deflateRawSync(JSON.stringify(index), { level: BLOCK_LEVEL })));
        const footer = Buffer.alloc(FOOTER_BYTES);
        footer.writeBigUInt64BE(BigInt(indexAt));
        footer.writeUInt32BE(MAGIC, 12);
        put(footer);
        writeLines();
        for (const fd of [eventsFd, recordsFd]) {
          fsyncSync(fd);
          closeSync(fd);
        }
        renameSync(staged, join(this.#folder, "closed", name));
        syncFolder(join(this.#folder, "closed"));
        syncFolder(join(this.#folder, "staged"));
        return { bytes };
      },
    };
  }

  *readClosed(
    name: string,
    wanted: (group: ClosedGroup) => boolean,
  ): Iterable<ClosedGroup & { data: Uint8Array }> {
    const path = join(this.#folder, "closed", name);
    const fd = openSync(path, "r");
    try {
      const { size } = statSync(path);
      const footer = Buffer.alloc(FOOTER_BYTES);
      readSync(fd, footer, 0, FOOTER_BYTES, Math.max(0, size - FOOTER_BYTES));
      if (size < FOOTER_BYTES || footer.readUInt32BE(12) !== MAGIC) throw damaged(path);
      const indexAt = Number(footer.readBigUInt64BE());
      const index: IndexEntry[] = JSON.parse(
        inflateRawSync(readFramed(fd, indexAt, path)).toString("utf8"),
      );
      let blockAt = -1;
      let block: Uint8Array = new Uint8Array();
      for (const [record, group, key, events, at, from, length] of index) {
        const entry = { record, group, key, events };
        if (!wanted(entry)) continue;
        if (at !== blockAt) {
          block = inflateRawSync(readFramed(fd, at, path));
          blockAt = at;
        }
        yield { ...entry, data: block.subarray(from, from + length) };
      }
    } finally {
      closeSync(fd);
    }
  }

  listClosed(): string[] {
    return readdirSync(join(this.#folder, "closed")).sort();
  }

  publish(name: string): void {
    const staged = join(this.#folder, "staged", `${name}.ndjson`);
    if (!existsSync(staged)) return;
    if (statSync(staged).size === 0) rmSync(staged);
    else renameSync(staged, join(this.#folder, "out", `${name}.ndjson`));
    syncFolder(join(this.#folder, "out"));
  }

  /** Files of usage records that nobody has taken in yet, oldest first. */
  waiting(): string[] {
    return readdirSync(join(this.#folder, "out"))
      .sort()
      .map((file) => join(this.#folder, "out", file));
  }

  /** A file that was taken in: kept until the events of its window are forgotten. */
  delivered(file: string): void {
    renameSync(file, join(this.#folder, "done", file.slice(file.lastIndexOf("/") + 1)));
  }

  /** Removes events and keys of windows that began before `time`. Answers their names. */
  forgetBefore(time: number): string[] {
    const old = this.listClosed().filter((name) => Number(name.split("-")[0]) < time);
    for (const name of old) {
      rmSync(join(this.#folder, "closed", name));
      rmSync(join(this.#folder, "done", `${name}.ndjson`), { force: true });
    }
    syncFolder(join(this.#folder, "closed"));
    return old;
  }

  #partFile(name: string, part: number): string {
    return join(this.#folder, "open", name, String(part));
  }

  #openPart(name: string, part: number) {
    const key = `${name}/${part}`;
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    mkdirSync(join(this.#folder, "open", name), { recursive: true });
    const path = this.#partFile(name, part);
    const fd = openSync(path, existsSync(path) ? "r+" : "w+");
    const file = { fd, bytes: statSync(path).size, dirty: false };
    this.#open.set(key, file);
    return file;
  }

  #replace(name: string, bytes: Uint8Array): void {
    const next = join(this.#folder, `${name}.next`);
    const fd = openSync(next, "w");
    writeSync(fd, bytes);
    fsyncSync(fd);
    closeSync(fd);
    renameSync(next, join(this.#folder, name));
    syncFolder(this.#folder);
  }
}

function framed(compressed: Uint8Array): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES + compressed.length);
  frame.writeUInt32BE(compressed.length);
  frame.writeUInt32BE(crc32(compressed), 4);
  frame.set(compressed, HEADER_BYTES);
  return frame;
}

function readFramed(fd: number, at: number, path: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  if (readSync(fd, header, 0, HEADER_BYTES, at) !== HEADER_BYTES) throw damaged(path);
  const length = header.readUInt32BE();
  if (length > 256 * 1024 * 1024) throw damaged(path);
  const bytes = Buffer.alloc(length);
  if (readSync(fd, bytes, 0, length, at + HEADER_BYTES) !== length) throw damaged(path);
  if (crc32(bytes) !== header.readUInt32BE(4)) throw damaged(path);
  return bytes;
}

const damaged = (file: string) =>
  new TallystickError(
    "events.damaged-file",
    "A file of events is damaged: its checksum or length is wrong. Restore it from a copy.",
    { file },
  );

function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  fsyncSync(fd);
  closeSync(fd);
}

/** The process's number lies in the file; one that no longer runs holds nothing. */
function takeLock(path: string): void {
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const pid = Number(readFileSync(path, "utf8"));
    if (pid > 0 && pid !== process.pid && isAlive(pid)) {
      throw new TallystickError(
        "events.folder-in-use",
        `The folder is used by process ${pid}; wait for it, or use another folder.`,
        { file: path },
      );
    }
    rmSync(path, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
