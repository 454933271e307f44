import { randomFillSync } from "node:crypto";
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { rootFromPath } from "../../node/core/commitment/inclusion-tree.ts";
import { BatchTrees } from "../../node/core/commitment/kernel/batch-trees.ts";
import { upperLevels } from "../../node/core/commitment/kernel/chunk-proofs.ts";
import { ProofReader } from "../../node/engine/evidence/proof-reader.ts";
import { BatchProofs } from "../../node/engine/evidence/read-proofs.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import { readLeafDigests } from "../../node/engine/store/read-charges.ts";
import { positionIn } from "../../node/engine/store/stored-rows.ts";
import { type Benchmark, type Figure, perSecond } from "./benchmark.ts";
import { proofPeers } from "./proof-peers.ts";
import { type StoredBatchOnDisk, storedBatch } from "./stored-batch.ts";

const GOAL = 50_000;
const SINGLE_GOAL = 10_000;
const STORED_CHARGES = 200_000;
const CHARGES_A_SUBSCRIBER = 100;
const ASKED_SUBSCRIBERS = 400;
const SINGLES = 20_000;
/** Requests that a node works at beside each other. */
const AT_ONCE = 16;
const CHUNK_BYTES = 1_024;
/** Every how manieth path is walked up to the root. */
const WALKED = 1_000;
const IN_MEMORY_LEAVES = 1_000_000;

const random = (below: number) => Math.floor(Math.random() * below);

interface Timed {
  count: number;
  seconds: number;
  processorSeconds: number;
}

async function timed(work: () => Promise<number>): Promise<Timed> {
  const before = process.cpuUsage();
  const began = performance.now();
  const count = await work();
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - began) / 1000;
  return { count, seconds, processorSeconds: (user + system) / 1e6 };
}

function figure(
  work: string,
  { count, seconds, processorSeconds }: Timed,
  goal?: number,
  beside: Figure["beside"] = [],
): Figure {
  const ours = perSecond(count, seconds);
  const busy = (processorSeconds / seconds).toFixed(2);
  return {
    name: "proofs",
    work: `${work}; ${busy} cores busy`,
    ours,
    unit: "proofs/s",
    beside,
    ...(goal === undefined ? {} : { goal, met: ours >= goal }),
    seconds,
  };
}

type Ask = (askings: Iterable<number[]>) => Promise<number>;

/** Asks for each list alone; paths that came out are walked now and then. */
function asking(
  proofs: BatchProofs,
  leafOf: (index: number) => Promise<Uint8Array>,
  root: string,
): Ask {
  return async (askings) => {
    let count = 0;
    const check = async (index: number, path: Uint8Array) => {
      const siblings = Array.from({ length: path.length / 32 }, (_, i) =>
        path.subarray(32 * i, 32 * i + 32),
      );
      const top = rootFromPath(await leafOf(index), index, siblings);
      if (Buffer.from(top).toString("hex") !== root) throw new Error(`proof of ${index} is wrong`);
    };
    for (const indexes of askings) {
      if (indexes.length === 1) {
        const index = indexes[0] as number;
        const path = await proofs.path(index);
        if (count++ % WALKED === 0) await check(index, path);
        continue;
      }
      for await (const { index, path } of proofs.of(indexes)) {
        if (count++ % WALKED === 0) await check(index, path);
      }
    }
    return count;
  };
}

/** Tiles that the same askings read whole, through the store: the limit of those that ask for many at a time. */
class BareReads {
  readonly #batch: StoredBatchOnDisk;
  readonly #tiles: number[] = [];

  constructor(batch: StoredBatchOnDisk) {
    this.#batch = batch;
  }

  async open(): Promise<this> {
    const { store, domain } = this.#batch;
    const range = { from: `leaves/${domain}/`, to: `leaves/${domain}0`, keysOnly: true };
    for await (const { key } of store.scan(range)) this.#tiles.push(Number(positionIn(key)) - 1);
    return this;
  }

