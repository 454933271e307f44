/** Many byte strings in one memory, which is handed to another thread as it is. */
export interface JoinedBytes {
  bytes: Uint8Array<ArrayBuffer>;
  /** Where each ends; an absent one has no bytes. */
  ends: Uint32Array<ArrayBuffer>;
}

export function joinBytes(parts: readonly (Uint8Array | undefined)[]): JoinedBytes {
  const length = parts.reduce((sum, part) => sum + (part?.length ?? 0), 0);
  const bytes = new Uint8Array(length);
  const ends = new Uint32Array(parts.length);
  let at = 0;
  for (const [index, part] of parts.entries()) {
    if (part !== undefined) bytes.set(part, at);
    at += part?.length ?? 0;
    ends[index] = at;
  }
  return { bytes, ends };
}

/** A view; undefined where the part is absent. */
export function partOf({ bytes, ends }: JoinedBytes, index: number): Uint8Array | undefined {
  const from = index === 0 ? 0 : (ends[index - 1] as number);
  const to = ends[index] ?? from;
  return from === to ? undefined : bytes.subarray(from, to);
}
