import { parseDecimalNano, parseDecimalScaled } from "../money/decimal.ts";
import type { Service } from "../records/usage-record.ts";
import { bandNames } from "./calendar.ts";
import { classNames } from "./conditions.ts";
import type { TariffDocument, TariffPlan, TariffService } from "./document.ts";
import { EVERYTHING, TAXABLE } from "./document-plans.ts";
import type { ProblemList } from "./problem.ts";
import { unitFits, unitsOf } from "./units.ts";

type Allowance = NonNullable<TariffPlan["allowances"]>[number];
type Use = Allowance["uses"][number];

const PERCENT_DIGITS = 7;

/** Plans: names that are told apart, uses that exist, and one way to read each entry. */
export function checkPlans(document: TariffDocument, list: ProblemList): void {
  const { plans = [], defaultPlan } = document;
  checkNamesDiffer(plans, ["plans"], list);
  if (defaultPlan !== undefined && !plans.some(({ name }) => name === defaultPlan)) {
    list.error(
      "tariff.plan-unknown",
      ["defaultPlan"],
      `There is no plan "${defaultPlan}"; add it.`,
    );
  }
  for (const [index, plan] of plans.entries()) {
    const place = ["plans", index];
    for (const part of ["allowances", "limits", "itemDiscounts", "sponsored"] as const) {
      checkNamesDiffer(plan[part] ?? [], [...place, part], list);
      for (const [entryIndex, { uses }] of (plan[part] ?? []).entries()) {
        checkUses(uses ?? [], document, [...place, part, entryIndex, "uses"], list);
      }
    }
    for (const part of ["recurring", "oneOff"] as const) {
      checkNamesDiffer(plan[part] ?? [], [...place, part], list);
    }
    for (const [entryIndex, allowance] of (plan.allowances ?? []).entries()) {
      checkAllowance(allowance, document, [...place, "allowances", entryIndex], list);
    }
    checkLimits(plan, place, list);
    checkDiscounts(plan, place, list);
    checkDiscounted(plan, document, place, list);
  }
}

function checkNamesDiffer(
  entries: readonly { name: string }[],
  place: PropertyKey[],
  list: ProblemList,
): void {
  const seen = new Set<string>();
  for (const [index, { name }] of entries.entries()) {
    if (seen.has(name)) {
      list.error(
        "tariff.name-twice",
        [...place, index, "name"],
        `"${name}" stands twice; give each a name of its own.`,
      );
    }
    seen.add(name);
  }
}

function checkUses(
  uses: readonly Use[],
  document: TariffDocument,
  place: PropertyKey[],
  list: ProblemList,
): void {
  const bands = bandNames(document);
  const areas = (document.areas ?? []).map(({ name }) => name);
  const classes = classNames(document);
  for (const [index, use] of uses.entries()) {
    const { service, direction, zones, bands: named } = use;
    const sold = document.services.filter(
      (one) =>
        one.service === service &&
        (direction === undefined || (one.direction ?? "none") === direction),
    );
    if (sold.length === 0) {
      list.error(
        "tariff.use-unknown",
        [...place, index],
        sold.length === 0 && !document.services.some((one) => one.service === service)
          ? `The tariff has no prices for ${service}; add them, or remove this use.`
          : `The tariff has no prices for ${service}, direction ${direction}; correct it, or leave the direction out.`,
      );
    }
    for (const zone of zones ?? []) {
      if (sold.some((one) => one.zones?.includes(zone))) continue;
      list.error(
        "tariff.zone-unknown",
        [...place, index, "zones"],
        `${service} is not priced by a zone "${zone}"; correct it, or add it to the service's "zones".`,
      );
    }
    for (const band of named ?? []) {
      if (bands.includes(band)) continue;
      list.error(
        "tariff.band-unknown",
        [...place, index, "bands"],
        `The calendar has no band "${band}"; it has "${bands.join('", "')}".`,
      );
    }
    const unknown = [
      ...(use.areas ?? []).filter((name) => !areas.includes(name)),
      ...(use.classes ?? []).filter((name) => !classes.includes(name)),
    ];
    for (const name of unknown) {
      list.error(
        "tariff.condition-unknown",
        [...place, index],
        `The document has no area or class "${name}"; correct it.`,
      );
    }
  }
}

