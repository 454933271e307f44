import type { Store, StoreOperation } from "./store.ts";

/* Values in the store are JSON in UTF-8; integers beyond 2^53 are decimal strings, bytes are hex. */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const putJson = (key: string, value: unknown): StoreOperation => ({
  type: "put",
  key,
  value: encoder.encode(JSON.stringify(value)),
});

export const readJson = <T>(value: Uint8Array): T => JSON.parse(decoder.decode(value)) as T;

export async function getJson<T>(store: Store, key: string): Promise<T | undefined> {
  const value = await store.get(key);
  return value === undefined ? undefined : readJson<T>(value);
}

export async function* scanJson<T>(
  store: Store,
  range: { from: string; to: string; reverse?: boolean; limit?: number },
): AsyncGenerator<{ key: string; value: T }> {
  for await (const { key, value } of store.scan(range)) yield { key, value: readJson<T>(value) };
}
