import type { EngineContext } from "../operator.ts";
import { below } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import { scanJson } from "../store/stored-json.ts";
import type { Account } from "../store/stored-types.ts";
import { forgottenUntil } from "./forget-rating.ts";
import { AccountRating } from "./rate-accounts.ts";
import type { TariffShelf } from "./tariff-shelf.ts";

/** As it is stored an account takes some times what a rating keeps of it: a million are not held that way. */
const READ_AT_ONCE = 4_096;

/**
 * The rating of a node's accounts, as it stands in the store.
 * @throws TallystickError `accounts.…` when accounts do not fit the tariff or each other
 */
export async function loadRating(
  context: EngineContext,
  tariffs: TariffShelf,
): Promise<AccountRating> {
  if (!AccountRating.isNeeded(tariffs)) return new AccountRating(tariffs, [], context.random);
  const rating = await AccountRating.read(tariffs, storedAccounts(context.store), context.random);
  const until = await forgottenUntil(context);
  if (until !== undefined) rating.forgottenBefore(until);
  return rating;
}

async function* storedAccounts(store: Store): AsyncGenerator<Account[]> {
  let some: Account[] = [];
  for await (const { value } of scanJson<Account>(store, below("account/"))) {
    some.push(value);
    if (some.length < READ_AT_ONCE) continue;
    yield some;
    some = [];
  }
  yield some;
}
