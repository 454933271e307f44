import { closeSync, existsSync, fsyncSync, openSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { ClosedGroup, ClosingWriter, LaneFolder } from "../engine/aggregate/event-folder.ts";
import { ClosedFileWriter, readClosedFile } from "./closed-events.ts";
import {
  damagedFile,
  FRAME_HEADER_BYTES,
  framed,
  readFrame,
  readFrameHeader,
  syncFolder,
  writeAll,
} from "./event-frames.ts";

const FRAME_LEVEL = 1;
const CHUNK_BYTES_MIN = 256;

/** Where the frames of one part are, in the files of all lanes. */
interface PartFrames {
  events: number;
  frames: { file: string; fd: number; at: number }[];
}

/**
 * What one lane does in the folder of events (event-files.ts): it appends to `open/WINDOW.LANE` and writes
 * `closed/WINDOW.LANE`, and reads of the other lanes' files what they have made durable.
 */
export class LaneFiles implements LaneFolder {
  readonly #folder: string;
  readonly #lane: number;
  readonly #open = new Map<string, { fd: number; bytes: number; dirty: boolean }>();
  /** The window that is being closed, and where its parts are. */
  #reading: { name: string; parts: Map<number, PartFrames>; fds: number[] } | undefined;

  constructor(folder: string, lane: number) {
    this.#folder = folder;
    this.#lane = lane;
  }

  append(name: string, part: number, events: Uint8Array, count: number): void {
    const file = this.#openFile(name);
    // One piece of output, no longer than it can become: what is reserved for it is garbage at once.
    const chunkSize = Math.max(CHUNK_BYTES_MIN, events.length);
    const compressed = deflateRawSync(events, { level: FRAME_LEVEL, chunkSize });
    const frame = framed(compressed, part, count);
    writeAll(file.fd, frame, file.bytes);
    file.bytes += frame.length;
    file.dirty = true;
  }

  sync(): Map<string, number> {
    const lengths = new Map<string, number>();
    for (const [name, file] of this.#open) {
      if (!file.dirty) continue;
      fsyncSync(file.fd);
      file.dirty = false;
      lengths.set(name, file.bytes);
    }
    // A new file's name is as durable as its folder.
    if (lengths.size > 0) syncFolder(join(this.#folder, "open"));
    return lengths;
  }

  countPart(name: string, part: number): number {
    return this.#partFrames(name, part)?.events ?? 0;
  }

  *readPart(name: string, part: number): Iterable<Uint8Array> {
    for (const { file, fd, at } of this.#partFrames(name, part)?.frames ?? []) {
      const frame = readFrame(fd, at, file);
      // Reserved for what packed events mostly become: more is garbage, and less takes another piece.
      yield inflateRawSync(frame, { chunkSize: Math.max(CHUNK_BYTES_MIN, 3 * frame.length) });
    }
  }

  releaseOpen(name: string): void {
    const file = this.#open.get(name);
    if (file !== undefined) closeSync(file.fd);
    this.#open.delete(name);
    for (const fd of this.#reading?.fds ?? []) closeSync(fd);
    this.#reading = undefined;
  }

  close(name: string): ClosingWriter {
    return new ClosedFileWriter(this.#folder, `${name}.${this.#lane}`);
  }

  *readClosed(
    name: string,
    wanted: (group: ClosedGroup) => boolean,
  ): Iterable<ClosedGroup & { data: Uint8Array }> {
    for (const file of filesOf(join(this.#folder, "closed"), name)) {
      yield* readClosedFile(file, wanted);
    }
  }

  #openFile(name: string) {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const path = join(this.#folder, "open", `${name}.${this.#lane}`);
    const fd = openSync(path, existsSync(path) ? "r+" : "w+");
    const file = { fd, bytes: statSync(path).size, dirty: false };
    this.#open.set(name, file);
    return file;
  }

  #partFrames(name: string, part: number): PartFrames | undefined {
    if (this.#reading?.name !== name) this.#reading = this.#findParts(name);
    return this.#reading.parts.get(part);
  }

  /** From the headers alone; everything of the window is durable by now, and nobody appends. */
  #findParts(name: string) {
    const parts = new Map<number, PartFrames>();
    const fds: number[] = [];
    for (const file of filesOf(join(this.#folder, "open"), name)) {
      const fd = openSync(file, "r");
      fds.push(fd);
      const { size } = statSync(file);
      let at = 0;
      while (at < size) {
        const { length, part, events } = readFrameHeader(fd, at, file);
        const known = parts.get(part) ?? { events: 0, frames: [] };
        known.events += events;
        known.frames.push({ file, fd, at });
        parts.set(part, known);
        at += FRAME_HEADER_BYTES + length;
      }
      if (at !== size) throw damagedFile(file);
    }
    return { name, parts, fds };
  }
}

/** Paths of the files that lanes wrote of a window. */
export function filesOf(folder: string, name: string): string[] {
  return readdirSync(folder)
    .filter((file) => windowOfFile(file) === name)
    .sort()
    .map((file) => join(folder, file));
}

/** "1790812800000-0.3.ndjson" is of the window "1790812800000-0". */
export function windowOfFile(file: string): string {
  const dot = file.indexOf(".");
  return dot < 0 ? file : file.slice(0, dot);
}
