import type { Hex } from "../../core/bytes.ts";
import { CLAIM_KIND } from "../../core/evidence/claim-kind.ts";
import { formatNano } from "../../core/money/decimal.ts";
import type { ClaimRecord, Ledger } from "../commit/ledger.ts";
import type { EngineContext } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import { StoreSession } from "../store/store-session.ts";
import type { StoredClaim } from "../store/stored-types.ts";

/** Some blocks are read twice, in case the ledger lost its tail. */
const BLOCKS_READ_TWICE = 64n;
const EVENTS = [
  "ClaimLodged",
  "ClaimConceded",
  "ClaimContested",
  "ClaimProven",
  "ClaimDecided",
  "ClaimRefuted",
  "ClaimLapsed",
  "ClaimSettled",
];
/** States whose outcome is no longer open. */
export const OVER: readonly StoredClaim["state"][] = ["refuted", "lapsed", "settled"];

/**
 * Brings the claims against this operator's charges up to the ledger's newest final block, by its
 * events: a claim about which nothing happened costs no question. How far was read becomes durable
 * together with what was read.
 */
export async function followClaims(
  context: EngineContext,
  ledger: Pick<Ledger, "finalHead" | "events" | "claimOf">,
): Promise<void> {
  const { store, profile } = context;
  const session = new StoreSession(store);
  const { number: toBlock } = await ledger.finalHead();
  const seenTo = BigInt((await session.get<string>(keys.node("claims-seen-to"))) ?? "0");
  if (toBlock === seenTo) return;
  const fromBlock = seenTo > BLOCKS_READ_TWICE ? seenTo - BLOCKS_READ_TWICE : 0n;
  const events = await ledger.events({ contract: "claims", names: EVENTS, fromBlock, toBlock });
  for (const id of new Set(events.map(({ values }) => values.claim as Hex))) {
    const known = await session.get<StoredClaim>(keys.claim(id));
    const lodged = events.find(({ name, values }) => name === "ClaimLodged" && values.claim === id);
    const isOurs = known !== undefined || lodged?.values.book === profile.agreement.chargeBook;
    if (!isOurs) continue;
    const onLedger = await ledger.claimOf(id);
    if (onLedger === undefined || onLedger.state === "none") continue;
    const claim = known ?? (await firstSight(context, id, onLedger));
    if (known === undefined) {
      const place = keys.claimsAt(claim.domain, onLedger.sequence, claim.leafIndex);
      session.put(`${place}${id}`, id);
    }
    const next = await brought(context, claim, onLedger);
    session.put(keys.claim(id), next);
    if (OVER.includes(next.state)) session.delete(keys.claimOpen(id));
    else session.put(keys.claimOpen(id), id);
  }
  session.put(keys.node("claims-seen-to"), toBlock.toString());
  await session.commit();
}

async function firstSight(
  context: EngineContext,
  id: Hex,
  claim: ClaimRecord,
): Promise<StoredClaim> {
  const amount = formatNano(claim.claimedNano, 2);
  const words = `${amount} ${context.profile.agreement.currency} claimed back on the ledger.`;
  return {
    id,
    domain: claim.book,
    sequence: claim.sequence.toString(),
    leafIndex: claim.leafIndex,
    kind:
      claim.kind === CLAIM_KIND.mispriced
        ? "mispriced"
        : claim.kind === CLAIM_KIND.matterOfFact
          ? "matter-of-fact"
          : "breach",
    claimedNano: claim.claimedNano.toString(),
    finder: claim.finder,
    state: "claimed",
    deadline: claim.deadline.toString(),
    history: [{ at: await now(context), words }],
  };
}

/** What stood in the way before the state changed does so no more. */
async function brought(
  context: EngineContext,
  claim: StoredClaim,
  { state, dueNano, deadline }: ClaimRecord,
): Promise<StoredClaim> {
  const next = { ...claim, deadline: deadline.toString() };
  if (state === "none" || state === claim.state) return next;
  const { trouble: _, ...untroubled } = next;
  const words = wordsOf(context, state, dueNano);
  return {
    ...untroubled,
    state,
    ...(dueNano > 0n ? { dueNano: dueNano.toString() } : {}),
    history: [...claim.history, { at: await now(context), words }],
  };
}

function wordsOf({ profile }: EngineContext, state: StoredClaim["state"], dueNano: bigint): string {
  const due = `${formatNano(dueNano, 2)} ${profile.agreement.currency}`;
  const words: Record<StoredClaim["state"], string> = {
    claimed: "Claimed.",
    conceded: `${profile.name} concedes ${due}.`,
    contested: `${profile.name} contests the claim.`,
    proven: `The ledger decided for the claim: ${due} come back.`,
    refuted: "The ledger decided against the claim.",
    lapsed: "The claim lapsed: nobody opened the charge in time.",
    settled: `Settled: the credit of ${due} stands on the ledger.`,
  };
  return words[state];
}

async function now({ time }: EngineContext): Promise<string> {
  return new Date(Number(await time.seconds()) * 1000).toISOString();
}
