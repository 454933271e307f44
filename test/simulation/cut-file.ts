import { SECTOR_BYTES } from "../../scripts/soak/cut-power.ts";
import type { Seeded } from "../../scripts/soak/seeded.ts";

export interface DiskWrite {
  offset: number;
  bytes: Uint8Array;
}

/**
 * What befell one file, or a folder's names, in its order: a write was begun; one returned; a sync returned, which made
 * durable what had returned when it was begun.
 */
export type FileEvent =
  | { kind: "begun"; write: DiskWrite }
  | { kind: "returned"; write: DiskWrite }
  | { kind: "synced"; writes: ReadonlySet<DiskWrite> }
  | { kind: "named"; names: ReadonlySet<string> };

/**
 * What a power cut leaves of a file: where nothing durable was written stands anything.
 * @param before what was durable before the events
 */
export function leftOf(
  before: Uint8Array,
  events: readonly FileEvent[],
  random: Seeded,
): Uint8Array {
  const waiting = new Set<DiskWrite>();
  const synced = new Set<DiskWrite>();
  for (const event of events) {
    if (event.kind === "begun") waiting.add(event.write);
    if (event.kind !== "synced") continue;
    for (const write of event.writes) if (waiting.delete(write)) synced.add(write);
  }
  const durable = Math.max(before.length, ...[...synced].map(endOf));
  const most = Math.max(durable, ...[...waiting].map(endOf));
  const file = new Uint8Array(most).fill(random.below(256));
  file.set(before);
  for (const { offset, bytes } of synced) file.set(bytes, offset);
  for (const write of waiting) tearInto(file, write, random);
  return random.chance(0.3) ? file : file.subarray(0, durable + random.below(most - durable + 1));
}

const endOf = ({ offset, bytes }: DiskWrite): number => offset + bytes.length;

/** A sector is written as a whole or not at all. */
function tearInto(file: Uint8Array, write: DiskWrite, random: Seeded): void {
  const share = random.pick([0, 0.5, 0.97, 1]);
  for (let from = write.offset; from < endOf(write); ) {
    const to = Math.min(endOf(write), SECTOR_BYTES * (Math.floor(from / SECTOR_BYTES) + 1));
    if (random.chance(share)) {
      file.set(write.bytes.subarray(from - write.offset, to - write.offset), from);
    }
    from = to;
  }
}