function checkAllowance(
  allowance: Allowance,
  { services }: TariffDocument,
  place: PropertyKey[],
  list: ProblemList,
): void {
  const { units, money, rollover, burns, setUp } = allowance;
  if ((units === undefined) === (money === undefined)) {
    list.error(
      "tariff.units-or-money",
      place,
      `An allowance has either units or money; ${units === undefined ? "add" : "remove"} one of them.`,
    );
    return;
  }
  if (units === undefined && (burns !== undefined || setUp !== undefined)) {
    list.error(
      "tariff.units-or-money",
      place,
      "Money pays amounts; burns and setUp are for allowances of units.",
    );
  }
  const cap = rollover?.cap;
  if (cap !== undefined && "money" in cap !== (money !== undefined)) {
    list.error(
      "tariff.units-or-money",
      [...place, "rollover", "cap"],
      "An allowance of units has a cap of units, one of money a cap of money.",
    );
  }
  const { granted = "period", validDays, firstPeriod } = allowance;
  const isOnce = granted === "once";
  const isMixed = isOnce
    ? rollover !== undefined || firstPeriod !== undefined
    : validDays !== undefined;
  if (isMixed) {
    list.error(
      "tariff.grant-malformed",
      place,
      "validDays is for what is granted once; rollover and firstPeriod for what each period grants.",
    );
  }
  const named = [
    [["units"], units],
    [["rollover", "cap"], cap !== undefined && !("money" in cap) ? cap : undefined],
  ] as const;
  for (const [path, one] of named) {
    if (one === undefined) continue;
    for (const { service } of allowance.uses) {
      // A service can be sold by its count and by the amount that its records declare.
      const sold = services.filter((other) => other.service === service);
      if (sold.some((other) => unitFits(one.unit, other))) continue;
      if (sold.length === 0 && unitFits(one.unit, service)) continue;
      list.error(
        "tariff.unit-does-not-fit",
        [...place, ...path],
        `${service} is not counted in ${one.unit}; use one of ${unitsOfAll(service, sold)}. ` +
          "Services that are counted apart share an allowance of money.",
      );
    }
  }
}

function checkLimits({ limits = [] }: TariffPlan, place: PropertyKey[], list: ProblemList): void {
  for (const [index, { minimum, maximum }] of limits.entries()) {
    const at = [...place, "limits", index];
    if (minimum === undefined && maximum === undefined) {
      list.error("tariff.limit-empty", at, "A limit has a minimum, a maximum or both; add one.");
    } else if (
      minimum !== undefined &&
      maximum !== undefined &&
      parseDecimalNano(minimum) > parseDecimalNano(maximum)
    ) {
      list.error(
        "tariff.minimum-above-maximum",
        at,
        `The minimum ${minimum} is above the maximum ${maximum}; exchange them.`,
      );
    }
  }
}

function checkDiscounts(plan: TariffPlan, place: PropertyKey[], list: ProblemList): void {
  for (const [index, { percent = "100" }] of (plan.sponsored ?? []).entries()) {
    if (scaled(percent) <= scaled("100")) continue;
    const at = [...place, "sponsored", index, "percent"];
    list.error(
      "tariff.discount-malformed",
      at,
      `${percent} % is more than there is to pay; write at most 100.`,
    );
  }
  const checkPercent = (percent: string, at: PropertyKey[]): void => {
    if (scaled(percent) <= scaled("100")) return;
    list.error(
      "tariff.discount-malformed",
      at,
      `${percent} % is more than there is to take; write at most 100.`,
    );
  };
  for (const [index, { percent }] of (plan.itemDiscounts ?? []).entries()) {
    checkPercent(percent, [...place, "itemDiscounts", index, "percent"]);
  }
  for (const [index, discount] of (plan.periodDiscounts ?? []).entries()) {
    const at = [...place, "periodDiscounts", index];
    const { percent, amount, ladder } = discount;
    if ([percent, amount, ladder].filter((one) => one !== undefined).length !== 1) {
      list.error(
        "tariff.discount-malformed",
        at,
        "A period discount has one of percent, amount and ladder, and no other.",
      );
    }
    if (percent !== undefined) checkPercent(percent, [...at, "percent"]);
    for (const [rung, { from, percent: share }] of (ladder ?? []).entries()) {
      checkPercent(share, [...at, "ladder", rung]);
      const before = ladder?.[rung - 1]?.from;
      if (before === undefined || parseDecimalNano(before) < parseDecimalNano(from)) continue;
      list.error(
        "tariff.discount-malformed",
        [...at, "ladder", rung],
        "Each rung begins above the one before it; put them in order.",
      );
    }
  }
}

