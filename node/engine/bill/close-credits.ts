import { fromHex } from "../../core/bytes.ts";
import { CREDIT_REASON } from "../../core/commitment/charge-groups.ts";
import { numberCharge, TileRun } from "../number/number-charge.ts";
import type { EngineContext } from "../operator.ts";
import { below, keys } from "../store/key-spaces.ts";
import type { StoreSession } from "../store/store-session.ts";
import { scanJson } from "../store/stored-json.ts";
import { billingEpoch, epochBefore } from "./billing-epoch.ts";
import { type ClosingCredits, closingEntry } from "./closing-lines.ts";
import { type Creditable, readCharges, readCredited, targetName } from "./creditable-charges.ts";

/**
 * Credits that are numbered in one write: the more of them, the more often a block of charges that was
 * read holds charges of several of their accounts.
 */
const UNIT_CREDITS = 8_192;

/** The next accounts' reductions, and the charges on the ledger that they may be credited to. */
export interface CreditUnit {
  entries: { key: string; credits: ClosingCredits }[];
  /** By epoch, then by account. */
  charges: ReadonlyMap<string, Map<string, Creditable[]>>;
}

/** Others may write meanwhile: what is read does not change any more. @returns undefined where none is left */
export async function readCreditUnit(
  context: EngineContext,
  epoch: string,
): Promise<CreditUnit | undefined> {
  const range = { ...below(`closing-credits/${epoch}/`), limit: UNIT_CREDITS };
  const begin = beginOf(context, epoch);
  const entries: CreditUnit["entries"] = [];
  const byEpoch = new Map<string, Set<string>>();
  for await (const { key, value } of scanJson<ClosingCredits>(context.store, range)) {
    entries.push({ key, credits: value });
    for (const of of epochsOf(epoch, begin, value)) {
      byEpoch.set(of, (byEpoch.get(of) ?? new Set()).add(value.account));
    }
  }
  if (entries.length === 0) return undefined;
  const charges = new Map<string, Map<string, Creditable[]>>();
  for (const [of, accounts] of byEpoch) {
    charges.set(of, await readCharges(context, [...accounts], of));
  }
  return { entries, charges };
}

/** The epochs in which charges of a period lie. @param begin of the epoch */
const epochsOf = (epoch: string, begin: number, { period }: ClosingCredits): string[] =>
  period.from < begin ? [epoch, epochBefore(epoch)] : [epoch];

const beginOf = ({ profile }: EngineContext, epoch: string): number =>
  billingEpoch(epoch, profile.zone).fromMilliseconds;

/**
 * A reduction is credited to the largest charges, each at most by what earlier credits left of it. An
 * account whose charges were given back already gets no more than they asked.
 */
export async function putCredits(
  session: StoreSession,
  context: EngineContext,
  epoch: string,
  { entries, charges }: CreditUnit,
): Promise<void> {
  const { creditBook } = context.profile.agreement;
  const accounts = [...new Set(entries.map(({ credits }) => credits.account))];
  const taken = await readCredited(context, accounts);
  for (const byAccount of charges.values()) {
    for (const [account, own] of byAccount) takeOff(own, taken.get(account));
  }
  await session.prefetch(accounts.map((account) => keys.epoch(account, epoch, creditBook)));
  await session.prefetch(accounts.map((account) => keys.account(account)));
  const begin = beginOf(context, epoch);
  const tiles = new TileRun();
  for (const { key, credits } of entries) {
    const own = epochsOf(epoch, begin, credits).flatMap(
      (of) => charges.get(of)?.get(credits.account) ?? [],
    );
    await numberCredits(session, context, epoch, credits, own, tiles);
    session.delete(key);
  }
  tiles.put(session);
}

function takeOff(charges: readonly Creditable[], taken: ReadonlyMap<string, bigint> | undefined) {
  for (const charge of taken === undefined ? [] : charges) {
    const credited = taken?.get(targetName(charge.sequence, charge.leafIndex)) ?? 0n;
    charge.leftNano = credited < charge.leftNano ? charge.leftNano - credited : 0n;
  }
}

async function numberCredits(
  session: StoreSession,
  context: EngineContext,
  epoch: string,
  { account, period, lines }: ClosingCredits,
  charges: readonly Creditable[],
  tiles: TileRun,
): Promise<void> {
  const { chargeBook, creditBook } = context.profile.agreement;
  const largest = charges
    .filter(({ leftNano }) => leftNano > 0n)
    .sort((a, b) => (a.leftNano > b.leftNano ? -1 : a.leftNano < b.leftNano ? 1 : 0));
  let at = 0;
  for (const line of lines) {
    let left = BigInt(line.amountNano);
    for (const charge of largest) {
      const amountNano = left < charge.leftNano ? left : charge.leftNano;
      if (amountNano === 0n) continue;
      charge.leftNano -= amountNano;
      left -= amountNano;
      const group = {
        targetDomain: fromHex(chargeBook, 20),
        targetSequence: charge.sequence,
        targetIndex: charge.leafIndex,
        reason: CREDIT_REASON.goodwill,
        claim: new Uint8Array(32),
      };
      const credit = {
        ...closingEntry({ account, epoch, period }, `C${at++}`),
        device: line.name,
        amountNano,
        third: { kind: "credit" as const, group },
        components: [{ kind: "credit", name: line.name, amountNano: amountNano.toString() }],
      };
      await numberCharge(session, context, creditBook, credit, { tiles });
    }
  }
}
