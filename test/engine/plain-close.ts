import { AccountRating } from "../../node/engine/rate/rate-accounts.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import { StoreSession } from "../../node/engine/store/store-session.ts";
import type { Account, EpochState, StoredCharge } from "../../node/engine/store/stored-types.ts";
import type { EngineScene } from "./engine-scene.ts";

/** A charge as far as it does not depend on keys. */
export interface DueCharge {
  recordId: string;
  account: string;
  epoch: string;
  device: string;
  amountNano: string;
  number: string;
  totalNano: string;
  kind: number;
  start: string;
  version: number;
  components: unknown[];
}

const KINDS: Record<string, number> = {
  recurring: 2,
  "one-off": 3,
  "period-charge": 5,
  tax: 6,
  rounding: 7,
};

/** What the end of a period makes due of all accounts, one after the other; nothing is written. */
export async function plainClose(
  { store, tariffs, random, profile }: EngineScene,
  accounts: Omit<Account, "accessSecret">[],
  epoch: string,
  endMilliseconds: number,
): Promise<{ charges: DueCharge[]; credits: { account: string; name: string; nano: string }[] }> {
  const session = new StoreSession(store);
  const rating = new AccountRating(tariffs, accounts, random);
  const tariff = tariffs.inForce(endMilliseconds - 1);
  const [period] =
    tariff === undefined ? [] : rating.periodsEnding(tariff, endMilliseconds - 1, endMilliseconds);
  const charges: DueCharge[] = [];
  const credits: { account: string; name: string; nano: string }[] = [];
  if (tariff === undefined || period === undefined) return { charges, credits };
  for (const account of accounts.map(({ id }) => id).sort()) {
    const quantities = [keys.rating(account, period.from)];
    await session.prefetch(quantities);
    rating.learn(session, quantities);
    const state = await session.get<EpochState>(
      keys.epoch(account, epoch, profile.agreement.chargeBook),
    );
    let number = BigInt(state?.lastChargeNumber ?? 0);
    let totalNano = BigInt(state?.runningTotalNano ?? 0);
    for (const [at, line] of (rating.close(account, tariff, period)?.lines ?? []).entries()) {
      const { kind, name, amountNano, parts } = line;
      if (kind === "credit") credits.push({ account, name, nano: amountNano.toString() });
      if (kind === "credit" || line.isIncluded) continue;
      number += 1n;
      totalNano += amountNano;
      charges.push({
        recordId: `closing:${account}:${period.from}:${at}`,
        account,
        epoch,
        device: name,
        amountNano: amountNano.toString(),
        number: number.toString(),
        totalNano: totalNano.toString(),
        kind: KINDS[kind] ?? 0,
        start: String(period.to - 1),
        version: tariff.version,
        components: parts.map((part) => ({
          kind,
          name: part.because,
          amountNano: part.amountNano.toString(),
        })),
      });
    }
  }
  return { charges, credits };
}

export function dueOf({ opened, ...stored }: StoredCharge): DueCharge {
  const { recordId, account, epoch, device, amountNano, components = [] } = stored;
  return {
    recordId,
    account,
    epoch,
    device,
    amountNano,
    number: opened.account.chargeNumber,
    totalNano: opened.account.runningTotalNano,
    kind: opened.charge?.kind ?? 0,
    start: opened.charge?.start ?? "",
    version: opened.charge?.tariffVersion ?? 0,
    components,
  };
}
