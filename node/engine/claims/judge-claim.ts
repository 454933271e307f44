import { CREDIT_REASON } from "../../core/commitment/charge-groups.ts";
import { repriceCharge } from "../../core/evidence/check-price.ts";
import { openEpoch } from "../bill/open-epoch.ts";
import type { EngineContext } from "../operator.ts";
import type { TariffShelf } from "../rate/tariff-shelf.ts";
import { below, keys } from "../store/key-spaces.ts";
import { readCharge } from "../store/read-charges.ts";
import type { Store } from "../store/store.ts";
import { StoreSession } from "../store/store-session.ts";
import { getJson, scanJson } from "../store/stored-json.ts";
import type { StoredCharge, StoredClaim } from "../store/stored-types.ts";
import { creditsOf } from "./credits-of-charge.ts";

/**
 * `recompute` concedes what the operator's own recomputation confirms and contests the rest;
 * `contest` lets the ledger decide every price.
 */
export type ClaimPolicy = "recompute" | "contest";
export type ClaimAnswer = "concede" | "contest";

/**
 * What the operator answers to a claim without asking anyone; undefined where staff decide: about a
 * fact, at a charge that is in the books and bears the amount. Silence concedes, so whatever could
 * not be made good by a credit is contested, of whichever kind.
 */
export async function answerByPolicy(
  context: EngineContext,
  tariffs: TariffShelf,
  policy: ClaimPolicy,
  claim: StoredClaim,
): Promise<ClaimAnswer | undefined> {
  if (!(await isBorneByCharge(context, claim))) return "contest";
  if (claim.kind === "matter-of-fact") return undefined;
  if (claim.kind === "breach" || policy === "contest") return "contest";
  const overchargeNano = await overchargeOf(context.store, tariffs, claim);
  return overchargeNano !== undefined && BigInt(claim.claimedNano) <= overchargeNano
    ? "concede"
    : "contest";
}

/**
 * Whether the charge is in the books and what is claimed, with what claims of other kinds made due there and
 * corrections gave back, is at most its amount. What one kind made due before, the ledger deducts by itself.
 */
export async function isBorneByCharge(
  context: EngineContext,
  claim: StoredClaim,
): Promise<boolean> {
  const { store } = context;
  const charge = await chargeOf(store, claim);
  if (charge === undefined) return false;
  let nano = BigInt(claim.claimedNano) + (await correctedNano(context, charge, claim));
  const range = below(keys.claimsAt(claim.domain, BigInt(claim.sequence), claim.leafIndex));
  for await (const { value: id } of scanJson<string>(store, range)) {
    const other = await getJson<StoredClaim>(store, keys.claim(id));
    if (other === undefined || other.kind === claim.kind) continue;
    nano += BigInt(other.dueNano ?? "0");
  }
  return nano <= BigInt(charge.amountNano);
}

/** What corrections gave back of a claim's charge: the ledger knows nothing of them. */
export async function correctedNano(
  context: EngineContext,
  charge: StoredCharge,
  { domain, sequence, leafIndex }: Pick<StoredClaim, "domain" | "sequence" | "leafIndex">,
): Promise<bigint> {
  if (domain !== context.profile.agreement.chargeBook) return 0n;
  const place = { sequence: BigInt(sequence), leafIndex };
  const now = await openEpoch(context, new StoreSession(context.store));
  let nano = 0n;
  for await (const credit of creditsOf(context, charge, place, now)) {
    const isCorrection = credit.opened.credit?.reason === CREDIT_REASON.correction;
    if (isCorrection) nano += BigInt(credit.amountNano);
  }
  return nano;
}

function chargeOf(store: Store, claim: StoredClaim): Promise<StoredCharge | undefined> {
  const { domain, sequence, leafIndex } = claim;
  return readCharge(store, domain, BigInt(sequence), leafIndex);
}

async function overchargeOf(
  store: Store,
  tariffs: TariffShelf,
  claim: StoredClaim,
): Promise<bigint | undefined> {
  const charge = await chargeOf(store, claim);
  const opened = charge?.opened.charge;
  if (charge === undefined || opened === undefined) return undefined;
  const tariff = tariffs.inForce(Number(opened.start));
  if (tariff === undefined) return undefined;
  return BigInt(charge.amountNano) - repriceCharge(tariff.compiled, opened).amountNano;
}