/** A discount of something that nothing is ever charged for would be silent. */
function checkDiscounted(
  plan: TariffPlan,
  { services: sold }: TariffDocument,
  place: PropertyKey[],
  list: ProblemList,
): void {
  const { recurring = [], oneOff = [], limits = [] } = plan;
  const charged = new Set<string>([
    EVERYTHING,
    ...sold.map(({ service }) => service),
    ...(recurring.length > 0 ? ["recurring"] : []),
    ...(oneOff.length > 0 ? ["one-off"] : []),
    ...(limits.some(({ minimum }) => minimum !== undefined) ? ["period-end"] : []),
  ]);
  const feeNames = new Set([...recurring, ...oneOff].map(({ name }) => name));
  for (const [index, { services, of, fees = [] }] of (plan.periodDiscounts ?? []).entries()) {
    const at = [...place, "periodDiscounts", index];
    if (services !== undefined && (of !== undefined || fees.length > 0)) {
      const message = "A period discount names services alone, or of and fees; move them there.";
      list.error("tariff.discount-malformed", [...at, "services"], message);
    }
    if (of?.includes(EVERYTHING) && (of.length > 1 || fees.length > 0)) {
      const message = `"${EVERYTHING}" holds all that stands beside it; remove the one or the other.`;
      list.error("tariff.discount-malformed", [...at, "of"], message);
    }
    for (const [entry, service] of (services ?? []).entries()) {
      if (charged.has(service)) continue;
      const message = `The tariff sells no ${service}: nothing is taken off it. Correct it, or remove it.`;
      list.warning("tariff.discount-of-nothing", [...at, "services", entry], message);
    }
    for (const [key, names, known] of [
      ["of", of ?? [], charged],
      ["fees", fees, feeNames],
    ] as const) {
      for (const [entry, name] of names.entries()) {
        if (known.has(name)) continue;
        const message = `Nothing is charged for "${name}" by this plan; correct it.`;
        list.error("tariff.discount-of-nothing", [...at, key, entry], message);
      }
    }
  }
}

const scaled = (percent: string): bigint => parseDecimalScaled(percent, PERCENT_DIGITS);

/** What is in a price once can not be in it twice. */
export function checkTaxes({ taxes = [], services }: TariffDocument, list: ProblemList): void {
  checkNamesDiffer(taxes, ["taxes"], list);
  const categories = services.flatMap(({ prices }) =>
    prices.flatMap(({ taxCategory, setUpTaxCategory }) => [taxCategory, setUpTaxCategory]),
  );
  for (const [index, { of = [] }] of taxes.entries()) {
    for (const [place, what] of of.entries()) {
      if (TAXABLE.includes(what) || categories.includes(what)) continue;
      list.error(
        "tariff.tax-of-nothing",
        ["taxes", index, "of", place],
        `"${what}" is no service, no kind of line and no price's tax category; correct it.`,
      );
    }
  }
  checkCategories({ taxes, services }, list);
  for (const [index, { of, included }] of taxes.entries()) {
    const overlapping = taxes.some(
      (other, otherIndex) =>
        otherIndex < index &&
        (included === true || other.included === true) &&
        (of === undefined || other.of === undefined || of.some((one) => other.of?.includes(one))),
    );
    if (!overlapping) continue;
    list.error(
      "tariff.tax-twice",
      ["taxes", index],
      "An included tax shares what it is on with another tax; give each its own.",
    );
  }
}

/** A category that no tax names is taxed as its service: perhaps a slip of the pen. */
function checkCategories(
  { taxes = [], services }: Pick<TariffDocument, "taxes" | "services">,
  list: ProblemList,
): void {
  if (taxes.length === 0) return;
  for (const [serviceIndex, { service, prices }] of services.entries()) {
    for (const [index, { taxCategory }] of prices.entries()) {
      if (taxCategory === undefined) continue;
      if (taxes.some(({ of }) => of?.includes(taxCategory))) continue;
      list.warning(
        "tariff.tax-category-unused",
        ["services", serviceIndex, "prices", index, "taxCategory"],
        `No tax is of "${taxCategory}": it is taxed as ${service}. Name it in a tax, or remove it.`,
      );
    }
  }
}

const unitsOfAll = (service: Service, sold: readonly TariffService[]): string =>
  [...new Set((sold.length === 0 ? [service] : sold).flatMap((one) => unitsOf(one)))].join(", ");
