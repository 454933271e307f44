import type { Seeded } from "./seeded.ts";
import { type KillMoment, POINT_MAX, VICTIMS } from "./start-run.ts";

const DELAY_MS_MAX = 300;
/** The set-up has no points of its own and takes longer. */
const SET_UP_MS_MAX = 6_000;

/** One moment for each victim, anywhere in the story. */
export function killMoments(random: Seeded): (KillMoment & { party: "alder" | "birch" })[] {
  return VICTIMS.map((victim) => {
    const point = random.below(POINT_MAX + 1);
    const delayMilliseconds = random.below(point === 0 ? SET_UP_MS_MAX : DELAY_MS_MAX);
    return { victim, point, delayMilliseconds, party: random.pick(["alder", "birch"] as const) };
  });
}
