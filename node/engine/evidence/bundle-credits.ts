import { toHex } from "../../core/bytes.ts";
import { partyGroupDigest } from "../../core/commitment/charge-groups.ts";
import type { BundleCredit } from "../../core/evidence/bundle.ts";
import { partyFromJson } from "../../core/evidence/group-json.ts";
import type { EngineContext } from "../operator.ts";
import { readOwnedCharges } from "../store/read-charges.ts";
import type { StoredCharge } from "../store/stored-types.ts";
import type { AccountFacts } from "./account-facts.ts";
import type { BatchCollection, LeafPlace } from "./batch-collection.ts";

/** Credits of any epoch that point at one of these charges. */
export async function creditsOfCharges(
  { store, profile }: EngineContext,
  { account, creditEpochs }: AccountFacts,
  charges: number[],
  batches: BatchCollection,
): Promise<BundleCredit[]> {
  if (creditEpochs.length === 0) return [];
  const { chargeBook, creditBook } = profile.agreement;
  const owned: StoredCharge[] = [];
  const positions: number[] = [];
  for (const epoch of creditEpochs) {
    for (const placed of await readOwnedCharges(store, account, epoch, creditBook)) {
      owned.push(placed.charge);
      positions.push(placed.position);
    }
  }
  const targets = await batches.namesOf(chargeBook, charges);
  const kept = owned.flatMap((charge, at) => {
    const { credit } = charge.opened;
    const isMeant = credit && targets.has(`${credit.targetSequence}/${credit.targetIndex}`);
    return isMeant === true ? [{ charge, credit, position: positions[at] as number }] : [];
  });
  const places = kept.flatMap(({ position }) => [position, 0]);
  await batches.placeAll(creditBook, places);
  const paths = await batches.paths(creditBook, places);
  return kept.map(({ charge, credit, position }) => ({
    line: `C${charge.epoch}-${charge.opened.account.chargeNumber}`,
    ...(paths.get(position) as LeafPlace),
    amountNano: charge.amountNano,
    account: charge.opened.account,
    party: { digest: toHex(partyGroupDigest(partyFromJson(charge.opened.party))) },
    credit,
  }));
}
