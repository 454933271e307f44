import { TallystickError } from "../errors.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import type { Groups } from "../tariff/conditions.ts";
import type { TariffDocument } from "../tariff/document.ts";
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
    const written = readAccountList(input);
    const changed = new Map<string, RatedAccount>();
    for (const one of written) {
      if (changed.has(one.id)) {
        throw new TallystickError("accounts.twice", `The account "${one.id}" stands twice.`);
      }
      changed.set(one.id, ratedAccount(one, this.#document, periods, { isOneOfVersions }));
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
