import { TallystickError } from "../errors.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import type { Groups } from "../tariff/conditions.ts";
import type { TariffDocument, TariffPlan } from "../tariff/document.ts";
import { readOtherParty } from "../tariff/numbering.ts";
import { readAccountList, type WrittenAccount, writtenPlans } from "./account-list.ts";
import type { BillingPeriods } from "./billing-period.ts";
import { checkPlanDates } from "./check-plan-dates.ts";
import { checkSponsors } from "./check-sponsors.ts";
import { ServedNumbers, servedIdentities } from "./served-party.ts";

interface WrittenDates {
  from?: string | null | undefined;
  to?: string | null | undefined;
}

/** From when to when something holds; milliseconds since 1970 UTC, ends exclusive. */
export interface Dates {
  from: number;
  to: number;
}

export interface Device extends Dates {
  id: string;
  groups: readonly string[];
}

/** Who pays what a plan says is sponsored. */
export interface Sponsor extends Dates {
  account: string;
  /** Of the plan's entry that it pays for; every entry when absent. */
  name: string | undefined;
}

export interface PlanAssignment extends Dates {
  plan: TariffPlan;
}

export interface RatedAccount {
  id: string;
  /** The account whose pool it uses: its own unless it names another. */
  pool: string;
  assignments: PlanAssignment[];
  devices: Device[];
  /** The same by id: an enterprise has hundreds of thousands. */
  devicesById: ReadonlyMap<string, readonly Device[]>;
  groups: readonly string[];
  /** Numbers as the tariff's numbering reads them, international digits. */
  friends: ReadonlySet<string>;
  sponsors: Sponsor[];
  taxExempt: boolean;
  /** When it has a plan that this version of the tariff does not know. */
  planless: Dates[];
}

/** Whose use a record is. */
export interface Owner {
  account: RatedAccount;
  device: string;
}

/** Who is billed: accounts with their devices, plans and pools, each by effective dates. */
export class AccountDirectory {
  readonly #accounts = new Map<string, RatedAccount>();
  readonly #owners = new Map<string, { account: RatedAccount; device: Device }[]>();
  /** By the account whose pool they use. */
  readonly #poolMembers = new Map<string, Set<RatedAccount>>();
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
   *   `accounts.plan-or-plans`, `accounts.pool-unknown`, `accounts.sponsor-unknown`,
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
    const written = readAccountList(input);
    const changed = new Map<string, RatedAccount>();
    for (const one of written) {
      if (changed.has(one.id)) {
        throw new TallystickError("accounts.twice", `The account "${one.id}" stands twice.`);
      }
      changed.set(one.id, this.#rated(one, periods, isOneOfVersions));
    }
    const accountOf = (id: string): RatedAccount | undefined =>
      changed.get(id) ?? this.#accounts.get(id);
    for (const { id: at, pool } of changed.values()) {
      if (accountOf(pool) !== undefined) continue;
      throw new TallystickError(
        "accounts.pool-unknown",
        `The account "${at}" uses the pool of "${pool}", which is no account; add it.`,
      );
    }
    // Whatever ring there is goes through an account that changes.
    checkSponsors(changed.keys(), accountOf);
    return () => {
      for (const one of changed.values()) this.#replace(one);
      this.#revision += 1;
    };
  }

