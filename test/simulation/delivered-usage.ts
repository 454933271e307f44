import type { InspectLine } from "../../node/core/formats/inspect-line.ts";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import type { Seeded } from "../../scripts/soak/seeded.ts";
import { ANNA, BERT, call, RECORD_AGE_MAX_SECONDS, STRANGER } from "../engine/engine-scene.ts";

export interface DeliveredFile {
  name: string;
  lines: InspectLine[];
}

/** Files of a seed: bad rows, records that come twice, too old, under another id, or from nobody who is known. */
export class DeliveredUsage {
  readonly files: DeliveredFile[] = [];
  /** By id; each once. */
  readonly records = new Map<string, UsageRecord>();
  readonly #random: Seeded;
  readonly #linesMax: number;
  readonly #now: () => bigint;

  /** @param now the ledger's time, seconds */
  constructor(random: Seeded, linesMax: number, now: () => bigint) {
    this.#random = random;
    this.#linesMax = linesMax;
    this.#now = now;
  }

  newFile(): DeliveredFile {
    const { below, chance } = this.#random.bound;
    const lines: InspectLine[] = [];
    for (let count = below(this.#linesMax + 1); count > 0; count--) {
      if (chance(0.05)) {
        lines.push({ rejected: { code: "x.bad-row", message: "", position: lines.length + 1 } });
      } else {
        lines.push(this.#newRecord());
      }
    }
    const file = { name: `file-${this.files.length}`, lines };
    this.files.push(file);
    return file;
  }

  #newRecord(): UsageRecord {
    const { below, chance, pick } = this.#random.bound;
    const known = [...this.records.values()];
    // Delivered again in another file, or the same content under another id.
    if (known.length > 0 && chance(0.1)) return pick(known);
    const twin = known.length > 0 && chance(0.05) ? pick(known) : undefined;
    const ageSeconds = chance(0.05)
      ? RECORD_AGE_MAX_SECONDS + 100n
      : BigInt(below(chance(0.5) ? 3_600 : 20 * 86_400));
    const start = this.#now() - ageSeconds - 120n;
    const fresh = call(`record-${this.records.size}`, {
      start: new Date(Number(start) * 1000 + below(1000)).toISOString(),
      durationSeconds: 1 + below(600),
      aParty: pick([ANNA, ANNA, BERT, BERT, STRANGER]),
      bParty: pick(["+4930123456", "+4989654321", "+498001234567", "+33123456789"]),
      billable: !chance(0.05),
    });
    const record = twin === undefined ? fresh : { ...twin, id: fresh.id };
    this.records.set(record.id, record);
    return record;
  }
}
