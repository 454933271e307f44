/** Where a value lies in the log of values. */
export interface ValuePlace {
  file: number;
  offset: number;
  length: number;
}

/** What the database holds in place of a logged value: a mark, the file, the offset, the length. */
const PLACE_MARK = Uint8Array.of(0xff, 0x76, 0x6c, 0x01);
const PLACE_BYTES = 20;

export function isPlace(value: Uint8Array): boolean {
  return value[0] === PLACE_MARK[0] && PLACE_MARK.every((byte, at) => value[at] === byte);
}

export function encodePlace({ file, offset, length }: ValuePlace): Uint8Array {
  const bytes = new Uint8Array(PLACE_BYTES);
  bytes.set(PLACE_MARK);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, file);
  view.setBigUint64(8, BigInt(offset));
  view.setUint32(16, length);
  return bytes;
}

export function decodePlace(bytes: Uint8Array): ValuePlace {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    file: view.getUint32(4),
    offset: Number(view.getBigUint64(8)),
    length: view.getUint32(16),
  };
}

/** Where the bytes of a value from `from` up to before `to` lie, as far as it has them. */
export function partOf(
  { file, offset, length }: ValuePlace,
  { from, to }: { from: number; to: number },
): ValuePlace {
  const first = Math.min(from, length);
  return { file, offset: offset + first, length: Math.max(0, Math.min(to, length) - first) };
}
