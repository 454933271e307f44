import { randomFillSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { rootFromPath } from "../../node/core/commitment/inclusion-tree.ts";
import { BatchTrees } from "../../node/core/commitment/kernel/batch-trees.ts";
import { upperLevels } from "../../node/core/commitment/kernel/chunk-proofs.ts";
import { openProofs, readBatch } from "../../node/engine/read-charges.ts";
import { BatchProofs, type LeafSource } from "../../node/engine/read-proofs.ts";
import { sealTick } from "../../node/engine/seal-batch.ts";
import { type Benchmark, type Figure, perSecond } from "./benchmark.ts";
import { benchOperator, benchRecords } from "./in-memory-operator.ts";

const LEAVES = 1_000_000;
const GOAL = 50_000;
const IN_MEMORY = "; batch of 1,000,000 in memory, nothing is read from a disk";
const BLOCK_LEAVES = 1024;
/** A subscriber's month in one batch: charges that were made one after the other stand apart. */
const CHARGES_A_SUBSCRIBER = 150;

function batchInMemory(): { source: LeafSource; trees: BatchTrees } {
  const trees = new BatchTrees(LEAVES);
  randomFillSync(trees.leaves);
  trees.build();
  const source: LeafSource = {
    count: LEAVES,
    root: trees.root,
    upper: upperLevels(trees),
    blockLeaves: BLOCK_LEAVES,
    async readBlock(block) {
      return trees.leaves.slice(32 * BLOCK_LEAVES * block, 32 * BLOCK_LEAVES * (block + 1));
    },
  };
  return { source, trees };
}

/** Reads the paths, and walks every thousandth up to the root. */
async function measure(
  { source, trees }: ReturnType<typeof batchInMemory>,
  askings: number[][],
): Promise<{ count: number; seconds: number }> {
  let count = 0;
  const batch = new BatchProofs(source);
  const began = performance.now();
  for (const indexes of askings) {
    for await (const { index, path } of batch.of(indexes)) {
      if (count++ % 1000 !== 0) continue;
      const siblings = Array.from({ length: trees.depth }, (_, i) =>
        path.subarray(32 * i, 32 * i + 32),
      );
      const leaf = trees.leaves.slice(32 * index, 32 * index + 32);
      const root = rootFromPath(leaf, index, siblings);
      if (Buffer.compare(root, source.root) !== 0) throw new Error(`proof of ${index} is wrong`);
    }
  }
  return { count, seconds: (performance.now() - began) / 1000 };
}

function figure(work: string, { count, seconds }: { count: number; seconds: number }): Figure {
  const ours = perSecond(count, seconds);
  return {
    name: "proofs",
    work,
    ours,
    unit: "proofs/s",
    beside: [],
    goal: GOAL,
    met: ours >= GOAL,
    seconds,
  };
}

const STORED_CHARGES = 200_000;
const SUBSCRIBERS = 2_000;
const ASKED_SUBSCRIBERS = 400;

interface StoredBatchProofs {
  proofs: BatchProofs;
  end: () => Promise<void>;
}

/** Charges that went through the whole intake into Level on a disk, sealed as one batch. */
async function storedBatch(): Promise<StoredBatchProofs> {
  const directory = await mkdtemp(join(tmpdir(), "tallystick-bench-"));
  const store = await LevelStore.open(join(directory, "store"));
  const { context, ingest } = await benchOperator(store, SUBSCRIBERS);
  const lines = benchRecords(STORED_CHARGES, SUBSCRIBERS);
  await ingest.ingest({ name: "bench", sha256: "be".repeat(32), lines });
  await sealTick(context);
  const domain = context.profile.agreement.chargeBook;
  const batch = await readBatch(store, domain, 1n);
  if (batch.count !== STORED_CHARGES) throw new Error(`the batch holds ${batch.count} charges`);
  return {
    proofs: await openProofs(store, domain, batch),
    end: async () => {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function timeStored(proofs: BatchProofs, askings: number[][]) {
  let count = 0;
  const began = performance.now();
  for (const indexes of askings) for await (const _ of proofs.of(indexes)) count++;
  return { count, seconds: (performance.now() - began) / 1000 };
}

async function* fromTheStore(): AsyncGenerator<Figure> {
  const { proofs, end } = await storedBatch();
  try {
    const random = (below: number) => Math.floor(Math.random() * below);
    // The records of the subscribers come in turn, so that each one's charges are spread evenly.
    const charges = Array.from({ length: ASKED_SUBSCRIBERS }, () => {
      const subscriber = random(SUBSCRIBERS);
      const count = STORED_CHARGES / SUBSCRIBERS;
      return Array.from({ length: count }, (_, i) => subscriber + i * SUBSCRIBERS);
    });
    const single = Array.from({ length: 5_000 }, () => [random(STORED_CHARGES)]);
    await timeStored(proofs, charges.slice(0, 20));
    for (const [words, askings] of [
      [
        `all charges of ${ASKED_SUBSCRIBERS} random subscribers together, by block`,
        [charges.flat()],
      ],
      ["the same, one subscriber after the other", charges],
      ["single random charges, one after the other", single],
    ] as const) {
      yield figure(
        `${words}; from Level on disk (its pages in memory), batch of ${STORED_CHARGES}, leaf digests read and their chunk hashed again`,
        await timeStored(proofs, askings as number[][]),
      );
    }
  } finally {
    await end();
  }
}

/** Paths out of what a store keeps of a batch, and out of memory as the limit. */
export const proofs: Benchmark = {
  name: "proofs",
  async *run() {
    yield* fromTheStore();
    const batch = batchInMemory();
    const random = () => Math.floor(Math.random() * LEAVES);
    const subscribers = Array.from({ length: 2_000 }, () => {
      const first = random();
      return Array.from({ length: CHARGES_A_SUBSCRIBER }, (_, i) => (first + i * 97) % LEAVES);
    });
    await measure(batch, subscribers.slice(0, 100));
    yield figure(
      `all ${CHARGES_A_SUBSCRIBER} charges of 2,000 randomly chosen subscribers, spread over the batch, read by block${IN_MEMORY}`,
      await measure(batch, [subscribers.flat()]),
    );
    yield figure(
      `the same, one subscriber after the other${IN_MEMORY}`,
      await measure(batch, subscribers),
    );
    yield figure(
      `single random charges, one after the other${IN_MEMORY}`,
      await measure(
        batch,
        Array.from({ length: 50_000 }, () => [random()]),
      ),
    );
    yield figure(
      `every charge of the batch${IN_MEMORY}`,
      await measure(batch, [[...Array(LEAVES).keys()]]),
    );
  },
};
