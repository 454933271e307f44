import { parseDecimalNano } from "../money/decimal.ts";
import {
  checkBandsAtIncrements,
  checkIncrements,
  checkPerUnits,
  checkTiers,
} from "./check-tiers.ts";
import { classesOfService, dimensionsOf } from "./conditions.ts";
import type { TariffDocument, TariffPrice, TariffService } from "./document.ts";
import type { ProblemList } from "./problem.ts";
import { unitFits, unitsOf } from "./units.ts";

/** Rows of one service: what memory holds with ease. */
const CELLS_MAX = 1_000_000;

/** Zones, and that each zone and band of each service has exactly one price. */
export function checkServices(document: TariffDocument, bands: string[], list: ProblemList): void {
  const zones = checkZones(document, list);
  const seen = new Set<string>();
  const usedZones = new Set<string>();
  for (const [index, service] of document.services.entries()) {
    const path = ["services", index];
    const key = `${service.service}, ${service.direction ?? "none"}`;
    if (seen.has(key)) {
      list.error(
        "tariff.service-twice",
        path,
        `"${key}" stands twice: two prices could match. Join the two.`,
      );
    }
    seen.add(key);
    checkDirection(service, path, list);
    for (const name of service.zones ?? []) usedZones.add(name);
    checkServiceZones(service, zones, path, list);
    checkPrices(document, service, bands, path, list);
    checkBandsAtIncrements(service, path, list);
  }
  for (const [index, zone] of (document.zones ?? []).entries()) {
    if (usedZones.has(zone.name)) continue;
    list.warning(
      "tariff.zone-unused",
      ["zones", index],
      `No service names the zone "${zone.name}": it has no price. Name it, or remove it.`,
    );
  }
}

/** Records of calls and messages go out, come in or are forwarded: none would meet the price. */
function checkDirection(
  { service, direction }: TariffService,
  path: PropertyKey[],
  list: ProblemList,
): void {
  const isDirected = service === "voice" || service === "sms" || service === "mms";
  if (!isDirected || direction !== undefined) return;
  list.warning(
    "tariff.direction-missing",
    path,
    `${service} has a direction: without one, only records of direction "none" are priced here. ` +
      'Add "direction": "outgoing", or say "none".',
  );
}

type ZonePrefixes = ReadonlyMap<string, string[]>;

function checkZones(document: TariffDocument, list: ProblemList): ZonePrefixes {
  const zones = new Map<string, string[]>();
  for (const [index, zone] of (document.zones ?? []).entries()) {
    if (zones.has(zone.name)) {
      list.error(
        "tariff.zone-twice",
        ["zones", index, "name"],
        `Two zones are called "${zone.name}"; give each a name of its own.`,
      );
    }
    zones.set(zone.name, zone.prefixes);
  }
  return zones;
}

function checkServiceZones(
  service: TariffService,
  zones: ZonePrefixes,
  path: PropertyKey[],
  list: ProblemList,
): void {
  const zoneOfPrefix = new Map<string, string>();
  const named = new Set<string>();
  for (const [index, name] of (service.zones ?? []).entries()) {
    const place = [...path, "zones", index];
    const prefixes = zones.get(name);
    if (prefixes === undefined) {
      list.error("tariff.zone-unknown", place, `There is no zone "${name}"; add it to "zones".`);
      continue;
    }
    if (named.has(name)) {
      list.error("tariff.zone-twice", place, `The zone "${name}" is named twice; remove one.`);
      continue;
    }
    named.add(name);
    for (const prefix of prefixes) {
      const other = zoneOfPrefix.get(prefix);
      if (other !== undefined) {
        list.error(
          "tariff.prefix-twice",
          place,
          `The prefix "${prefix}" is in "${other}" and in "${name}": two prices could match. ` +
            "Remove one of them.",
        );
      }
      zoneOfPrefix.set(prefix, name);
    }
  }
}

