import { keys } from "./key-spaces.ts";
import type { Store } from "./store.ts";
import { encodeJson, getJson } from "./stored-json.ts";

const KEY = keys.node("last-known-time");

/** The newest time that this node went by, over restarts. */
export const timeRecord = (store: Store) => ({
  async read(): Promise<bigint | undefined> {
    const found = await getJson<string>(store, KEY);
    return found === undefined ? undefined : BigInt(found);
  },

  async write(seconds: bigint): Promise<void> {
    const value = encodeJson(seconds.toString());
    await store.write([{ type: "put", key: KEY, value }]);
  },
});
