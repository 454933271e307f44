import { parseDecimalNano } from "../money/decimal.ts";
import { MEASURES } from "./class-measures.ts";
import { classNames } from "./conditions.ts";
import type { TariffDocument } from "./document.ts";
import type { ProblemList } from "./problem.ts";

/** Areas, origins and classes: what is told apart has one place, and what is named exists. */
export function checkConditions(document: TariffDocument, list: ProblemList): void {
  const { areas = [], origins = [], classes } = document;
  checkPlaces("areas", areas, ({ networks }) => networks, list);
  checkPlaces("origins", origins, ({ prefixes }) => prefixes, list);
  for (const flag of ["unstated"] as const) {
    checkOnce(
      "areas",
      flag,
      areas.map((one) => one[flag] === true),
      list,
    );
  }
  for (const flag of ["withheld", "invalid"] as const) {
    checkOnce(
      "origins",
      flag,
      origins.map((one) => one[flag] === true),
      list,
    );
  }
  for (const [index, { networks, unstated }] of areas.entries()) {
    if (networks === undefined && unstated === undefined) empty(["areas", index], list);
  }
  for (const [index, { prefixes, withheld, invalid }] of origins.entries()) {
    const isEmpty = prefixes === undefined && withheld === undefined && invalid === undefined;
    if (isEmpty) empty(["origins", index], list);
  }
  const seen = new Set<string>();
  for (const name of classNames(document)) {
    if (seen.has(name)) twice(["classes"], name, list);
    seen.add(name);
  }
  for (const [classIndex, { when }] of (classes?.classes ?? []).entries()) {
    for (const [index, time] of when.entries()) {
      const path = ["classes", "classes", classIndex, "when", index];
      if (Object.keys(time).length === 0) empty(path, list);
      for (const measure of MEASURES) {
        const range = time[measure];
        if (range !== undefined && !canHold(range)) empty([...path, measure], list);
      }
    }
  }
  checkNames(document, list);
}

function canHold({
  from,
  below,
}: {
  from?: string | undefined;
  below?: string | undefined;
}): boolean {
  if (from === undefined || below === undefined) return from !== below;
  return parseDecimalNano(from) < parseDecimalNano(below);
}

function checkPlaces<T extends { name: string }>(
  key: "areas" | "origins",
  entries: readonly T[],
  prefixesOf: (entry: T) => readonly string[] | undefined,
  list: ProblemList,
): void {
  const seen = new Set<string>();
  const placeOf = new Map<string, string>();
  for (const [index, entry] of entries.entries()) {
    if (seen.has(entry.name)) twice([key, index, "name"], entry.name, list);
    seen.add(entry.name);
    for (const prefix of prefixesOf(entry) ?? []) {
      const other = placeOf.get(prefix);
      if (other !== undefined) {
        list.error(
          "tariff.prefix-twice",
          [key, index],
          `"${prefix}" is in "${other}" and in "${entry.name}": two prices could match. Remove one.`,
        );
      }
      placeOf.set(prefix, entry.name);
    }
  }
}

function checkOnce(key: string, flag: string, held: readonly boolean[], list: ProblemList): void {
  const first = held.indexOf(true);
  const second = held.indexOf(true, first + 1);
  if (first < 0 || second < 0) return;
  list.error(
    "tariff.prefix-twice",
    [key, second, flag],
    `Another of the ${key} is for what is ${flag}: two prices could match. Remove one.`,
  );
}

function empty(place: PropertyKey[], list: ProblemList): void {
  list.error(
    "tariff.condition-empty",
    place,
    "It says nothing that could hold; add what it is for.",
  );
}

function twice(place: PropertyKey[], name: string, list: ProblemList): void {
  list.error("tariff.name-twice", place, `"${name}" stands twice.`);
}

/** Prices name what the document has. */
function checkNames(document: TariffDocument, list: ProblemList): void {
  const known = {
    areas: (document.areas ?? []).map(({ name }) => name),
    origins: (document.origins ?? []).map(({ name }) => name),
    classes: classNames(document),
  };
  for (const [serviceIndex, { prices }] of document.services.entries()) {
    for (const [priceIndex, price] of prices.entries()) {
      for (const key of ["areas", "origins", "classes"] as const) {
        for (const [index, name] of (price[key] ?? []).entries()) {
          if (known[key].includes(name)) continue;
          list.error(
            "tariff.condition-unknown",
            ["services", serviceIndex, "prices", priceIndex, key, index],
            known[key].length === 0
              ? `The document has no ${key}; add "${key}" with "${name}" to it.`
              : `The document's ${key} have no "${name}"; it has "${known[key].join('", "')}".`,
          );
        }
      }
    }
  }
}