function checkPrices(
  document: TariffDocument,
  service: TariffService,
  bands: string[],
  path: PropertyKey[],
  list: ProblemList,
): void {
  for (const [index, price] of service.prices.entries()) {
    const place = [...path, "prices", index];
    checkNames(price, service, bands, place, list);
    checkUnits(price, service, place, list);
    checkCounting(price, service, place, list);
  }
  const serviceZones = service.zones ?? [undefined];
  const by = dimensionsOf(document, service);
  const or0 = (names: string[], matters: boolean) => (matters ? names : [undefined]);
  const areas = or0(
    (document.areas ?? []).map(({ name }) => name),
    by.area,
  );
  const origins = or0(
    (document.origins ?? []).map(({ name }) => name),
    by.origin,
  );
  const classes = or0(classesOfService(document, service.service), by.class);
  const each = bands.length * areas.length * origins.length * classes.length;
  if (serviceZones.length * each > CELLS_MAX) {
    list.error(
      "tariff.too-many-prices",
      path,
      `Zones, bands, areas, origins and classes make ${serviceZones.length * each} prices; at most ` +
        `${CELLS_MAX} are kept. Join some.`,
    );
    return;
  }
  const priceOf = new Map<string, number>();
  const cell = (...names: (string | undefined)[]): string => JSON.stringify(names);
  for (const [index, price] of service.prices.entries()) {
    let told = false;
    for (const zone of price.zones ?? serviceZones) {
      for (const band of price.bands ?? bands) {
        for (const area of price.areas ?? areas) {
          for (const origin of price.origins ?? origins) {
            for (const kind of price.classes ?? classes) {
              const key = cell(zone, band, area, origin, kind);
              const earlier = priceOf.get(key);
              priceOf.set(key, index);
              if (earlier === undefined || told) continue;
              told = true;
              const where = describe(zone, band, area, origin, kind);
              list.error(
                "tariff.price-ambiguous",
                [...path, "prices", index],
                `${where.charAt(0).toUpperCase()}${where.slice(1)} has a price already, in ` +
                  `prices/${earlier}. Remove one, or say for what each is.`,
              );
            }
          }
        }
      }
    }
  }
  for (const [zoneIndex, zone] of serviceZones.entries()) {
    const missing: string[] = [];
    for (const band of bands) {
      for (const area of areas) {
        for (const origin of origins) {
          for (const kind of classes) {
            if (priceOf.has(cell(zone, band, area, origin, kind))) continue;
            missing.push(describe(zone, band, area, origin, kind));
          }
        }
      }
    }
    if (missing.length === 0) continue;
    const more = missing.length > 3 ? `; and ${missing.length - 3} more` : "";
    list.error(
      "tariff.price-missing",
      zone === undefined ? [...path, "prices"] : [...path, "zones", zoneIndex],
      `Without a price: ${missing.slice(0, 3).join("; ")}${more}. Add one; a price of "0" is free.`,
    );
  }
}

function describe(
  zone: string | undefined,
  band: string,
  ...[area, origin, kind]: (string | undefined)[]
): string {
  const parts = [
    zone === undefined ? `the band "${band}"` : `the zone "${zone}" in the band "${band}"`,
    area === undefined ? "" : `area "${area}"`,
    origin === undefined ? "" : `origin "${origin}"`,
    kind === undefined ? "" : `class "${kind}"`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** Counting over more than a record, and free short uses, need prices that allow them. */
function checkCounting(
  price: TariffPrice,
  service: TariffService,
  place: PropertyKey[],
  list: ProblemList,
): void {
  const { counted = "record", chargedFrom } = price;
  if (
    service.measure !== undefined &&
    service.service !== "content" &&
    service.service !== "event"
  ) {
    list.error(
      "tariff.unit-does-not-fit",
      [...place.slice(0, 2), "measure"],
      `${service.service} declares no amount that could be priced; only content and events do.`,
    );
  }
  if (chargedFrom !== undefined && !unitFits(chargedFrom.unit, service)) {
    list.error(
      "tariff.unit-does-not-fit",
      [...place, "chargedFrom", "unit"],
      `${service.service} is not counted in ${chargedFrom.unit}; use one of ` +
        `${unitsOf(service).join(", ")}.`,
    );
  }
  if (counted === "record") return;
  const refuse = (message: string): void =>
    list.error("tariff.counting-does-not-fit", [...place, "counted"], message);
  if (price.minimum !== undefined || price.maximum !== undefined || chargedFrom !== undefined) {
    refuse("What is counted over several records has its bounds in a plan's limits.");
  }
  if (service.bandsAt === "increment-start") {
    refuse("Bands at each increment's start need one record for a session; count each record.");
  }
  if (price.tiers !== undefined && (counted !== "session" || price.tiers.over !== "session")) {
    refuse("Tiers go with counting by record, or over a session with counting by session.");
  }
}

function checkNames(
  price: TariffPrice,
  service: TariffService,
  bands: string[],
  place: PropertyKey[],
  list: ProblemList,
): void {
  for (const [index, zone] of (price.zones ?? []).entries()) {
    if (service.zones?.includes(zone)) continue;
    list.error(
      "tariff.zone-unknown",
      [...place, "zones", index],
      `The service does not name the zone "${zone}"; add it to the service's "zones".`,
    );
  }
  for (const [index, band] of (price.bands ?? []).entries()) {
    if (bands.includes(band)) continue;
    list.error(
      "tariff.band-unknown",
      [...place, "bands", index],
      `The calendar has no band "${band}"; it has "${bands.join('", "')}".`,
    );
  }
}

function checkUnits(
  price: TariffPrice,
  service: TariffService,
  place: PropertyKey[],
  list: ProblemList,
): void {
  const fits = unitsOf(service).join(", ");
  if (price.increments !== undefined && !unitFits(price.increments.unit, service)) {
    list.error(
      "tariff.unit-does-not-fit",
      [...place, "increments", "unit"],
      `${service.service} is not counted in ${price.increments.unit}; use one of ${fits}.`,
    );
  }
  checkPerUnits(price.price, service, [...place, "price"], list);
  checkTiers(price, service, place, list);
  checkIncrements(price.increments, service, place, list);
  const { minimum, maximum } = price;
  if (minimum === undefined || maximum === undefined) return;
  if (parseDecimalNano(minimum) > parseDecimalNano(maximum)) {
    list.error(
      "tariff.minimum-above-maximum",
      [...place, "minimum"],
      `The minimum ${minimum} is above the maximum ${maximum}; exchange them.`,
    );
  }
}
