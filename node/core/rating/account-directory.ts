import { TallystickError } from "../errors.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import type { Groups } from "../tariff/conditions.ts";
import type { TariffDocument, TariffPlan } from "../tariff/document.ts";
import { readAccountList } from "./account-list.ts";
import type { BillingPeriods } from "./billing-period.ts";
import { checkPools } from "./check-pools.ts";
import { checkSponsors } from "./check-sponsors.ts";
import {
  type Device,
  defaultAssignments,
  devicesById,
  internationalDigits,
  type PlanAssignment,
  type RatedAccount,
  ratedAccount,
} from "./rated-account.ts";
import { ServedNumbers, servedIdentities } from "./served-party.ts";

/** Whose use a record is. */
export interface Owner {
  account: RatedAccount;
  device: string;
}

interface DeviceOwner {
  account: RatedAccount;
  device: Device;
}

/** Who is billed: accounts with their devices, plans and pools, each by effective dates. */
export class AccountDirectory {
  readonly #accounts = new Map<string, RatedAccount>();
  /** By a device's id; made once it is asked for: a node's own guide finds the owners of its records. */
  #owners: Map<string, DeviceOwner[]> | undefined;
  /** Accounts that use another one's pool, by that one. */
  readonly #poolGuests = new Map<string, Set<RatedAccount>>();
  /** Accounts with one plan for ever share what says so. */
  readonly #forEver = new Map<TariffPlan, readonly PlanAssignment[]>();
  readonly #numbers = new ServedNumbers();
  #revision = 0;
  readonly #document: TariffDocument;
  readonly #isOpen: boolean;

  /**
   * Without a file of accounts (`isOpen`), each served number is an account of its own, on the
   * tariff's default plan.
   */
  constructor(document: TariffDocument, isOpen: boolean) {
    this.#document = document;
    this.#isOpen = isOpen;
  }

  /**
   * @param isOneOfVersions other versions of the tariff know the plans that this one does not
   * @throws TallystickError `accounts.shape`, `accounts.plan-unknown`, `accounts.twice`,
   *   `accounts.date-invalid`, `accounts.dates-reversed`, `accounts.plans-overlap`,
   *   `accounts.plan-or-plans`, `accounts.device-twice`, `accounts.pool-unknown`, `accounts.pool-cycle`, `accounts.sponsor-unknown`,
   *   `accounts.sponsor-cycle`
   */
  static read(
    input: unknown,
    document: TariffDocument,
    periods: BillingPeriods,
    { isOneOfVersions = false } = {},
  ): AccountDirectory {
    const directory = new AccountDirectory(document, false);
    directory.prepare(input, periods, { isOneOfVersions })();
    return directory;
  }

  /** Another number after each change. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * Reads accounts that are added, or stand in the place of those of the same id. What is checked and
   * changed is theirs alone, however many others there are.
   * @returns what makes the change; nothing is changed before
   * @throws TallystickError as `read`
   */
  prepare(input: unknown, periods: BillingPeriods, { isOneOfVersions = false } = {}): () => void {
    const changed = new Map<string, RatedAccount>();
    for (const one of this.#rated(input, periods, { isOneOfVersions })) {
      if (changed.has(one.id)) throw standsTwice(one.id);
      changed.set(one.id, one);
    }
    const accountOf = (id: string): RatedAccount | undefined =>
      changed.get(id) ?? this.#accounts.get(id);
    // Whatever ring there is goes through an account that changes.
    checkPools(changed.keys(), accountOf);
    checkSponsors(changed.keys(), accountOf);
    return () => {
      for (const one of changed.values()) this.#replace(one);
      this.#revision += 1;
    };
  }

