import { parseDecimalNano } from "../money/decimal.ts";
import {
  checkBandsAtIncrements,
  checkIncrements,
  checkPerUnits,
  checkTiers,
} from "./check-tiers.ts";
import type { TariffDocument, TariffPrice, TariffService } from "./document.ts";
import type { ProblemList } from "./problem.ts";
import { unitFits, unitsOf } from "./units.ts";

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
    for (const name of service.zones ?? []) usedZones.add(name);
    checkServiceZones(service, zones, path, list);
    checkPrices(service, bands, path, list);
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
  service: TariffService,
  bands: string[],
  path: PropertyKey[],
  list: ProblemList,
): void {
  const serviceZones = service.zones ?? [undefined];
  const priceOf = new Map<string, number>();
  const cell = (zone: string | undefined, band: string): string => JSON.stringify([zone, band]);
  for (const [index, price] of service.prices.entries()) {
    const place = [...path, "prices", index];
    checkNames(price, service, bands, place, list);
    checkUnits(price, service, place, list);
    for (const zone of price.zones ?? serviceZones) {
      for (const band of price.bands ?? bands) {
        const earlier = priceOf.get(cell(zone, band));
        if (earlier !== undefined) {
          list.error(
            "tariff.price-ambiguous",
            place,
            `${describe(zone, band)} has a price already, in prices/${earlier}. Remove one, or ` +
              "say for which zones and bands each is.",
          );
        }
        priceOf.set(cell(zone, band), index);
      }
    }
  }
  for (const [zoneIndex, zone] of serviceZones.entries()) {
    const missing = bands.filter((band) => !priceOf.has(cell(zone, band)));
    if (missing.length === 0) continue;
    list.error(
      "tariff.price-missing",
      zone === undefined ? [...path, "prices"] : [...path, "zones", zoneIndex],
      `${describe(zone, missing.join('", "'))} has no price. Add one; a price of "0" is free.`,
    );
  }
}

function describe(zone: string | undefined, band: string): string {
  return zone === undefined ? `The band "${band}"` : `The zone "${zone}" in the band "${band}"`;
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
  { service }: TariffService,
  place: PropertyKey[],
  list: ProblemList,
): void {
  const fits = unitsOf(service).join(", ");
  if (price.increments !== undefined && !unitFits(price.increments.unit, service)) {
    list.error(
      "tariff.unit-does-not-fit",
      [...place, "increments", "unit"],
      `${service} is not counted in ${price.increments.unit}; use one of ${fits}.`,
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
