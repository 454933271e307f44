import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { TallystickError } from "../core/errors.ts";

/*
 * Frames of the files of events: length and CRC-32 of the bytes, which part of the window they are of
 * and how many events, then the bytes, compressed.
 */

export const FRAME_HEADER_BYTES = 16;
const FRAME_BYTES_MAX = 256 * 1024 * 1024;

export interface FrameHeader {
  length: number;
  part: number;
  events: number;
}

/** @param compressed its own bytes @param part 0 where there are no parts @param events how many it holds */
export function framed(compressed: Uint8Array, part = 0, events = 0): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + compressed.length);
  frame.writeUInt32BE(compressed.length);
  frame.writeUInt32BE(part, 8);
  frame.writeUInt32BE(events, 12);
  frame.set(compressed, FRAME_HEADER_BYTES);
  frame.writeUInt32BE(crc32(frame.subarray(8)), 4);
  return frame;
}

/** Only what the header says: the bytes are not read, nor compared with the checksum. */
export function readFrameHeader(fd: number, at: number, file: string): FrameHeader {
  const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
  if (readSync(fd, header, 0, FRAME_HEADER_BYTES, at) !== FRAME_HEADER_BYTES) {
    throw damagedFile(file);
  }
  const length = header.readUInt32BE();
  if (length > FRAME_BYTES_MAX) throw damagedFile(file);
  return { length, part: header.readUInt32BE(8), events: header.readUInt32BE(12) };
}

/** Used again by every frame: there is one at a time, and memory is slow to be given back. */
let scratch = Buffer.alloc(65_536);

/**
 * @returns bytes that are good until the next frame is read
 * @throws TallystickError `events.damaged-file` when a bit is another than was written
 */
export function readFrame(fd: number, at: number, file: string): Buffer {
  const { length } = readFrameHeader(fd, at, file);
  if (scratch.length < FRAME_HEADER_BYTES + length) scratch = Buffer.alloc(2 * length + 65_536);
  const frame = scratch.subarray(0, FRAME_HEADER_BYTES + length);
  if (readSync(fd, frame, 0, frame.length, at) !== frame.length) throw damagedFile(file);
  if (crc32(frame.subarray(8)) !== frame.readUInt32BE(4)) throw damagedFile(file);
  return frame.subarray(FRAME_HEADER_BYTES);
}

/** All of it: a file system that has little room left may take less than it was given. */
export function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(fd, bytes, at, bytes.length - at, position + at);
  }
}

export function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export const damagedFile = (file: string): TallystickError =>
  new TallystickError(
    "events.damaged-file",
    "A file of events is damaged: its checksum or length is wrong. Restore it from a copy.",
    { file },
  );
