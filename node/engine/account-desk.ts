import { toHex } from "../core/bytes.ts";
import type { AccountGuide } from "./intake/guide-account.ts";
import type { EngineContext } from "./operator.ts";
import { type AccountRating, requireKnownPlans } from "./rate/rate-accounts.ts";
import type { TariffShelf } from "./rate/tariff-shelf.ts";
import { below, keys } from "./store/key-spaces.ts";
import { StoreSession } from "./store/store-session.ts";
import { scanJson } from "./store/stored-json.ts";
import type { Account } from "./store/stored-types.ts";

/** Who is billed, as it is stored and as guiding and rating know it. */
export class AccountDesk {
  readonly #context: EngineContext;
  readonly #tariffs: TariffShelf;
  readonly #guide: AccountGuide;
  #revision = 0;

  constructor(context: EngineContext, tariffs: TariffShelf, guide: AccountGuide) {
    this.#context = context;
    this.#tariffs = tariffs;
    this.#guide = guide;
  }

  /** Another number after each change. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * In the engine's turn: adds accounts or replaces what they have; an account keeps its secret.
   * @param rating learns it once it is durable
   * @throws TallystickError `accounts.…` when plans, pools or sponsors do not fit; nothing is changed
   */
  async put(accounts: Omit<Account, "accessSecret">[], rating: AccountRating): Promise<void> {
    const { store, random } = this.#context;
    const session = new StoreSession(store);
    requireKnownPlans(this.#tariffs, accounts);
    const change = rating.prepare(accounts);
    const before = new Map<string, Account | undefined>();
    for (const account of accounts) {
      const known = await session.get<Account>(keys.account(account.id));
      before.set(account.id, known);
      const accessSecret = known?.accessSecret ?? toHex(random.bytes(32));
      session.put(keys.account(account.id), { ...account, accessSecret });
    }
    await session.commit();
    this.#revision++;
    change();
    for (const account of accounts) this.#guide.replace(account, before.get(account.id));
  }

  async list(): Promise<Account[]> {
    const accounts: Account[] = [];
    const range = below("account/");
    for await (const { value } of scanJson<Account>(this.#context.store, range)) {
      accounts.push(value);
    }
    return accounts;
  }
}