  /**
   * Adds accounts that come some at a time; what they name may come later. `requireWhole` is the end of it, and
   * where either throws the directory is of no more use.
   * @throws TallystickError as `read`
   */
  add(input: unknown, periods: BillingPeriods, options: { isOneOfVersions: boolean }): void {
    for (const one of this.#rated(input, periods, options)) {
      if (this.#accounts.has(one.id)) throw standsTwice(one.id);
      this.#replace(one);
    }
    this.#revision += 1;
  }

  /** @throws TallystickError as `read`, of pools and sponsors */
  requireWhole(): void {
    const accountOf = (id: string) => this.#accounts.get(id);
    checkPools(this.#accounts.keys(), accountOf);
    checkSponsors(this.#accounts.keys(), accountOf);
  }

  *#rated(
    input: unknown,
    periods: BillingPeriods,
    options: { isOneOfVersions: boolean },
  ): Generator<RatedAccount> {
    for (const one of readAccountList(input)) {
      yield ratedAccount(one, this.#document, periods, options);
    }
  }

  #replace(added: RatedAccount): void {
    const before = this.#accounts.get(added.id);
    if (before !== undefined) this.#takeOut(before);
    added.assignments = this.#shared(added.assignments);
    this.#accounts.set(added.id, added);
    if (added.pool !== added.id) {
      const guests = this.#poolGuests.get(added.pool) ?? new Set();
      this.#poolGuests.set(added.pool, guests.add(added));
    }
    if (this.#owners !== undefined) addOwner(this.#owners, added);
  }

  #takeOut(account: RatedAccount): void {
    this.#poolGuests.get(account.pool)?.delete(account);
    if (this.#owners === undefined) return;
    for (const { id } of account.devices) {
      const owners = (this.#owners.get(id) ?? []).filter((one) => one.account !== account);
      if (owners.length === 0) this.#owners.delete(id);
      else this.#owners.set(id, owners);
    }
  }

  #shared(assignments: readonly PlanAssignment[]): readonly PlanAssignment[] {
    const [only] = assignments;
    if (assignments.length !== 1 || only === undefined) return assignments;
    if (Number.isFinite(only.from) || Number.isFinite(only.to)) return assignments;
    const shared = this.#forEver.get(only.plan) ?? assignments;
    this.#forEver.set(only.plan, shared);
    return shared;
  }

  #ownersOf(identity: string): readonly DeviceOwner[] {
    if (this.#owners === undefined) {
      this.#owners = new Map();
      for (const account of this.#accounts.values()) addOwner(this.#owners, account);
    }
    return this.#owners.get(identity) ?? [];
  }

  /** Whether the other side of a record is on the account's list of friends. */
  isFriend({ friends }: RatedAccount, record: UsageRecord): boolean {
    if (friends.size === 0) return false;
    const other = record.direction === "incoming" ? record.aParty : record.bParty;
    return other !== undefined && friends.has(internationalDigits(other, this.#document));
  }

  account(id: string): RatedAccount | undefined {
    const known = this.#accounts.get(id);
    if (known !== undefined || !this.#isOpen) return known;
    const always = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
    const devices = [{ id, groups: [], ...always }];
    const opened: RatedAccount = {
      id,
      pool: id,
      assignments: defaultAssignments(this.#document),
      devices,
      devicesById: devicesById(devices),
      groups: [],
      friends: new Set(),
      sponsors: [],
      taxExempt: false,
      planless: [],
    };
    this.#accounts.set(id, opened);
    return opened;
  }

  /** All accounts that use an account's pool; itself unless it uses another's. */
  poolMembers(id: string): RatedAccount[] {
    const own = this.#accounts.get(id);
    const guests = this.#poolGuests.get(id) ?? [];
    return own?.pool === id ? [own, ...guests] : [...guests];
  }

  get accounts(): Iterable<RatedAccount> {
    return this.#accounts.values();
  }

  /**
   * @throws TallystickError `guide.unknown-owner`, `guide.doubly-claimed`
   */
  ownerOf(record: UsageRecord, startMilliseconds: number): Owner {
    const { numbering } = this.#document;
    const identities = servedIdentities(record, this.#numbers, numbering).filter(
      (one) => one !== undefined,
    );
    const device = identities[0];
    const named = record.account === undefined ? undefined : this.account(record.account);
    if (named !== undefined) return { account: named, device: device ?? named.id };
    for (const identity of identities) {
      const owners = this.#ownersOf(identity).filter(
        ({ device: { from, to } }) => from <= startMilliseconds && startMilliseconds < to,
      );
      const [owner] = owners;
      if (owner === undefined) continue;
      if (owners.some(({ account: { id: other } }) => other !== owner.account.id)) {
        throw new TallystickError(
          "guide.doubly-claimed",
          `${owners.length} accounts claim the served party at that time; end one of the memberships.`,
        );
      }
      return { account: owner.account, device: owner.device.id };
    }
    const opened = this.#isOpen ? this.account(device ?? "unknown") : undefined;
    if (opened !== undefined) return { account: opened, device: opened.id };
    throw new TallystickError(
      "guide.unknown-owner",
      "No account owns the served party at that time; add it to an account.",
    );
  }
}

function addOwner(owners: Map<string, DeviceOwner[]>, account: RatedAccount): void {
  for (const device of account.devices) {
    const owner = { account, device };
    const others = owners.get(device.id);
    // A list that is made whole has no room beyond it.
    if (others === undefined) owners.set(device.id, [owner]);
    else others.push(owner);
  }
}

const standsTwice = (id: string): TallystickError =>
  new TallystickError("accounts.twice", `The account "${id}" stands twice.`);

/** Groups of an account and of one of its devices at an instant, for the tariff's classes. */
export function groupsOf({ account, device }: Owner, milliseconds: number): Groups {
  const held = account.devicesById
    .get(device)
    ?.find(({ from, to }) => from <= milliseconds && milliseconds < to);
  return { account: account.groups, device: held?.groups ?? [] };
}

/** The plan in force for an account at an instant. */
export function planAt(
  { assignments }: RatedAccount,
  milliseconds: number,
): PlanAssignment | undefined {
  return assignments.find(({ from, to }) => from <= milliseconds && milliseconds < to);
}
