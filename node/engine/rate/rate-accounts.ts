import { toHex } from "../../core/bytes.ts";
import type { CounterMove as Scope } from "../../core/commitment/charge-groups.ts";
import { countersWithPlan } from "../../core/commitment/plan-scope.ts";
import { TallystickError } from "../../core/errors.ts";
import { AccountClosing, type ClosedAccount } from "../../core/rating/account-closing.ts";
import { AccountDirectory } from "../../core/rating/account-directory.ts";
import {
  type AccountRated,
  AccountRater,
  type AccountUse,
  needsAccounts,
} from "../../core/rating/account-rater.ts";
import { Allowances, ONCE_PERIOD } from "../../core/rating/allowances.ts";
import { type BillingPeriod, BillingPeriods } from "../../core/rating/billing-period.ts";
import type { RatingOutcome } from "../../core/rating/outcome.ts";
import { firstPricePlace } from "../../core/rating/price-pieces.ts";
import type { RatedAccount } from "../../core/rating/rated-account.ts";
import type { StateKey } from "../../core/rating/rating-state.ts";
import type { UsageRecord } from "../../core/records/usage-record.ts";
import type { CompiledTariff } from "../../core/tariff/compile.ts";
import { SESSION_MINUTES_MAX } from "../../core/tariff/instants.ts";
import type { RandomSource } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import type { StoreSession } from "../store/store-session.ts";
import type { Account } from "../store/stored-types.ts";
import { StoredRatingState } from "./stored-rating-state.ts";
import type { ShelvedTariff, TariffShelf } from "./tariff-shelf.ts";

const SCOPE_BYTES = 8;
const TAG_BITS = 64n;
const TAG_MASK = (1n << TAG_BITS) - 1n;
/** "PLAN": how a scope begins that names a plan (docs/PROTOCOL.md, section 4). */
const PLAN_SCOPE = "0x504c414e";

/** Whose use it is, as the guide found it. */
export interface GuidedUse {
  account: string;
  device: string;
  startMilliseconds: number;
  tariff: ShelvedTariff;
}

/** A record's outcome; of a price that its account decided also what the account made of it. */
export interface PricedUse {
  outcome: RatingOutcome;
  accounted?: AccountRated;
  scopes?: Scope[];
}

/** Of an account that the directory does not hold. */
const NEEDS_ACCOUNT: PricedUse = {
  outcome: {
    outcome: "suspended",
    code: "rating.needs-account",
    message: "The price depends on a plan or counters of an account that is not known; add it.",
  },
};

/** Counted from nothing, its allowances would be granted again. */
const FORGOTTEN: PricedUse = {
  outcome: {
    outcome: "suspended",
    code: "rating.period-forgotten",
    message:
      "The counters of its billing period are dropped: it is too old to be charged; drop it.",
  },
};
const MINUTE = 60_000;
/** Versions differ in their plans: what one lacks is told by record, and stops no node. */
const ONE_OF_VERSIONS = { isOneOfVersions: true };

interface VersionRater {
  directory: AccountDirectory;
  periods: BillingPeriods;
  rater: AccountRater;
  rolloverMax: number;
  /** Taxes are on the sums of an account's services, which are kept for those without a plan too. */
  isTaxed: boolean;
}

/**
 * Rates by accounts' plans, where a tariff has any: the rater of `rate --accounts` over the node's own
 * accounts, with its counters and allowances in the store. Accounts without plan, pool and groups go
 * the short way of tariffs without plans, unless there are taxes.
 */
export class AccountRating {
  readonly #random: RandomSource;
  readonly #versions = new Map<number, VersionRater>();
  readonly #state: StoredRatingState | undefined;
  #closedUntil = Number.NEGATIVE_INFINITY;
  #forgottenBefore = Number.NEGATIVE_INFINITY;

  /**
   * Whether any version of the tariff has prices that only an account's plan or counters tell, or taxes,
   * which are on each account's sums.
   */
  static isNeeded(tariffs: TariffShelf): boolean {
    return tariffs.versions.some(({ compiled }) => isForAccounts(compiled));
  }

