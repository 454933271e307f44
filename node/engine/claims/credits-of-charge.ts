import { epochAfter } from "../bill/billing-epoch.ts";
import type { EngineContext } from "../operator.ts";
import { readOwnedRows } from "../store/read-charges.ts";
import type { StoredCharge } from "../store/stored-types.ts";

/**
 * The credits that point at a charge, of all months since its own: one may have come in any of them.
 * @param place of the charge in the charge book
 * @param lastEpoch the last month that is looked at
 */
export async function* creditsOf(
  { store, profile }: EngineContext,
  charge: StoredCharge,
  { sequence, leafIndex }: { sequence: bigint; leafIndex: number },
  lastEpoch: string,
): AsyncGenerator<StoredCharge> {
  const { chargeBook, creditBook } = profile.agreement;
  for (let epoch = charge.epoch; epoch <= lastEpoch; epoch = epochAfter(epoch)) {
    const rows = readOwnedRows(store, charge.account, epoch, creditBook);
    for await (const { charge: credit } of rows) {
      const target = credit.opened.credit;
      const isOf =
        target?.targetDomain === chargeBook &&
        target.targetSequence === sequence.toString() &&
        target.targetIndex === leafIndex;
      if (isOf) yield credit;
    }
  }
}
