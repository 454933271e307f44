import { EngineSimulation } from "../../test/simulation/engine-simulation.ts";
import type { SoakCounts } from "./kill-soak.ts";

const TOLD_EVERY = 100;

/** Seeds of the simulated engine; a failing one replays with TALLYSTICK_SEED in `npm test`. */
export async function soakSimulation(
  seeds: readonly number[],
  tell: (line: string) => void,
): Promise<SoakCounts> {
  const counts = { passed: 0, failed: 0, records: 0, lost: 0, doubled: 0 };
  for (const [at, seed] of seeds.entries()) {
    try {
      const { records, lost, doubled } = await EngineSimulation.run(seed);
      counts.records += records;
      counts.lost += lost.length;
      counts.doubled += doubled.length;
      if (lost.length + doubled.length > 0) {
        throw new Error(
          `lost ${lost.join(", ") || "none"}, doubled ${doubled.join(", ") || "none"}`,
        );
      }
      counts.passed++;
    } catch (error) {
      counts.failed++;
      tell(`simulation seed ${seed}: FAILED: ${error instanceof Error ? error.message : error}`);
    }
    if ((at + 1) % TOLD_EVERY === 0) tell(`${at + 1} of ${seeds.length} simulations`);
  }
  return counts;
}