  #rated(written: WrittenAccount, periods: BillingPeriods, isOneOfVersions: boolean): RatedAccount {
    const dates = (one: WrittenDates): Dates => this.#dates(written.id, one, periods);
    const devices = (written.devices ?? []).map((device) => ({
      id: device.id,
      groups: device.groups ?? [],
      ...dates(device),
    }));
    const plans = writtenPlans(written);
    checkPlanDates(
      written.id,
      plans.map((one) => ({ plan: one.plan, ...dates(one) })),
    );
    const isHere = ({ plan }: { plan: string }) => !isOneOfVersions || this.#knows(plan);
    return {
      id: written.id,
      pool: written.pool ?? written.id,
      taxExempt: written.taxExempt ?? false,
      assignments:
        plans.length === 0
          ? this.#defaultAssignments()
          : plans
              .filter(isHere)
              .map((one) => ({ plan: this.#plan(one.plan, written.id), ...dates(one) })),
      planless: plans.filter((one) => !isHere(one)).map(dates),
      devices,
      devicesById: byId(devices),
      groups: written.groups ?? [],
      friends: new Set((written.friends ?? []).map((number) => this.#digitsOf(number))),
      sponsors: (written.sponsors ?? []).map((sponsor) => ({
        account: sponsor.account,
        name: sponsor.name,
        ...dates(sponsor),
      })),
    };
  }

  #replace(added: RatedAccount): void {
    const before = this.#accounts.get(added.id);
    if (before !== undefined) this.#takeOut(before);
    this.#accounts.set(added.id, added);
    const members = this.#poolMembers.get(added.pool) ?? new Set();
    this.#poolMembers.set(added.pool, members.add(added));
    for (const device of added.devices) {
      const owners = this.#owners.get(device.id) ?? [];
      owners.push({ account: added, device });
      this.#owners.set(device.id, owners);
    }
  }

  #takeOut(account: RatedAccount): void {
    this.#poolMembers.get(account.pool)?.delete(account);
    for (const { id } of account.devices) {
      const owners = (this.#owners.get(id) ?? []).filter((one) => one.account !== account);
      if (owners.length === 0) this.#owners.delete(id);
      else this.#owners.set(id, owners);
    }
  }

  #digitsOf(number: string): string {
    const party = readOtherParty(number, this.#document.numbering);
    return "digits" in party ? party.digits : number;
  }

  /** Whether the other side of a record is on the account's list of friends. */
  isFriend({ friends }: RatedAccount, record: UsageRecord): boolean {
    if (friends.size === 0) return false;
    const other = record.direction === "incoming" ? record.aParty : record.bParty;
    return other !== undefined && friends.has(this.#digitsOf(other));
  }

  #dates(account: string, written: WrittenDates, periods: BillingPeriods): Dates {
    const instant = (text: string): number => {
      const parsed = periods.parse(text);
      if (parsed !== undefined) return parsed;
      throw new TallystickError(
        "accounts.date-invalid",
        `"${text}", of the account "${account}", is no date; correct it.`,
      );
    };
    const from = written.from == null ? Number.NEGATIVE_INFINITY : instant(written.from);
    const to = written.to == null ? Number.POSITIVE_INFINITY : instant(written.to);
    if (from <= to) return { from, to };
    throw new TallystickError(
      "accounts.dates-reversed",
      `From ${written.from} to ${written.to}, of the account "${account}", is no time; exchange the two.`,
    );
  }

  #knows(name: string): boolean {
    return this.#planNamed(name) !== undefined;
  }

  #plan(name: string, account: string): TariffPlan {
    const plan = this.#planNamed(name);
    if (plan !== undefined) return plan;
    throw new TallystickError(
      "accounts.plan-unknown",
      `The tariff has no plan "${name}"; correct the account "${account}", or add the plan.`,
    );
  }

  #planNamed(name: string | undefined): TariffPlan | undefined {
    return this.#document.plans?.find((one) => one.name === name);
  }

  #defaultAssignments(): PlanAssignment[] {
    const plan = this.#planNamed(this.#document.defaultPlan);
    if (plan === undefined) return [];
    return [{ plan, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }];
  }

  account(id: string): RatedAccount | undefined {
    const known = this.#accounts.get(id);
    if (known !== undefined || !this.#isOpen) return known;
    const always = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
    const devices = [{ id, groups: [], ...always }];
    const opened: RatedAccount = {
      id,
      pool: id,
      assignments: this.#defaultAssignments(),
      devices,
      devicesById: byId(devices),
      groups: [],
      friends: new Set(),
      sponsors: [],
      taxExempt: false,
      planless: [],
    };
    this.#accounts.set(id, opened);
    this.#poolMembers.set(id, new Set([opened]));
    return opened;
  }

  /** All accounts that use an account's pool; itself unless it uses another's. */
  poolMembers(id: string): RatedAccount[] {
    return [...(this.#poolMembers.get(id) ?? [])];
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
      const owners = (this.#owners.get(identity) ?? []).filter(
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

function byId(devices: readonly Device[]): Map<string, Device[]> {
  const found = new Map<string, Device[]>();
  for (const device of devices) {
    const same = found.get(device.id);
    if (same === undefined) found.set(device.id, [device]);
    else same.push(device);
  }
  return found;
}

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
