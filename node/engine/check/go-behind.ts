import { setTimeout as rest, setImmediate as turnOfTheLoop } from "node:timers/promises";
import type { StoreReader } from "../store/store.ts";

/** So long a long reader works at a stretch. */
const WORK_MS = 10;

/**
 * A reader for a task that is in no hurry and shares its thread with those who are: after each stretch of work
 * everybody else has a turn, and while one of them has something to do it rests for as long as it worked.
 * @param requireOn throws when the task is to end
 */
export function goBehind(
  store: StoreReader,
  isBusy: () => boolean,
  requireOn: () => void,
): StoreReader {
  let began = performance.now();
  const pause = async (): Promise<void> => {
    const worked = performance.now() - began;
    if (worked < WORK_MS) return;
    await turnOfTheLoop();
    if (isBusy()) await rest(worked);
    began = performance.now();
    requireOn();
  };
  return {
    get: async (key) => {
      await pause();
      return store.get(key);
    },
    getMany: async (keys) => {
      await pause();
      return store.getMany(keys);
    },
    async *scan(range) {
      for await (const entry of store.scan(range)) {
        await pause();
        yield entry;
      }
    },
  };
}
