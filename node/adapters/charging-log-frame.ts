import { crc32 } from "node:zlib";

/*
 * One group of entries as it stands in a log file: magic, length of the payload, checksum of
 * sequence and payload, sequence (64 bit, rising by one over all files), then the entries as lines
 * of JSON. A group is written only when the one before it is durable, so a power cut can tear the
 * last one and no other.
 */

const MAGIC = 0x5453_434c; // "TSCL"
export const HEADER_BYTES = 20;
const CHECKED_FROM = 12;

export function encodeGroup(sequence: bigint, lines: readonly string[]): Buffer {
  const payload = Buffer.from(lines.join("\n"), "utf8");
  const group = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  group.writeUInt32BE(MAGIC, 0);
  group.writeUInt32BE(payload.length, 4);
  group.writeBigUInt64BE(sequence, CHECKED_FROM);
  payload.copy(group, HEADER_BYTES);
  group.writeUInt32BE(crc32(group.subarray(CHECKED_FROM)), 8);
  return group;
}

export interface Group {
  sequence: bigint;
  lines: string[];
  end: number;
}

/** The whole group at a place, or undefined where there is none, or a damaged one. */
export function groupAt(file: Buffer, at: number): Group | undefined {
  if (at + HEADER_BYTES > file.length || file.readUInt32BE(at) !== MAGIC) return undefined;
  const end = at + HEADER_BYTES + file.readUInt32BE(at + 4);
  if (end > file.length) return undefined;
  const checked = file.subarray(at + CHECKED_FROM, end);
  if (crc32(checked) !== file.readUInt32BE(at + 8)) return undefined;
  return {
    sequence: file.readBigUInt64BE(at + CHECKED_FROM),
    lines: file.toString("utf8", at + HEADER_BYTES, end).split("\n"),
    end,
  };
}

/** Whether a whole group stands anywhere behind a place: then what is before it was not torn. */
export function hasGroupBehind(file: Buffer, at: number): boolean {
  const magic = Buffer.alloc(4);
  magic.writeUInt32BE(MAGIC);
  for (let i = file.indexOf(magic, at + 1); i >= 0; i = file.indexOf(magic, i + 1)) {
    if (groupAt(file, i) !== undefined) return true;
  }
  return false;
}
