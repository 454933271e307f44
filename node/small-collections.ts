import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * What a node's process is best started with: V8 reads these once, before any of our code. A young generation of 4 MB
 * from the beginning is collected a quarter as often as one of 1 MB, in 1.25 ms; and the old one, which a node fills
 * with 60 to 100 MB in its first file, is not marked five times meanwhile.
 */
export const HEAP_FLAGS = ["--min-semi-space-size=4", "--initial-old-space-size=192"] as const;

/**
 * The flags are for the thread that the process began with: called before others start, they get V8's own sizes. A thread
 * that folds or reads has few objects and much memory beside them, which is given back only when it collects: with a heap
 * that begins large it did not, and the process grew by 60 bytes a record.
 */
export function keepHeapFlagsFromThreads(): void {
  for (const flag of HEAP_FLAGS) setFlagsFromString(flag.replace(/=.*/, "=0"));
}

/**
 * Keeps the young generation of objects as small as it is now, and collects it on the thread that has
 * the objects. A collection then takes a millisecond or less and comes often, where it would take
 * twenty and come seldom, and never waits for threads that other work keeps from a core: whoever asks
 * for units waits for an answer. What it costs is a tenth more time in all (docs/PERFORMANCE.md).
 * V8 reads both flags at each collection. Called as early as can be, since loading modules lets it grow;
 * `bin/tallystick` bounds it from the first moment where that counts most.
 */
export function collectInSmallSteps(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--no-parallel-scavenge");
}

/**
 * Collects everything, once, before requests are answered: what reading a log left behind would be
 * collected while they wait, and take longest then.
 */
export function collectBeforeServing(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}
