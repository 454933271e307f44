import { below, keys } from "./key-spaces.ts";
import type { EngineContext } from "./operator.ts";
import { getJson, scanJson } from "./stored-json.ts";
import type { EpochState, StoredCharge, StoredClaim } from "./stored-types.ts";

/* What one subscriber's page asks beside the evidence. */

export interface AccountPeriod {
  epoch: string;
  billed: boolean;
  totalNano: string;
  lines: number;
}

export interface AccountDispute extends Omit<StoredClaim, "credit"> {
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

/** Claims against the account's charges, whoever lodged them. */
export async function disputesOf(
  { store }: EngineContext,
  account: string,
): Promise<AccountDispute[]> {
  const disputes: AccountDispute[] = [];
  for await (const { value: claim } of scanJson<StoredClaim>(store, below("claim/"))) {
    const place = keys.charge(claim.domain, BigInt(claim.sequence), claim.leafIndex);
    const charge = await getJson<StoredCharge>(store, place);
    if (charge?.account !== account) continue;
    const { credit, ...rest } = claim;
    disputes.push({
      ...rest,
      period: charge.epoch,
      line: charge.opened.account.chargeNumber,
      ...(credit === undefined ? {} : { creditLine: `C${credit.epoch}-${credit.number}` }),
    });
  }
  return disputes;
}
