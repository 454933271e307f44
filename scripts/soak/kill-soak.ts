import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { killMoments } from "./kill-moments.ts";
import { type Balance, type MonthState, readMonthState } from "./month-state.ts";
import { Seeded } from "./seeded.ts";
import { killedRun } from "./start-run.ts";

export interface SoakCounts extends Balance {
  passed: number;
  failed: number;
}

/**
 * `npm start` in a folder of its own for each seed, killed four times, against one run that nobody
 * disturbed. A folder whose end differs is kept, and named.
 */
export async function soakKills(
  seeds: readonly number[],
  tell: (line: string) => void,
): Promise<SoakCounts> {
  const base = await mkdtemp(join(tmpdir(), "tallystick-soak-"));
  const counts = { passed: 0, failed: 0, records: 0, lost: 0, doubled: 0 };
  const calm = join(base, "calm");
  const expected = (await endOf(calm, [], () => {})).state;
  await rm(calm, { recursive: true, force: true });
  for (const seed of seeds) {
    const directory = join(base, `seed-${seed}`);
    const kills: string[] = [];
    let because: string | undefined;
    try {
      const moments = killMoments(new Seeded(seed));
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
      tell(`kill seed ${seed}: passed (${kills.join("; ")})`);
    } else {
      counts.failed++;
      tell(`kill seed ${seed}: FAILED (${kills.join("; ")}), kept in ${directory}: ${because}`);
    }
  }
  if (counts.failed === 0) await rm(base, { recursive: true, force: true });
  return counts;
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
