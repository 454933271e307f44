import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { sealTick } from "../../node/engine/seal-batch.ts";
import { type Benchmark, perSecond } from "./benchmark.ts";
import { benchOperator, benchRecords } from "./in-memory-operator.ts";

const RECORDS = Number(process.env.N ?? 200_000);
const SUBSCRIBERS = Number(process.env.S ?? 2_000);

/** Dedupe, guide, rate, number, store durably, seal: one process, Level on disk, no ledger. */
export const pipeline: Benchmark = {
  name: "pipeline",
  async *run() {
    const directory = await mkdtemp(join(tmpdir(), "tallystick-bench-"));
    const store = await LevelStore.open(join(directory, "store"));
    try {
      const { context, ingest } = await benchOperator(store, SUBSCRIBERS);
      const began = performance.now();
      const lines = benchRecords(RECORDS, SUBSCRIBERS);
      await ingest.ingest({ name: "bench", sha256: "be".repeat(32), lines });
      const ingested = performance.now();
      await sealTick(context);
      const seconds = (performance.now() - began) / 1000;
      yield {
        name: "pipeline",
        work: `${RECORDS} records: dedupe, guide, rate, salts, durable store, sealed batch (of it sealing ${((performance.now() - ingested) / 1000).toFixed(1)} s); one core, no ledger`,
        ours: perSecond(RECORDS, seconds),
        unit: "records/s",
        beside: [
          { name: "CGRateS, rated and stored in memory, two cores (published run)", value: 13_000 },
        ],
        goal: 200_000,
        met: RECORDS / seconds >= 200_000,
        seconds,
      };
    } finally {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    }
  },
};
