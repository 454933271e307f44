import { TallystickError } from "../errors.ts";
import { unpackNetwork } from "../records/network-code.ts";
import type { Service, UsageRecord } from "../records/usage-record.ts";
import { findLastIndex } from "./binary-search.ts";
import { holdsMeasures } from "./class-measures.ts";
import { DIGITS_MAX, NO_DIGITS, packDigits, splitDecidingDigits } from "./digits.ts";
import type { TariffDocument, TariffService } from "./document.ts";
import { intervalsOfPrefixes, type ZoneInterval } from "./intervals.ts";
import { readOtherParty } from "./numbering.ts";

/*
 * The dimensions of a price beside zone and band: area (visited network), origin (calling number)
 * and class. Each is numbered from 1 in the order of the document; 0 is "any", for services whose
 * prices do not name the dimension.
 */

/** Stands for an origin that has no digits; a number never has such nibbles. */
export const INVALID_ORIGIN = 0xeeee_eeee_eeee_eeeen;
export const WITHHELD_ORIGIN = 0xdddd_dddd_dddd_ddddn;

const E164 = /^[1-9]\d{6,14}$/;

export interface Dimensions {
  area: boolean;
  origin: boolean;
  class: boolean;
}

/** Place in the price table; 0 where the service's prices do not ask. */
export interface PriceCell {
  area: number;
  origin: number;
  class: number;
}

export const ANY_CELL: PriceCell = { area: 0, origin: 0, class: 0 };

/** A service is priced by what its prices name, and told apart by what plans say of its use. */
export function dimensionsOf({ plans = [] }: TariffDocument, sold: TariffService): Dimensions {
  const uses = plans.flatMap(
    ({ allowances = [], limits = [], itemDiscounts = [], sponsored = [] }) =>
      [...allowances, ...limits, ...itemDiscounts, ...sponsored]
        .flatMap((entry) => entry.uses ?? [])
        .filter(({ service }) => service === sold.service),
  );
  return {
    area: [...sold.prices, ...uses].some(({ areas }) => areas !== undefined),
    origin: sold.prices.some(({ origins }) => origins !== undefined),
    class: [...sold.prices, ...uses].some(({ classes }) => classes !== undefined),
  };
}

export interface CompiledConditions {
  areas: string[];
  origins: string[];
  classes: string[];
  areaOfPrefix: ReadonlyMap<string, number>;
  unstatedArea: number | undefined;
  originIntervals: ZoneInterval[];
  withheldOrigin: number | undefined;
  invalidOrigin: number | undefined;
}

export function compileConditions(document: TariffDocument): CompiledConditions {
  const { areas = [], origins = [] } = document;
  const placeOf = (index: number): number | undefined => (index < 0 ? undefined : index + 1);
  return {
    areas: areas.map(({ name }) => name),
    origins: origins.map(({ name }) => name),
    classes: classNames(document),
    areaOfPrefix: new Map(
      areas.flatMap(({ networks = [] }, index) =>
        networks.map((prefix): [string, number] => [prefix, index + 1]),
      ),
    ),
    unstatedArea: placeOf(areas.findIndex(({ unstated }) => unstated)),
    originIntervals: intervalsOfPrefixes(
      origins.flatMap(({ prefixes = [] }, index) =>
        prefixes.map((prefix) => ({ prefix, zone: index + 1 })),
      ),
    ),
    withheldOrigin: placeOf(origins.findIndex(({ withheld }) => withheld)),
    invalidOrigin: placeOf(origins.findIndex(({ invalid }) => invalid)),
  };
}

/** The classes that a use of a service can be of. */
export function classesOfService({ classes }: TariffDocument, service: Service): string[] {
  if (classes === undefined) return [];
  const found = classes.classes.filter(({ when }) =>
    when.some(({ services }) => services?.includes(service) ?? true),
  );
  return [...found.map(({ name }) => name), classes.otherwise];
}

export function classNames({ classes }: TariffDocument): string[] {
  return classes === undefined
    ? []
    : [...classes.classes.map(({ name }) => name), classes.otherwise];
}

/**
 * The area of a packed visited network; undefined stands for a record that names none.
 * @throws TallystickError `rating.no-area`, `network.malformed`
 */
