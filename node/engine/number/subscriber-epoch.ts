import { fromHex, type Hex, toHex } from "../../core/bytes.ts";
import { pseudonym } from "../../core/commitment/secrets.ts";
import { TallystickError } from "../../core/errors.ts";
import { disputeKey } from "../../core/evidence/access-link.ts";
import type { RandomSource } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import type { StoreSession } from "../store/store-session.ts";
import type { Account, EpochState } from "../store/stored-types.ts";
import { type DisputeAddresses, loadDisputeAddresses } from "./dispute-addresses.ts";

/**
 * The subscriber's secrets and counters in one book and billing epoch, made at first need. They
 * become durable together with the first charge that uses them.
 */
export async function openSubscriberEpoch(
  session: StoreSession,
  random: RandomSource,
  accountId: string,
  epoch: string,
  domain: Hex,
): Promise<EpochState> {
  const known = await session.get<EpochState>(keys.epoch(accountId, epoch, domain));
  if (known !== undefined) return known;
  const account = await session.get<Account>(keys.account(accountId));
  const addresses = await loadDisputeAddresses();
  const state = makeSubscriberEpoch(random, addresses, account, accountId, epoch, domain);
  session.put(keys.epoch(accountId, epoch, domain), state);
  return state;
}

/** @throws TallystickError `account.unknown` */
export function makeSubscriberEpoch(
  random: RandomSource,
  addresses: DisputeAddresses,
  account: Account | undefined,
  accountId: string,
  epoch: string,
  domain: Hex,
): EpochState {
  if (account === undefined) {
    throw new TallystickError("account.unknown", `There is no account ${accountId}.`);
  }
  const blind = random.bytes(32);
  const disputeAddress = addresses.of(disputeKey(fromHex(account.accessSecret, 32), epoch));
  return {
    epochKey: toHex(random.bytes(32)),
    disputeAddress: toHex(disputeAddress),
    blind: toHex(blind),
    pseudonym: toHex(pseudonym(fromHex(domain, 20), disputeAddress, blind)),
    lastChargeNumber: "0",
    runningTotalNano: "0",
  };
}

/** Random key that is made at first need and kept under `key`. */
export async function openKey(
  session: StoreSession,
  random: RandomSource,
  key: string,
): Promise<Uint8Array> {
  const known = await session.get<Hex>(key);
  if (known !== undefined) return fromHex(known, 32);
  const made = random.bytes(32);
  session.put(key, toHex(made));
  return made;
}
