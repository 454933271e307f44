import type { Outbox } from "./outbox.ts";

/**
 * The key for a call that may be asked for again: under a key whose call was refused the refusal
 * stands for good, and since it changed nothing on the ledger the next attempt gets a key of its own.
 */
export async function keyNotRefused(outbox: Outbox, first: string): Promise<string> {
  let key = first;
  for (let retry = 1; (await outbox.find(key))?.error !== undefined; retry++) {
    key = `${first}:${retry}`;
  }
  return key;
}