  async ask(askings: readonly number[][]): Promise<number> {
    const { store, domain } = this.#batch;
    let count = 0;
    for (const indexes of askings) {
      const tiles = [...new Set(indexes.map((index) => this.#tileOf(index)))];
      const names = tiles.map((tile) =>
        keys.leaves(domain, BigInt((this.#tiles[tile] as number) + 1)),
      );
      for (let at = 0; at < names.length; at += 256) await store.getMany(names.slice(at, at + 256));
      count += indexes.length;
    }
    return count;
  }

  #tileOf(index: number): number {
    const after = this.#tiles.findIndex((start) => start > index);
    return after < 0 ? this.#tiles.length - 1 : after - 1;
  }
}

/** So many bytes as a chunk's digests have, at random places of the store's largest file: the limit of single proofs. */
async function bareChunks(
  { directory }: StoredBatchOnDisk,
  atOnce: number,
): Promise<Figure["beside"]> {
  const values = join(directory, "values");
  const files = (await readdir(values)).map(async (name) => {
    const path = join(values, name);
    return { path, bytes: (await stat(path)).size };
  });
  const sorted = (await Promise.all(files)).sort((a, b) => b.bytes - a.bytes);
  const [largest] = sorted;
  if (largest === undefined) throw new Error("the store has no file of values");
  const handle = await open(largest.path, "r");
  try {
    let left = SINGLES;
    const lane = async () => {
      const chunk = new Uint8Array(CHUNK_BYTES);
      while (left-- > 0) {
        await handle.read(chunk, 0, CHUNK_BYTES, random(largest.bytes - CHUNK_BYTES));
      }
    };
    const { count, seconds } = await timed(async () => {
      await Promise.all(Array.from({ length: atOnce }, lane));
      return SINGLES;
    });
    const name = `limit: bare reads of a chunk's bytes in the same file, ${atOnce} at a time`;
    return [{ name, value: perSecond(count, seconds) }];
  } finally {
    await handle.close();
  }
}

async function* fromTheStore(times: number): AsyncGenerator<Figure> {
  const charges = times * STORED_CHARGES;
  const subscribers = charges / CHARGES_A_SUBSCRIBER;
  const disk = await storedBatch(charges, subscribers);
  try {
    const { store, domain, batch } = disk;
    // The records of the subscribers come in turn, so that each one's charges are spread evenly.
    const askings = Array.from({ length: times * ASKED_SUBSCRIBERS }, () => {
      const subscriber = random(subscribers);
      return Array.from({ length: CHARGES_A_SUBSCRIBER }, (_, i) => subscriber + i * subscribers);
    });
    const single = Array.from({ length: SINGLES }, () => [random(charges)]);
    const bare = await new BareReads(disk).open();
    const limitOf = async (asked: readonly number[][]) => {
      const { count, seconds } = await timed(() => bare.ask(asked));
      return [
        { name: "limit: bare reads of the same tiles, whole", value: perSecond(count, seconds) },
      ];
    };
    const leafOf = (index: number) => readLeafDigests(store, domain, BigInt(index + 1), 1);
    const measure = async (leafBytesMax: number | undefined, asked: readonly number[][]) => {
      const reader = new ProofReader(store, leafBytesMax === undefined ? {} : { leafBytesMax });
      const ask = asking(await reader.open(domain, batch), leafOf, batch.root.slice(2));
      return timed(() => ask(asked));
    };
    await measure(undefined, askings.slice(0, 20));
    const from = `from Level on disk, its pages in memory; batch of ${charges}`;
    const many = `all charges of ${askings.length} random subscribers`;
    const together = [askings.flat()];
    yield figure(
      `${many} together, by block; ${from}`,
      await measure(undefined, together),
      GOAL,
      await limitOf(together),
    );
    yield figure(
      `the same, one subscriber after the other; ${from}`,
      await measure(undefined, askings),
      GOAL,
      await limitOf(askings),
    );
    yield figure(
      `the same, one subscriber after the other and no leaf digest remembered between them; ${from}`,
      await measure(0, askings),
    );
    yield figure(
      `single random charges, one after the other; ${from}`,
      await measure(undefined, single),
      SINGLE_GOAL,
      await limitOf(single),
    );
    yield figure(
      `single random charges, no leaf digest remembered between them; ${from}`,
      await measure(0, single),
      SINGLE_GOAL,
      await bareChunks(disk, 1),
    );
    yield figure(
      `single random charges, ${AT_ONCE} asked for at a time and no leaf digest remembered between them; ${from}`,
      await timed(async () => {
        const proofs = await new ProofReader(store, { leafBytesMax: 0 }).open(domain, batch);
        const left = single.values();
        const lanes = Array.from({ length: AT_ONCE }, () =>
          asking(proofs, leafOf, batch.root.slice(2))(left),
        );
        return (await Promise.all(lanes)).reduce((a, b) => a + b);
      }),
      SINGLE_GOAL,
      await bareChunks(disk, AT_ONCE),
    );
  } finally {
    await disk.end();
  }
}

async function* fromMemory(): AsyncGenerator<Figure> {
  const trees = new BatchTrees(IN_MEMORY_LEAVES);
  randomFillSync(trees.leaves);
  trees.build();
  const leavesOf = (chunk: number) => trees.leaves.subarray(1024 * chunk, 1024 * (chunk + 1));
  const batch = new BatchProofs({
    count: IN_MEMORY_LEAVES,
    root: trees.root,
    upper: upperLevels(trees),
    readChunks: async (chunks) => chunks.map(leavesOf),
    readChunk: async (chunk) => leavesOf(chunk),
  });
  const leafOf = async (index: number) => trees.leaves.slice(32 * index, 32 * index + 32);
  const ask = asking(batch, leafOf, Buffer.from(trees.root).toString("hex"));
  const subscribers = Array.from({ length: 2_000 }, () => {
    const first = random(IN_MEMORY_LEAVES);
    return Array.from({ length: 150 }, (_, i) => (first + i * 97) % IN_MEMORY_LEAVES);
  });
  const where = `; leaf digests of a batch of ${IN_MEMORY_LEAVES} in memory`;
  await ask(subscribers.slice(0, 100));
  for (const [work, askings] of [
    ["all 150 charges of 2,000 random subscribers together", [subscribers.flat()]],
    ["the same, one subscriber after the other", subscribers],
    ["single random charges", Array.from({ length: 50_000 }, () => [random(IN_MEMORY_LEAVES)])],
    ["every charge of the batch", [[...Array(IN_MEMORY_LEAVES).keys()]]],
  ] as const) {
    yield figure(work + where, await timed(() => ask(askings as number[][])));
  }
}

/** Paths out of what a store keeps of a batch, beside other libraries and bare reads. */
export const proofs: Benchmark = {
  name: "proofs",
  async *run() {
    const peers = proofPeers();
    let isFirst = true;
    for (const times of [1, 2, 4]) {
      for await (const one of fromTheStore(times)) {
        yield isFirst ? { ...one, beside: [...one.beside, ...peers] } : one;
        isFirst = false;
      }
    }
    yield* fromMemory();
  },
};
