import { cp, mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { SampleNetwork } from "../network/sample-network.ts";
import { killMoments } from "./kill-moments.ts";
import { type Balance, type MonthState, readMonthState } from "./month-state.ts";
import { Seeded } from "./seeded.ts";
import { killedRun } from "./start-run.ts";

export interface SoakCounts extends Balance {
  passed: number;
  failed: number;
}

/** Runs at a time: each is three processes that wait for each other, and for the disk. */
const TOGETHER = Math.max(1, Math.min(4, availableParallelism()));

/**
 * `npm start` in a folder of its own for each seed, killed four times, against one run that nobody
 * disturbed. A folder whose end differs is kept, and named. Contracts, members and agreements are set up
 * once and copied for all runs that are not killed while they set up: those begin from nothing.
 */
export async function soakKills(
  seeds: readonly number[],
  tell: (line: string) => void,
): Promise<SoakCounts> {
  const base = await mkdtemp(join(tmpdir(), "tallystick-soak-"));
  const counts = { passed: 0, failed: 0, records: 0, lost: 0, doubled: 0 };
  const began = performance.now();
  const soFar = () => `${Math.round((performance.now() - began) / 1000)} s`;
  const calm = join(base, "calm");
  const expected = (await endOf(calm, [], () => {})).state;
  await rm(calm, { recursive: true, force: true });
  const setUp = join(base, "set-up");
  await setUpIn(setUp);
  tell(`undisturbed run and set-up after ${soFar()}; ${TOGETHER} runs at a time`);

  const run = async (seed: number): Promise<void> => {
    const directory = join(base, `seed-${seed}`);
    const kills: string[] = [];
    let because: string | undefined;
    try {
      const moments = killMoments(new Seeded(seed));
      const isSetUp = moments.every(({ point }) => point > 0);
      if (isSetUp) await cp(setUp, directory, { recursive: true });
      const { state, balance } = await endOf(directory, moments, (words) => kills.push(words));
      counts.records += balance.records;
      counts.lost += balance.lost;
      counts.doubled += balance.doubled;
      if (!isDeepStrictEqual(state, expected)) because = differenceOf(state, expected);
    } catch (error) {
      because = error instanceof Error ? error.message : String(error);
    }
    if (because === undefined) {
      counts.passed++;
      await rm(directory, { recursive: true, force: true });
      tell(`kill seed ${seed}: passed after ${soFar()} (${kills.join("; ")})`);
    } else {
      counts.failed++;
      tell(`kill seed ${seed}: FAILED (${kills.join("; ")}), kept in ${directory}: ${because}`);
    }
  };

  const left = [...seeds];
  const lane = async (): Promise<void> => {
    for (let seed = left.shift(); seed !== undefined; seed = left.shift()) await run(seed);
  };
  await Promise.all(Array.from({ length: TOGETHER }, lane));
  if (counts.failed === 0) await rm(base, { recursive: true, force: true });
  return counts;
}

/** The sample network as it is before its first day, stopped in order. */
async function setUpIn(directory: string): Promise<void> {
  const silent = (): void => {};
  const ports = { ledger: 0, alder: 0, birch: 0 };
  const sample = await SampleNetwork.start({ directory, ports, say: silent, progress: silent });
  await sample.stop();
}

async function endOf(
  directory: string,
  moments: Parameters<typeof killedRun>[1],
  onKill: (words: string) => void,
): Promise<{ state: MonthState; balance: Balance }> {
  const run = await killedRun(directory, moments, onKill);
  try {
    return await readMonthState(directory);
  } finally {
    await run.stop();
  }
}

function differenceOf(found: MonthState, expected: MonthState): string {
  const differing = (Object.keys(expected) as (keyof MonthState)[]).filter(
    (part) => !isDeepStrictEqual(found[part], expected[part]),
  );
  return differing
    .map((part) => `${part}: ${JSON.stringify(found[part])}, not ${JSON.stringify(expected[part])}`)
    .join("; ");
}
