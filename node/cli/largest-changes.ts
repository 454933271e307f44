import type { UsageRecord } from "../core/records/usage-record.ts";

const KEPT_MAX = 20;

export interface Change {
  usageId: string;
  service: string;
  differenceNano: bigint;
}

const sizeOf = ({ differenceNano }: Change): bigint =>
  differenceNano < 0n ? -differenceNano : differenceNano;

/** The records whose price changes most, up or down; of equals the first. */
export class LargestChanges {
  /** The largest first. */
  readonly changes: Change[] = [];

  note({ id: usageId, service }: UsageRecord, differenceNano: bigint): void {
    const change = { usageId, service, differenceNano };
    const last = this.changes.at(-1);
    const isFull = this.changes.length === KEPT_MAX;
    if (isFull && last !== undefined && sizeOf(change) <= sizeOf(last)) return;
    const place = this.changes.findIndex((other) => sizeOf(other) < sizeOf(change));
    this.changes.splice(place < 0 ? this.changes.length : place, 0, change);
    if (this.changes.length > KEPT_MAX) this.changes.pop();
  }
}
