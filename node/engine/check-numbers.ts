import { fromHex, toHex } from "../core/bytes.ts";
import { deviceTag, recordSalts } from "../core/commitment/secrets.ts";
import type { StoreProblem } from "./check-store.ts";
import { below, keys } from "./key-spaces.ts";
import type { Store } from "./store.ts";
import { getJson, scanJson } from "./stored-json.ts";
import type { BookState, EpochState, StoredCharge } from "./stored-types.ts";

/**
 * The numbers and running totals of every subscriber, book and billing epoch: from 1 without gaps to
 * the last that was given, each total the one before it plus the amount.
 */
export async function checkNumbers(store: Store): Promise<StoreProblem[]> {
  const problems: StoreProblem[] = [];
  const pending = await pendingByEpoch(store);
  for await (const { key, value: state } of scanJson<EpochState>(store, below("epoch/"))) {
    const [, account = "", epoch = "", domain = ""] = key.split("/");
    const tell = (message: string) =>
      problems.push({ code: "fsck.charge-numbers", book: domain, sequence: "-", message });
    let number = 0n;
    let totalNano = 0n;
    const step = ({ opened, amountNano }: StoredCharge): void => {
      number++;
      totalNano += BigInt(amountNano);
      const { chargeNumber, runningTotalNano } = opened.account;
      const fits = BigInt(chargeNumber) === number && BigInt(runningTotalNano) === totalNano;
      if (!fits) tell(`Charge ${chargeNumber} of account ${account} in ${epoch} does not follow.`);
    };
    for await (const charge of ownedCharges(store, `${account}/${epoch}/${domain}`)) step(charge);
    for (const charge of pending.get(`${account}/${epoch}/${domain}`) ?? []) step(charge);
    const { lastChargeNumber, runningTotalNano } = state;
    if (BigInt(lastChargeNumber) !== number || BigInt(runningTotalNano) !== totalNano) {
      tell(`Account ${account} has ${number} charges in ${epoch}, and says ${lastChargeNumber}.`);
    }
  }
  return problems;
}

/**
 * Whether the salts and the device tag of a charge follow from the record, the device and the epoch
 * key of the account that it names. Of an epoch whose key was erased nothing can be said.
 */
export async function isOpenedByItsEpoch(
  store: Store,
  domain: string,
  charge: StoredCharge,
): Promise<boolean> {
  const at = keys.epoch(charge.account, charge.epoch, domain);
  const state = await getJson<EpochState>(store, at);
  if (state === undefined) return true;
  const epochKey = fromHex(state.epochKey, 32);
  const salts = recordSalts(epochKey, charge.recordId, charge.revision);
  const { account, party, charge: chargeGroup, credit } = charge.opened;
  return (
    account.salt === toHex(salts.account) &&
    party.salt === toHex(salts.party) &&
    (chargeGroup ?? credit)?.salt === toHex(salts.charge) &&
    account.deviceTag === toHex(deviceTag(epochKey, charge.device)) &&
    account.pseudonym === state.pseudonym
  );
}

async function* ownedCharges(store: Store, owner: string): AsyncGenerator<StoredCharge> {
  const domain = owner.split("/")[2] as string;
  const range = below(`owned/${owner}/`);
  for await (const { value } of scanJson<{ sequence: string; leafIndex: number }>(store, range)) {
    const place = keys.charge(domain, BigInt(value.sequence), value.leafIndex);
    const charge = await getJson<StoredCharge>(store, place);
    if (charge !== undefined) yield charge;
  }
}

/** Bounded by what one tick takes: whatever waits for the next batches, in the order of its numbers. */
async function pendingByEpoch(store: Store): Promise<Map<string, StoredCharge[]>> {
  const pending = new Map<string, StoredCharge[]>();
  for await (const { value: book } of scanJson<BookState>(store, below("book/"))) {
    const range = below(`pending/${book.domain}/`);
    for await (const { value: charge } of scanJson<StoredCharge>(store, range)) {
      if (charge.opened === undefined) continue;
      const owner = `${charge.account}/${charge.epoch}/${book.domain}`;
      pending.set(owner, [...(pending.get(owner) ?? []), charge]);
    }
  }
  return pending;
}
