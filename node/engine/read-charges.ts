import { assert } from "../core/errors.ts";
import { below, keys } from "./key-spaces.ts";
import type { Store } from "./store.ts";
import { getJson, scanJson } from "./stored-json.ts";
import type { StoredBatch, StoredCharge } from "./stored-types.ts";

export interface PlacedCharge {
  domain: string;
  sequence: bigint;
  leafIndex: number;
  charge: StoredCharge;
}

/** An account's sealed charges (or credits) of one epoch and book, by charge number. */
export async function readOwnedCharges(
  store: Store,
  account: string,
  epoch: string,
  domain: string,
): Promise<PlacedCharge[]> {
  const placed: PlacedCharge[] = [];
  const range = below(`owned/${account}/${epoch}/${domain}/`);
  for await (const { value } of scanJson<{ sequence: string; leafIndex: number }>(store, range)) {
    const sequence = BigInt(value.sequence);
    const charge = await getJson<StoredCharge>(
      store,
      keys.charge(domain, sequence, value.leafIndex),
    );
    assert(charge !== undefined, `the charge at ${sequence}/${value.leafIndex} is stored`);
    placed.push({ domain, sequence, leafIndex: value.leafIndex, charge });
  }
  return placed;
}

export async function readBatch(
  store: Store,
  domain: string,
  sequence: bigint,
): Promise<StoredBatch> {
  const batch = await getJson<StoredBatch>(store, keys.batch(domain, sequence));
  assert(batch !== undefined, `batch ${sequence} is stored`);
  return batch;
}
