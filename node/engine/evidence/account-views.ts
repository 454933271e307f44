import type { EngineContext } from "../operator.ts";
import { below, keys } from "../store/key-spaces.ts";
import { readCharge } from "../store/read-charges.ts";
import { getJson, scanJson } from "../store/stored-json.ts";
import type { EpochState, StoredClaim } from "../store/stored-types.ts";

/* What one subscriber's page asks beside the evidence. */

export interface AccountPeriod {
  epoch: string;
  billed: boolean;
  totalNano: string;
  lines: number;
}

export interface AccountDispute extends Omit<StoredClaim, "credit" | "answer" | "trouble"> {
  period: string;
  line: string;
  creditLine?: string;
}

/** The account's billing epochs, newest first. */
export async function periodsOf(
  { store, profile }: EngineContext,
  account: string,
): Promise<AccountPeriod[]> {
  const periods: AccountPeriod[] = [];
  const range = { ...below(`epoch/${account}/`), reverse: true };
  for await (const { key, value } of scanJson<EpochState>(store, range)) {
    const [, , epoch = "", domain] = key.split("/");
    if (domain !== profile.agreement.chargeBook) continue;
    const billed = (await store.get(keys.invoice(account, epoch))) !== undefined;
    const lines = Number(value.lastChargeNumber);
    periods.push({ epoch, billed, totalNano: value.runningTotalNano, lines });
  }
  return periods;
}

/**
 * The claims that the account's holder lodged: those of the dispute address of the charge's epoch.
 * Anyone may claim at any place; what strangers allege is no dispute of the subscriber's.
 */
export async function disputesOf(
  { store }: EngineContext,
  account: string,
): Promise<AccountDispute[]> {
  const disputes: AccountDispute[] = [];
  for await (const { value: claim } of scanJson<StoredClaim>(store, below("claim/"))) {
    const charge = await readCharge(store, claim.domain, BigInt(claim.sequence), claim.leafIndex);
    if (charge?.account !== account) continue;
    const ofEpoch = keys.epoch(account, charge.epoch, claim.domain);
    const own = (await getJson<EpochState>(store, ofEpoch))?.disputeAddress;
    if (own === undefined || claim.finder.toLowerCase() !== own) continue;
    const { credit, answer: _answer, trouble: _trouble, ...rest } = claim;
    disputes.push({
      ...rest,
      period: charge.epoch,
      line: charge.opened.account.chargeNumber,
      ...(credit === undefined ? {} : { creditLine: `C${credit.epoch}-${credit.number}` }),
    });
  }
  return disputes;
}
