import { PowerCuts } from "../../test/simulation/power-cut.ts";

/** Power cuts of the real store's disk; a failing seed replays with TALLYSTICK_POWER_SEED in `npm test`. */
export async function soakPowerCuts(
  seeds: readonly number[],
  tell: (line: string) => void,
): Promise<{ passed: number; failed: number }> {
  const counts = { passed: 0, failed: 0 };
  let [cuts, lost, direct] = [0, 0, 0];
  for (const seed of seeds) {
    try {
      const run = await PowerCuts.run(seed);
      cuts += run.cuts;
      lost += run.lost;
      direct += run.direct;
      counts.passed++;
    } catch (error) {
      counts.failed++;
      tell(`power seed ${seed}: FAILED: ${error instanceof Error ? error.message : error}`);
    }
  }
  if (seeds.length > 0) {
    tell(
      `power cuts: ${cuts}, of which ${lost} took the write under way; ` +
        `${direct} writes past the system's memory; ${counts.failed} failed`,
    );
  }
  return counts;
}
