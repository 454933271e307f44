import type { Hex } from "../../core/bytes.ts";
import { readInvoice } from "../bill/stored-invoice.ts";
import type { EngineContext } from "../operator.ts";
import { below, keys } from "../store/key-spaces.ts";
import type { StoreReader } from "../store/store.ts";
import { readJson } from "../store/stored-json.ts";
import type { EpochState, OwnedPlaces, StoredInvoice } from "../store/stored-types.ts";

/** An account that has charges in a billing epoch. */
export interface ChargedAccount {
  account: string;
  epoch: string;
  /** In the book of charges. */
  state: EpochState;
  /** Epochs in which the account got credits; they may reduce charges of any epoch. */
  creditEpochs: string[];
}

/** What the store holds of one account's billing epoch, beside the charges themselves. */
export interface AccountFacts extends ChargedAccount {
  /** Of the epoch's charges, by charge number. */
  places: OwnedPlaces;
  invoice: StoredInvoice | undefined;
}

/**
 * Facts of many accounts in few readings: a scan for each of them costs more than what it finds.
 * @param accounts close to each other in the order of ids, since what lies between is passed over
 * @returns of those that have charges in the epoch, in their order
 */
export async function readAccountFacts(
  context: EngineContext,
  accounts: readonly string[],
  epoch: string,
): Promise<AccountFacts[]> {
  const { store, profile } = context;
  const charged = await readChargedAccounts(context, accounts, epoch);
  const facts = charged.map((one): AccountFacts => ({ ...one, places: [], invoice: undefined }));
  if (facts.length === 0) return [];
  await readPlaces(store, epoch, profile.agreement.chargeBook, facts);
  const invoices = facts.map(({ account }) => keys.invoice(account, epoch));
  for (const [at, value] of (await store.getMany(invoices)).entries()) {
    const of = facts[at] as AccountFacts;
    if (value !== undefined) of.invoice = readInvoice(invoices[at] as string, value);
  }
  return facts;
}

/** As `readAccountFacts`, without the places of charges and the invoice. */
export async function readChargedAccounts(
  { store, profile }: EngineContext,
  accounts: readonly string[],
  epoch: string,
): Promise<ChargedAccount[]> {
  const { chargeBook, creditBook } = profile.agreement;
  const states = await readStates(store, accounts, epoch, chargeBook);
  const charged = states.map((one): ChargedAccount => ({ ...one, epoch, creditEpochs: [] }));
  if (charged.length > 0) await findCredits(store, creditBook, charged);
  return charged;
}

/** The places alone, of accounts that have charges (or credits) in the epoch, in a book. */
export async function readAccountPlaces(
  { store }: Pick<EngineContext, "store">,
  accounts: readonly string[],
  epoch: string,
  domain: Hex,
): Promise<Pick<AccountFacts, "account" | "places">[]> {
  const states = await readStates(store, accounts, epoch, domain);
  const placed = states.map((one) => ({ ...one, places: [] }));
  await readPlaces(store, epoch, domain, placed);
  return placed;
}

async function readStates(
  store: StoreReader,
  accounts: readonly string[],
  epoch: string,
  domain: Hex,
): Promise<{ account: string; state: EpochState }[]> {
  const names = accounts.map((account) => keys.epoch(account, epoch, domain));
  const states = await store.getMany(names);
  return accounts.flatMap((account, at) => {
    const value = states[at];
    if (value === undefined) return [];
    const state = readJson<EpochState>(names[at] as string, value);
    return state.lastChargeNumber === "0" ? [] : [{ account, state }];
  });
}

type PlacedAccount = Pick<AccountFacts, "account" | "state" | "places">;

/**
 * Full lists stand under the number of their first charge and follow each other without gaps, up to the
 * places that stand with the counters, which were read before.
 */
async function readPlaces(
  store: StoreReader,
  epoch: string,
  domain: Hex,
  facts: readonly PlacedAccount[],
): Promise<void> {
  const listed = ({ state }: PlacedAccount) =>
    Number(state.lastChargeNumber) - (state.places ?? []).length / 2;
  const isOpen = (one: PlacedAccount) => one.places.length / 2 < listed(one);
  let open = facts.filter(isOpen);
  while (open.length > 0) {
    const names = open.map(({ account, places }) =>
      keys.owned(account, epoch, domain, BigInt(places.length / 2 + 1)),
    );
    const values = await store.getMany(names);
    open = open.filter((one, at) => {
      const value = values[at];
      if (value === undefined) return false;
      for (const place of readJson<OwnedPlaces>(names[at] as string, value)) one.places.push(place);
      return isOpen(one);
    });
  }
  for (const one of facts) {
    if (one.places.length / 2 === listed(one)) one.places.push(...(one.state.places ?? []));
  }
}

async function findCredits(
  store: StoreReader,
  creditBook: Hex,
  charged: readonly ChargedAccount[],
): Promise<void> {
  const byAccount = new Map(charged.map((one) => [one.account, one]));
  const ranges = charged.map(({ account }) => below(`epoch/${account}/`));
  const from = ranges.map((range) => range.from).reduce((a, b) => (a < b ? a : b));
  const to = ranges.map((range) => range.to).reduce((a, b) => (a > b ? a : b));
  for await (const { key } of store.scan({ from, to, keysOnly: true })) {
    if (!key.endsWith(creditBook)) continue;
    const [, account = "", epoch = ""] = key.split("/");
    byAccount.get(account)?.creditEpochs.push(epoch);
  }
}