  /** @throws TallystickError `accounts.…` when accounts do not fit the tariff or each other */
  constructor(
    tariffs: TariffShelf,
    accounts: readonly Omit<Account, "accessSecret">[],
    random: RandomSource,
  ) {
    this.#random = random;
    const withPlans = tariffs.versions.filter(({ compiled }) => isForAccounts(compiled));
    const newest = withPlans.at(-1);
    if (newest === undefined) return;
    const newestPeriods = new BillingPeriods(newest.document);
    this.#state = new StoredRatingState(
      newest.document,
      (from) => newestPeriods.at(from).to <= this.#closedUntil,
    );
    for (const { version, compiled } of withPlans) {
      const { document } = compiled;
      const periods = new BillingPeriods(document);
      const directory = AccountDirectory.read(accounts, document, periods, ONE_OF_VERSIONS);
      this.#versions.set(version, {
        directory,
        periods,
        rater: new AccountRater(compiled, directory, periods, this.#state),
        rolloverMax: Allowances.rolloverMax(document.plans ?? []),
        isTaxed: isTaxed(compiled),
      });
    }
  }

  /**
   * The same of accounts that are read some at a time, since as they are stored they take much more memory.
   * @throws TallystickError as the constructor
   */
  static async read(
    tariffs: TariffShelf,
    accounts: AsyncIterable<readonly Omit<Account, "accessSecret">[]>,
    random: RandomSource,
  ): Promise<AccountRating> {
    const rating = new AccountRating(tariffs, [], random);
    const versions = [...rating.#versions.values()];
    for await (const some of accounts) {
      for (const { directory, periods } of versions) directory.add(some, periods, ONE_OF_VERSIONS);
    }
    for (const { directory } of versions) directory.requireWhole();
    return rating;
  }

  /**
   * Reads accounts that are added or replaced.
   * @returns what makes the change, in all versions of the tariff
   * @throws TallystickError `accounts.…`; nothing is changed then
   */
  prepare(accounts: readonly Omit<Account, "accessSecret">[]): () => void {
    const changes = [...this.#versions.values()].map(({ directory, periods }) =>
      directory.prepare(accounts, periods, ONE_OF_VERSIONS),
    );
    return () => {
      for (const change of changes) change();
    };
  }

  /** False where no tariff has plans or counters: nothing is asked of accounts then. */
  get isInUse(): boolean {
    return this.#versions.size > 0;
  }

  /** Keys of the store that `rate` will ask for; they are to be read ahead, and learned. */
  *keysOf({ account, startMilliseconds, tariff }: GuidedUse): Generator<string> {
    const version = this.#versions.get(tariff.version);
    const known = version?.directory.account(account);
    if (version === undefined || known === undefined) return;
    const state = this.#state as StoredRatingState;
    const period = version.periods.at(startMilliseconds);
    const late = Number.isFinite(this.#closedUntil)
      ? version.periods.at(this.#closedUntil).from
      : period.from;
    for (const id of new Set([
      account,
      known.pool,
      ...known.sponsors.map(({ account: sponsor }) => sponsor),
    ])) {
      if (!state.isHeld(id, ONCE_PERIOD)) yield keys.rating(id, ONCE_PERIOD);
      if (!state.isHeld(id, late)) yield keys.rating(id, late);
      let at = period;
      for (let age = 0; age <= version.rolloverMax; age++) {
        if (!state.isHeld(id, at.from)) yield keys.rating(id, at.from);
        at = version.periods.before(at);
      }
    }
  }

  /** Accounts that may pay part of an account's use. */
  sponsorsOf({ account, tariff }: GuidedUse): string[] {
    const known = this.#versions.get(tariff.version)?.directory.account(account);
    return known?.sponsors.map(({ account: sponsor }) => sponsor) ?? [];
  }

  /** @param milliseconds the end of the newest billing epoch that takes no more charges */
  closedUntil(milliseconds: number): void {
    this.#closedUntil = milliseconds;
  }

  /**
   * The beginning of the first period that something can still reach: a record that starts at
   * `milliseconds` or later, the sums of a month that is not billed, an allowance that rolls over.
   * Undefined where no plan counts anything, or nothing was billed yet.
   */
  reachableFrom(milliseconds: number): number | undefined {
    if (!Number.isFinite(this.#closedUntil)) return undefined;
    // A session can have begun so long before the record that is charged.
    const start = Math.min(milliseconds, this.#closedUntil) - SESSION_MINUTES_MAX * MINUTE;
    const firsts = [...this.#versions.values()].map(({ periods, rolloverMax }) => {
      let period = periods.at(start);
      for (let age = 0; age < rolloverMax; age++) period = periods.before(period);
      return period.from;
    });
    return firsts.length === 0 ? undefined : Math.min(...firsts);
  }

  /** What began earlier is not in the store any more. */
  forgottenBefore(milliseconds: number): void {
    this.#forgottenBefore = milliseconds;
  }

  /** Notes that accounts were there in a period, which allowances that roll over ask. */
  markActive(accounts: readonly string[], { from }: BillingPeriod): void {
    for (const account of accounts) {
      this.#state?.apply([{ period: from, key: ["active", account], value: 1n }]);
    }
  }

  /** What the end of a period adds to an account, whose quantities were learned. */
  close(account: string, tariff: ShelvedTariff, period: BillingPeriod): ClosedAccount | undefined {
    const version = this.#versions.get(tariff.version);
    const known = version?.directory.account(account);
    if (version === undefined || known === undefined) return undefined;
    const state = this.#state as StoredRatingState;
    const held = [...state.entriesOf(account, period.from)];
    return new AccountClosing(tariff.compiled, version.periods, known, period).close(held);
  }

  /** The periods of a tariff that end in a stretch of time, in order. */
  periodsEnding(tariff: ShelvedTariff, from: number, to: number): BillingPeriod[] {
    const periods = this.#versions.get(tariff.version)?.periods;
    const ending: BillingPeriod[] = [];
    if (periods === undefined) return ending;
    for (let at = periods.at(from); at.to <= to; at = periods.at(at.to)) ending.push(at);
    return ending;
  }

  learn(session: StoreSession, stored: Iterable<string>): void {
    this.#state?.learn(session, stored);
  }

  save(session: StoreSession): void {
    this.#state?.save(session);
  }

  forget(): void {
    this.#state?.forget();
  }

  /** Whether a price, or what is due at the period's end, may depend on the account. */
  decides({ account, tariff }: GuidedUse): boolean {
    const version = this.#versions.get(tariff.version);
    const known = version?.directory.account(account);
    return known !== undefined && (version?.isTaxed === true || !isPlain(known));
  }

  /** @param refuse the last word on a record that has a price, before any counter moves */
  rate(record: UsageRecord, guided: GuidedUse, refuse: AccountUse["refuse"]): PricedUse {
    const version = this.#versions.get(guided.tariff.version);
    const account = version?.directory.account(guided.account);
    if (version === undefined || account === undefined) return NEEDS_ACCOUNT;
    const { startMilliseconds: at, device } = guided;
    if (account.planless.some(({ from, to }) => from <= at && at < to)) {
      return {
        outcome: {
          outcome: "suspended",
          code: "accounts.plan-unknown",
          message: `Version ${guided.tariff.version} of the tariff does not know the account's plan of that time; correct the account's plans and recycle.`,
        },
      };
    }
    if (version.periods.at(at).from < this.#forgottenBefore) return FORGOTTEN;
    const use: AccountUse = { owner: { account, device } };
    if (refuse !== undefined) use.refuse = refuse;
    if (Number.isFinite(this.#closedUntil)) use.lateIn = version.periods.at(this.#closedUntil);
    const outcome = version.rater.rate(record, use);
    if (outcome.outcome !== "rated") return { outcome };
    return { outcome, accounted: outcome, scopes: this.#scopesOf(outcome, account, guided) };
  }

  /** The scopes that a charge commits to: the counter of its price, and the plan that it is priced by. */
  #scopesOf(rated: AccountRated, account: RatedAccount, guided: GuidedUse): Scope[] {
    const counter = this.#counterOf(rated, account, guided);
    const { plans = [] } = guided.tariff.compiled.document;
    if (plans.length === 0) return counter === undefined ? [] : [counter];
    const { startMilliseconds: at } = guided;
    const assigned = account.assignments.findIndex(({ from, to }) => from <= at && at < to);
    const plan = account.assignments[assigned]?.plan;
    const number = plan === undefined ? 0 : plans.indexOf(plan) + 1;
    return countersWithPlan({ plan: number, ordinal: BigInt(assigned + 1) }, counter);
  }

  /**
   * The place of a charge in the counter that its tiers stand over. Whoever sees two charges of one
   * counter may know that it is one; the tag says nothing of whose it is.
   */
  #counterOf(
    rated: AccountRated,
    account: RatedAccount,
    { tariff, ...use }: GuidedUse,
  ): Scope | undefined {
    const { compiled } = tariff;
    const price = rated.rows.price - firstPricePlace(compiled);
    const counter = compiled.priceSources[price]?.counter;
    const move = rated.counters.find(
      ({ name, scope, granted }) =>
        name === counter?.name && scope === counter.scope && granted === undefined,
    );
    if (counter === undefined || move === undefined) return undefined;
    const { name, scope, windowMilliseconds } = counter;
    const payer = scope === "pool" ? account.pool : account.id;
    const { startMilliseconds } = use;
    const window =
      windowMilliseconds === undefined
        ? []
        : [String(Math.floor(startMilliseconds / windowMilliseconds))];
    const key: StateKey = ["scope", payer, scope, move.of, name, ...window];
    const state = this.#state as StoredRatingState;
    const period = (this.#versions.get(tariff.version) as VersionRater).periods.at(
      startMilliseconds,
    ).from;
    const known = state.get(period, key);
    const tag = known === 0n ? this.#newTag() : known & TAG_MASK;
    const scopeSequence = (known >> TAG_BITS) + 1n;
    state.apply([{ period, key, value: (scopeSequence << TAG_BITS) | tag }]);
    return { scope: tagBytes(tag), scopeSequence, counterBefore: move.before };
  }

  #newTag(): bigint {
    for (;;) {
      const tag = this.#random.bytes(SCOPE_BYTES);
      const written = toHex(tag);
      if (!written.startsWith(PLAN_SCOPE) && BigInt(written) !== 0n) return BigInt(written);
    }
  }
}

function tagBytes(tag: bigint): Uint8Array {
  const bytes = new Uint8Array(SCOPE_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, tag);
  return bytes;
}

/** @throws TallystickError `accounts.plan-unknown` when no version of the tariff has a plan that is named */
export function requireKnownPlans(
  { versions }: TariffShelf,
  accounts: readonly Pick<Account, "id" | "plan" | "plans">[],
): void {
  const known = new Set(
    versions.flatMap(({ document }) => (document.plans ?? []).map(({ name }) => name)),
  );
  for (const { id, plan, plans = [] } of accounts) {
    const named = [...(plan === undefined ? [] : [plan]), ...plans.map((one) => one.plan)];
    const unknown = named.find((name) => !known.has(name));
    if (unknown === undefined) continue;
    throw new TallystickError(
      "accounts.plan-unknown",
      `The tariff has no plan "${unknown}", which the account "${id}" names; correct the account, or publish the plan.`,
    );
  }
}

const isTaxed = ({ document }: CompiledTariff): boolean => (document.taxes?.length ?? 0) > 0;

const isForAccounts = (compiled: CompiledTariff): boolean =>
  needsAccounts(compiled) || isTaxed(compiled);

/** Whether nothing of the account itself can be in a price that asks for no counter. */
const isPlain = ({ id, assignments, planless, pool, groups, devices }: RatedAccount): boolean =>
  assignments.length === 0 &&
  planless.length === 0 &&
  pool === id &&
  groups.length === 0 &&
  devices.every((device) => device.groups.length === 0);
