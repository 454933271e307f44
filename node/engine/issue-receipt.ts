import type { Hex } from "../core/bytes.ts";
import type { BundleReceipt } from "../core/evidence/bundle.ts";
import { keys } from "./key-spaces.ts";
import type { EngineContext } from "./operator.ts";
import type { PlacedCharge } from "./read-charges.ts";
import { getJson } from "./stored-json.ts";
import type { StoredBatch } from "./stored-types.ts";

export interface ReceiptMessage {
  book: Hex;
  pseudonym: Hex;
  lastChargeNumber: bigint;
  /** Block time in seconds. */
  issuedAt: bigint;
}

/** With the operator's Commit or Settle key: an EIP-712 signature that the ledger takes. */
export type SignReceipt = (message: ReceiptMessage) => Promise<{ signer: Hex; signature: Hex }>;

/**
 * What an operator signs whenever it hands out evidence: that charges of the pseudonym up to a number
 * exist. If it withholds one of them later, its own word shows the ledger that it can be demanded. Only
 * charges whose batch is final are promised: no other can be delivered.
 *
 * @param charges by charge number
 */
export async function issueReceipt(
  { store, time }: EngineContext,
  charges: readonly PlacedCharge[],
  sign: SignReceipt,
): Promise<BundleReceipt | undefined> {
  const isFinal = new Map<bigint, boolean>();
  let last: PlacedCharge | undefined;
  for (const charge of charges) {
    const { domain, sequence } = charge;
    if (!isFinal.has(sequence)) {
      const batch = await getJson<StoredBatch>(store, keys.batch(domain, sequence));
      isFinal.set(sequence, batch?.blockTime !== undefined);
    }
    if (isFinal.get(sequence) !== true) break;
    last = charge;
  }
  if (last === undefined) return undefined;
  const { pseudonym, chargeNumber } = last.charge.opened.account;
  const issuedAt = await time.seconds();
  const book = last.domain as Hex;
  const lastChargeNumber = BigInt(chargeNumber);
  const { signer, signature } = await sign({ book, pseudonym, lastChargeNumber, issuedAt });
  return {
    lastChargeNumber: chargeNumber,
    issuedAt: issuedAt.toString(),
    signer,
    signature,
  };
}
