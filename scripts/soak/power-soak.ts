import { CommittedPowerCuts } from "../../test/simulation/committed-power-cut.ts";
import { PowerCuts } from "../../test/simulation/power-cut.ts";

const TOLD_EVERY = 100;

/**
 * Power cuts of the real store's disk, under writes of any kind and under an operator that commits; a failing seed
 * replays with TALLYSTICK_POWER_SEED in `npm test`.
 */
export async function soakPowerCuts(
  seeds: readonly number[],
  tell: (line: string) => void,
): Promise<{ passed: number; failed: number }> {
  const counts = { passed: 0, failed: 0 };
  let [cuts, lost, direct] = [0, 0, 0];
  for (const [at, seed] of seeds.entries()) {
    try {
      for (const simulation of [PowerCuts, CommittedPowerCuts]) {
        const run = await simulation.run(seed);
        cuts += run.cuts;
        lost += run.lost;
        direct += run.direct;
      }
      counts.passed++;
    } catch (error) {
      counts.failed++;
      tell(`power seed ${seed}: FAILED: ${error instanceof Error ? error.message : error}`);
    }
    if ((at + 1) % TOLD_EVERY === 0) tell(`${at + 1} of ${seeds.length} seeds of power cuts`);
  }
  if (seeds.length > 0) {
    tell(
      `power cuts: ${cuts}, of which ${lost} took the write under way; ` +
        `${direct} writes past the system's memory; ${counts.failed} failed`,
    );
  }
  return counts;
}
