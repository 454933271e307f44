import { setFlagsFromString } from "node:v8";

/**
 * Keeps the young generation of objects as small as it is at the start, and collects it on the thread
 * that has the objects. A collection then takes half a millisecond and comes often, where it would
 * take twenty and come seldom, and never waits for threads that other work keeps from a core: whoever
 * asks for units waits for an answer. What it costs is a tenth more time in all (docs/PERFORMANCE.md).
 * V8 reads both flags at each collection; called where a process begins to charge.
 */
export function collectInSmallSteps(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--no-parallel-scavenge");
}
