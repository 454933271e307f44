import { TallystickError } from "../errors.ts";
import type { TariffDocument, TariffPlan } from "../tariff/document.ts";
import { readOtherParty } from "../tariff/numbering.ts";
import { type AccountTerms, writtenPlans } from "./account-list.ts";
import type { BillingPeriods } from "./billing-period.ts";
import { checkPlanDates } from "./check-plan-dates.ts";

interface WrittenDates {
  from?: string | null | undefined;
  to?: string | null | undefined;
}

interface WrittenDevice extends WrittenDates {
  id: string;
  groups?: string[] | undefined;
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

/** Stays of a device by its id. */
interface DevicesById {
  get(id: string): readonly Device[] | undefined;
}

/** A node holds one of each account for each version of the tariff: what is empty or usual is shared. */
export interface RatedAccount {
  id: string;
  /** The account whose pool it uses: its own unless it names another. */
  pool: string;
  assignments: readonly PlanAssignment[];
  devices: readonly Device[];
  /** The same by id: an enterprise has hundreds of thousands. */
  devicesById: DevicesById;
  groups: readonly string[];
  /** Numbers as the tariff's numbering reads them, international digits. */
  friends: ReadonlySet<string>;
  sponsors: readonly Sponsor[];
  taxExempt: boolean;
  /** When it has a plan that this version of the tariff does not know. */
  planless: readonly Dates[];
}

const NOTHING: readonly never[] = [];
const NOBODY: ReadonlySet<string> = new Set();

/**
 * An account as one version of the tariff reads it, whatever other accounts there are.
 * @param isOneOfVersions other versions of the tariff know the plans that this one does not
 * @throws TallystickError `accounts.plan-unknown`, `accounts.plan-or-plans`, `accounts.date-invalid`,
 *   `accounts.dates-reversed`, `accounts.plans-overlap`, `accounts.device-twice`
 */
export function ratedAccount(
  written: AccountTerms & { id: string; devices?: WrittenDevice[] | undefined },
  document: TariffDocument,
  periods: BillingPeriods,
  { isOneOfVersions = false } = {},
): RatedAccount {
  const dates = (one: WrittenDates): Dates => datesOf(written.id, one, periods);
  const devices = listOf(written.devices, (device) => ({
    id: device.id,
    groups: device.groups ?? NOTHING,
    ...dates(device),
  }));
  const byId = devicesById(devices);
  if (byId instanceof Map) checkDeviceDates(written.id, byId);
  const plans = writtenPlans(written);
  checkPlanDates(
    written.id,
    plans.map((one) => ({ plan: one.plan, ...dates(one) })),
  );
  const isHere = ({ plan }: { plan: string }) =>
    !isOneOfVersions || planNamed(document, plan) !== undefined;
  return {
    id: written.id,
    pool: written.pool ?? written.id,
    taxExempt: written.taxExempt ?? false,
    assignments:
      plans.length === 0
        ? defaultAssignments(document)
        : plans
            .filter(isHere)
            .map((one) => ({ plan: planOf(document, one.plan, written.id), ...dates(one) })),
    planless: plans.every(isHere) ? NOTHING : plans.filter((one) => !isHere(one)).map(dates),
    devices,
    devicesById: byId,
    groups: written.groups ?? NOTHING,
    friends: friendsOf(written, document),
    sponsors: listOf(written.sponsors, (sponsor) => ({
      account: sponsor.account,
      name: sponsor.name,
      ...dates(sponsor),
    })),
  };
}

function listOf<From, To>(
  written: readonly From[] | undefined,
  read: (one: From) => To,
): readonly To[] {
  return written === undefined || written.length === 0 ? NOTHING : written.map(read);
}

function friendsOf({ friends = [] }: AccountTerms, document: TariffDocument): ReadonlySet<string> {
  if (friends.length === 0) return NOBODY;
  return new Set(friends.map((one) => internationalDigits(one, document)));
}

/** A number as the tariff's numbering reads it; as it is written where that reads none in it. */
export function internationalDigits(number: string, { numbering }: TariffDocument): string {
  const party = readOtherParty(number, numbering);
  return "digits" in party ? party.digits : number;
}

function datesOf(account: string, written: WrittenDates, periods: BillingPeriods): Dates {
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

/** A device that leaves can come back; twice at one time, it would owe its fees twice. */
function checkDeviceDates(account: string, byId: ReadonlyMap<string, readonly Device[]>): void {
  for (const [id, stays] of byId) {
    if (stays.length === 1) continue;
    const sorted = stays.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from);
    const isApart = sorted.every(({ from }, index) => (sorted[index - 1]?.to ?? from) <= from);
    if (isApart) continue;
    throw new TallystickError(
      "accounts.device-twice",
      `The device "${id}" of the account "${account}" stands twice at one time; remove one, or end the first ` +
        "where the second begins.",
    );
  }
}

function planOf(document: TariffDocument, name: string, account: string): TariffPlan {
  const plan = planNamed(document, name);
  if (plan !== undefined) return plan;
  throw new TallystickError(
    "accounts.plan-unknown",
    `The tariff has no plan "${name}"; correct the account "${account}", or add the plan.`,
  );
}

const planNamed = ({ plans }: TariffDocument, name: string | undefined): TariffPlan | undefined =>
  plans?.find((one) => one.name === name);

/** Of an account that names no plan. */
export function defaultAssignments(document: TariffDocument): PlanAssignment[] {
  const plan = planNamed(document, document.defaultPlan);
  if (plan === undefined) return [];
  return [{ plan, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }];
}

/** For one device or none, which most accounts have, there is no table. */
export function devicesById(devices: readonly Device[]): DevicesById | Map<string, Device[]> {
  if (devices.length < 2) return new FewDevices(devices);
  const found = new Map<string, Device[]>();
  for (const device of devices) {
    const same = found.get(device.id);
    if (same === undefined) found.set(device.id, [device]);
    else same.push(device);
  }
  return found;
}

class FewDevices implements DevicesById {
  readonly #devices: readonly Device[];

  /** @param devices one, or none */
  constructor(devices: readonly Device[]) {
    this.#devices = devices;
  }

  get(id: string): readonly Device[] | undefined {
    return this.#devices[0]?.id === id ? this.#devices : undefined;
  }
}
