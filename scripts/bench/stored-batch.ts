import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { TickSealer } from "../../node/engine/commit/seal-batch.ts";
import { readBatch } from "../../node/engine/store/read-charges.ts";
import type { Store } from "../../node/engine/store/store.ts";
import type { StoredBatch } from "../../node/engine/store/stored-types.ts";
import { benchOperator, benchRecords } from "./in-memory-operator.ts";

/** Charges that went through the whole intake into Level on a disk, sealed as one batch. */
export interface StoredBatchOnDisk {
  store: Store;
  directory: string;
  domain: string;
  batch: StoredBatch;
  end: () => Promise<void>;
}

export async function storedBatch(
  charges: number,
  subscribers: number,
): Promise<StoredBatchOnDisk> {
  const directory = await mkdtemp(join(tmpdir(), "tallystick-bench-"));
  const store = await LevelStore.open(join(directory, "store"));
  const { context, ingest } = await benchOperator(store, subscribers);
  const lines = benchRecords(charges, subscribers);
  await ingest.ingest({ name: "bench", sha256: "be".repeat(32), lines });
  await new TickSealer(context).seal();
  const domain = context.profile.agreement.chargeBook;
  const batch = await readBatch(store, domain, 1n);
  if (batch.count !== charges) throw new Error(`the batch holds ${batch.count} charges`);
  return {
    store,
    directory: join(directory, "store"),
    domain,
    batch,
    end: async () => {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
