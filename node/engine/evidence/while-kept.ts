import { requireKept } from "../retention/retention-state.ts";
import type { StoreReader } from "../store/store.ts";

/**
 * What is read of a month that is still kept when it was read. That a month is over is noted before anything of it is
 * erased: where it is noted by then, lines may be missing from what was read, and what failed did so because of it.
 * @throws TallystickError `evidence.retention-over`
 */
export async function whileKept<T>(
  store: StoreReader,
  epoch: string,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } finally {
    await requireKept(store, epoch);
  }
}
