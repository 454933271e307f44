import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { SEEN } from "../../node/engine/intake/fingerprint.ts";
import { SeenIndex } from "../../node/engine/intake/seen-index.ts";
import { StoreSession } from "../../node/engine/store/store-session.ts";
import { type Benchmark, type Figure, perSecond } from "./benchmark.ts";
import { benchContext } from "./in-memory-operator.ts";

/** Of ten million records, which leave two each; TALLYSTICK_BENCH_FINGERPRINTS sets another number. */
const FINGERPRINTS = Number(process.env.TALLYSTICK_BENCH_FINGERPRINTS ?? 20_000_000);
/** Of 65,536 records. */
const UNIT = 131_072;
/** Fingerprints that are looked up together, as intake does. */
const CHUNK = 8_192;
const ASKED = 200_000;
const NOW = 1_800_000_000;

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** The index of records seen over the real store: added, asked for and never seen, asked for and seen. */
export const seen: Benchmark = {
  name: "seen",
  async *run(): AsyncGenerator<Figure> {
    const directory = await mkdtemp(join(tmpdir(), "tallystick-seen-"));
    const store = await LevelStore.open(join(directory, "store"));
    try {
      const context = benchContext(store);
      const session = new StoreSession(store);
      const index = await SeenIndex.load(context, session, NOW);
      let began = cpuSeconds();
      let most = 0;
      const print = new Uint32Array(2);
      for (let at = 0; at < FINGERPRINTS; at++) {
        index.prints.fingerprint(SEEN.id, `bench:${at}`);
        print.set([index.prints.high, index.prints.low]);
        index.add(print, 0, at + 1);
        if ((at + 1) % UNIT !== 0 && at + 1 !== FINGERPRINTS) continue;
        await index.save(session, NOW);
        await session.commit();
        most = Math.max(most, index.runs);
      }
      const words = `${FINGERPRINTS} fingerprints, folds and merges included; ${index.runs} runs on disk, ${most} at most`;
      yield figure("added", words, FINGERPRINTS, cpuSeconds() - began);
      for (const [name, prefix] of [
        ["never seen", "other"],
        ["seen", "bench"],
      ] as const) {
        began = cpuSeconds();
        const step = Math.floor(FINGERPRINTS / ASKED);
        for (let from = 0; from < ASKED; from += CHUNK) {
          const prints: number[] = [];
          for (let at = from; at < Math.min(ASKED, from + CHUNK); at++) {
            index.prints.fingerprint(SEEN.id, `${prefix}:${at * step}`);
            prints.push(index.prints.high, index.prints.low);
          }
          const asked = Uint32Array.from(prints);
          await index.recall(asked);
          for (let at = 0; at < asked.length; at += 2) {
            const found = index.find(asked, at);
            if ((found !== undefined) !== (name === "seen")) throw new Error("a wrong answer");
          }
        }
        yield figure(name, `${ASKED} asked for that were ${name}`, ASKED, cpuSeconds() - began);
      }
      began = cpuSeconds();
      const from = performance.now();
      await SeenIndex.load(context, new StoreSession(store), NOW);
      const seconds = (performance.now() - from) / 1000;
      yield { ...figure("restart", "index loaded again", 1, cpuSeconds() - began), seconds };
    } finally {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    }
  },
};

function figure(name: string, work: string, count: number, seconds: number): Figure {
  const micros = ((1e6 * seconds) / count).toFixed(2);
  return {
    name: `seen, ${name}`,
    work: `${work}: ${micros} µs of processor each`,
    ours: perSecond(count, seconds),
    unit: "fingerprints/s of processor",
    beside: [],
    seconds,
  };
}