export function areaOf(conditions: CompiledConditions, network: number | undefined): number {
  const { areaOfPrefix, unstatedArea } = conditions;
  if (network === undefined) {
    const area = unstatedArea ?? areaOfPrefix.get("");
    if (area !== undefined) return area;
    throw new TallystickError(
      "rating.no-area",
      "The price depends on the visited network, and the record names none.",
      { field: "visitedNetwork" },
    );
  }
  const digits = unpackNetwork(network);
  for (let length = digits.length; length >= 0; length--) {
    const area = areaOfPrefix.get(digits.slice(0, length));
    if (area !== undefined) return area;
  }
  throw new TallystickError(
    "rating.no-area",
    "The tariff has no area for the visited network; add it to one.",
    { field: "visitedNetwork" },
  );
}

/**
 * The digits that decide the calling number's origin, or what stands for there being none.
 * @throws TallystickError `rating.no-origin`
 */
export function originDigitsOf(
  conditions: CompiledConditions,
  record: UsageRecord,
  { numbering }: TariffDocument,
): bigint {
  const { originIntervals, withheldOrigin, invalidOrigin } = conditions;
  const party = readOtherParty(record.aParty, numbering);
  if (party.type !== "none" && invalidOrigin !== undefined) {
    if (!("digits" in party) || !E164.test(party.digits)) return INVALID_ORIGIN;
  }
  if (!("digits" in party) && withheldOrigin !== undefined) return WITHHELD_ORIGIN;
  const digits = "digits" in party ? party.digits.slice(0, DIGITS_MAX) : "";
  const interval = intervalAt(originIntervals, packDigits(digits));
  if (interval === undefined) throw noOrigin();
  return splitDecidingDigits(digits, interval).deciding;
}

/** The origin of what `originDigitsOf` yields. @throws TallystickError `rating.no-origin` */
export function originOf(conditions: CompiledConditions, originDigits = NO_DIGITS): number {
  const { originIntervals, withheldOrigin, invalidOrigin } = conditions;
  const origin =
    originDigits === INVALID_ORIGIN
      ? invalidOrigin
      : originDigits === WITHHELD_ORIGIN
        ? withheldOrigin
        : intervalAt(originIntervals, originDigits)?.zone;
  if (origin === undefined) throw noOrigin();
  return origin;
}

function intervalAt(intervals: ZoneInterval[], packed: bigint): ZoneInterval | undefined {
  const index = findLastIndex(intervals.length, (i) => (intervals[i]?.low ?? 0n) <= packed);
  const interval = intervals[index];
  return interval !== undefined && packed <= interval.high ? interval : undefined;
}

function noOrigin(): TallystickError {
  return new TallystickError(
    "rating.no-origin",
    "The tariff has no origin for the calling number; add its prefix, or withheld callers, to one.",
    { field: "aParty" },
  );
}

/** Groups of whoever is served; only accounts know them. */
export interface Groups {
  account: readonly string[];
  device: readonly string[];
}

/**
 * The class of a use: the first of the document's that holds.
 * @param groups absent where the account is not known
 * @throws TallystickError `rating.needs-account`, and as `holdsMeasures`
 */
export function classOf(
  { classes }: TariffDocument,
  record: UsageRecord,
  groups: Groups | undefined,
): number {
  if (classes === undefined) return 0;
  const index = classes.classes.findIndex(({ when }) =>
    when.some((time) => {
      const { accountGroups, deviceGroups, applications, qualities, homeNetworks, services } = time;
      if (services?.includes(record.service) === false) return false;
      if (groups === undefined && (accountGroups !== undefined || deviceGroups !== undefined)) {
        throw new TallystickError(
          "rating.needs-account",
          "The price depends on the account's or device's group; rate the record with its account.",
        );
      }
      const home = record.homeNetwork?.replace(/[- ]/g, "");
      return (
        (accountGroups?.some((one) => groups?.account.includes(one)) ?? true) &&
        (deviceGroups?.some((one) => groups?.device.includes(one)) ?? true) &&
        (applications?.includes(record.application ?? "") ?? true) &&
        (qualities?.includes(record.quality ?? "") ?? true) &&
        (homeNetworks?.some((prefix) => home?.startsWith(prefix)) ?? true) &&
        holdsMeasures(time, record)
      );
    }),
  );
  return index < 0 ? classes.classes.length + 1 : index + 1;
}
