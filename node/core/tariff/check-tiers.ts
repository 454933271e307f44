import type { TariffPrice, TariffService } from "./document.ts";
import type { ProblemList } from "./problem.ts";
import { baseUnitOf, unitFits, unitSize, unitsOf } from "./units.ts";

const FOUR_BYTES_MAX = 0xffff_ffffn;
const DAY_MILLISECONDS = 86_400_000n;

type Service = Pick<TariffService, "service" | "measure">;
type Tiers = NonNullable<TariffPrice["tiers"]>;
type Step = Tiers["steps"][number];

export function checkPerUnits(
  price: TariffPrice["price"],
  service: Service,
  place: PropertyKey[],
  list: ProblemList,
): void {
  if (price === undefined) return;
  if (!unitFits(price.unit, service)) {
    list.error(
      "tariff.unit-does-not-fit",
      [...place, "unit"],
      `${service.service} is not counted in ${price.unit}; use one of ${unitsOf(service).join(", ")}.`,
    );
  }
  if (BigInt(price.per) * unitSize(price.unit) >= 2n ** 64n) {
    list.error(
      "tariff.unit-too-large",
      [...place, "per"],
      `${price.per} ${price.unit} is more than can be counted; use a smaller unit.`,
    );
  }
}

export function checkIncrements(
  increments: TariffPrice["increments"],
  service: Service,
  place: PropertyKey[],
  list: ProblemList,
): void {
  if (increments === undefined) {
    if (isCountedSingly(service)) return;
    list.error(
      "tariff.increments-missing",
      place,
      `Say how use is counted: "increments": ${INCREMENTS_EXAMPLE[baseUnitOf(service)] ?? INCREMENTS_EXAMPLE.millisecond}.`,
    );
    return;
  }
  for (const key of ["first", "further"] as const) {
    if (BigInt(increments[key]) * unitSize(increments.unit) <= FOUR_BYTES_MAX) continue;
    list.error(
      "tariff.increment-too-large",
      [...place, "increments", key],
      `${increments[key]} ${increments.unit} is too large an increment: at most ${FOUR_BYTES_MAX} ` +
        `${baseUnitOf(service)}s.`,
    );
  }
}

const INCREMENTS_EXAMPLE: Partial<Record<string, string>> = {
  millisecond: '{"first": 60, "further": 1, "unit": "s"}',
  octet: '{"first": 1, "further": 1, "unit": "KB"}',
  "milliwatt-hour": '{"first": 1, "further": 1, "unit": "Wh"}',
};

/** Messages and amounts need no increments: one unit is one. */
const isCountedSingly = (service: Service): boolean =>
  baseUnitOf(service) === "unit" || baseUnitOf(service) === "nano-unit";

/** A price or tiers, never both; tiers that follow each other and say what each costs. */
export function checkTiers(
  price: TariffPrice,
  service: Service,
  place: PropertyKey[],
  list: ProblemList,
): void {
  const { tiers } = price;
  if ((price.price === undefined) === (tiers === undefined)) {
    list.error(
      "tariff.price-or-tiers",
      place,
      tiers === undefined
        ? 'A price has either "price" or "tiers"; add one of them, "0" for what is free.'
        : 'A price has either "price" or "tiers"; remove one of them.',
    );
  }
  if (tiers === undefined) return;
  const at = [...place, "tiers"];
  if (!unitFits(tiers.unit, service)) {
    list.error(
      "tariff.unit-does-not-fit",
      [...at, "unit"],
      `${service.service} is not counted in ${tiers.unit}; use one of ${unitsOf(service).join(", ")}.`,
    );
    return;
  }
  checkTierKind(price, tiers, at, list);
  let below = 0;
  for (const [index, step] of tiers.steps.entries()) {
    const path = [...at, "steps", index];
    checkPerUnits(step.price, service, [...path, "price"], list);
    checkPerUnits(step.package, service, [...path, "package"], list);
    checkStepCost(step, tiers, path, list);
    checkWholePackages(step, below, tiers, path, list);
    const isLast = index === tiers.steps.length - 1;
    if ((step.upTo === undefined) !== isLast || (step.upTo ?? below + 1) <= below) {
      list.error(
        "tariff.tier-out-of-order",
        [...path, "upTo"],
        isLast
          ? `The last tier has no end: leave its upTo out, or add a tier for what is above ${step.upTo}.`
          : step.upTo === undefined
            ? "Only the last tier has no end; say its upTo."
            : `Each tier ends after the one before it; ${step.upTo} does not come after ${below}.`,
      );
    }
    if (BigInt(step.upTo ?? 0) * unitSize(tiers.unit) >= 2n ** 64n) {
      list.error(
        "tariff.unit-too-large",
        [...path, "upTo"],
        `${step.upTo} ${tiers.unit} is more than can be counted.`,
      );
    }
    below = step.upTo ?? below;
    if (step.increments === undefined) continue;
    if (!unitFits(step.increments.unit, service)) {
      list.error(
        "tariff.unit-does-not-fit",
        [...path, "increments", "unit"],
        `${service.service} is not counted in ${step.increments.unit}; use one of ${unitsOf(service).join(", ")}.`,
      );
    }
    checkIncrements(step.increments, service, path, list);
  }
  if (!list.hasErrors && tiers.over === "session") checkTierEnds(price, tiers, at, list);
}

const isAtEnd = ({ kind }: Tiers): boolean => kind === "volume" || kind === "stair-step";

function checkTierKind(
  price: TariffPrice,
  tiers: Tiers,
  place: PropertyKey[],
  list: ProblemList,
): void {
  const refuse = (message: string): void => list.error("tariff.tiers-do-not-fit", place, message);
  if (tiers.over === "session" && tiers.kind !== "graduated") {
    refuse(
      `${tiers.kind} tiers stand over a device, account or pool; over a session write graduated.`,
    );
  }
  if (tiers.over === "session" && tiers.counter !== undefined) {
    refuse("Tiers over a session move no counter; remove its name.");
  }
  if (tiers.window !== undefined && (tiers.over === "session" || isAtEnd(tiers))) {
    refuse("A window is for graduated tiers and packages over a device, account or pool.");
  }
  const { window } = tiers;
  if (window !== undefined && BigInt(window.quantity) * unitSize(window.unit) > DAY_MILLISECONDS) {
    refuse("A window is a day at most; what is counted for longer is counted by billing period.");
  }
  if (tiers.kind === "package" && tiers.steps.length > 1) {
    refuse(
      "A package has one step: its price per as many units as are in it. For several sizes, or free units " +
        'before them, write graduated tiers whose steps have a "package".',
    );
  }
  const hasBounds = [price.setUp, price.minimum, price.maximum].some((one) => one !== undefined);
  if (isAtEnd(tiers) && hasBounds) {
    refuse(`${tiers.kind} is charged at the period's end: it has no setUp, minimum or maximum.`);
  }
  if (tiers.over !== "session" && tiers.steps.some((step) => step.increments !== undefined)) {
    refuse("Increments of a tier are for tiers over a session; say the price's increments.");
  }
}

const COST_OF_STEP: Record<Tiers["kind"], string> = {
  graduated: "Each step of graduated has a price or a package, a fee, or one of them and a fee.",
  volume: "Each step of volume has a price or a package, a fee, or one of them and a fee.",
  package: "The step of package has a price, of one package, and nothing else.",
  "stair-step": "Each step of stair-step has a fee and nothing else.",
};

function checkStepCost(
  { price, package: packages, fee }: Step,
  { kind }: Tiers,
  place: PropertyKey[],
  list: ProblemList,
): void {
  const hasUnits = price !== undefined || packages !== undefined;
  const fits = {
    graduated: hasUnits || fee !== undefined,
    volume: hasUnits || fee !== undefined,
    package: price !== undefined && fee === undefined,
    "stair-step": !hasUnits && fee !== undefined,
  };
  const isOneOnly = packages === undefined || (price === undefined && kind !== "package");
  if (fits[kind] && isOneOnly) return;
  list.error("tariff.tier-cost", place, COST_OF_STEP[kind]);
}

/** Where a package straddled a tier's end, the price of what is left of it would be open. */
function checkWholePackages(
  { package: packages, upTo }: Step,
  below: number,
  { kind, unit }: Tiers,
  place: PropertyKey[],
  list: ProblemList,
): void {
  if (kind !== "graduated" || packages === undefined || upTo === undefined) return;
  const size = (BigInt(upTo) - BigInt(below)) * unitSize(unit);
  if (size % (BigInt(packages.per) * unitSize(packages.unit)) === 0n) return;
  list.error(
    "tariff.tier-not-on-package",
    [...place, "upTo"],
    `The tier ends within a package of ${packages.per} ${packages.unit}; let it hold whole packages.`,
  );
}

/** Where increments straddled a tier's end, the unit's price would be open. */
function checkTierEnds(
  price: TariffPrice,
  tiers: Tiers,
  place: PropertyKey[],
  list: ProblemList,
): void {
  let counted = price.increments ?? { first: 1, further: 1, unit: "unit" as const };
  let from = 0n;
  for (const [index, { upTo, increments }] of tiers.steps.entries()) {
    if (increments !== undefined) counted = increments;
    else if (index > 0) counted = { ...counted, first: counted.further };
    if (upTo === undefined) return;
    const size = BigInt(upTo) * unitSize(tiers.unit) - from;
    from += size;
    const first = BigInt(counted.first) * unitSize(counted.unit);
    const further = BigInt(counted.further) * unitSize(counted.unit);
    if (size >= first && (size - first) % further === 0n) continue;
    list.error(
      "tariff.tier-not-on-increment",
      [...place, "steps", index, "upTo"],
      "The tier ends within an increment; let it hold whole increments.",
    );
  }
}

/** Increments that run on over a change of band must be the same on both of its sides. */
export function checkBandsAtIncrements(
  service: TariffService,
  path: PropertyKey[],
  list: ProblemList,
): void {
  if (service.bandsAt !== "increment-start") return;
  if (baseUnitOf(service) !== "millisecond") {
    list.error(
      "tariff.bands-need-time",
      [...path, "bandsAt"],
      `The increments of ${service.service} have no time of their own; use session-start.`,
    );
    return;
  }
  const [first] = service.prices;
  for (const [index, price] of service.prices.entries()) {
    const place = [...path, "prices", index];
    if (price.tiers !== undefined) {
      list.error(
        "tariff.tiers-do-not-fit",
        [...place, "tiers"],
        "Tiers need one band for a whole session; use session-start.",
      );
    }
    if (JSON.stringify(sizesOf(price)) === JSON.stringify(sizesOf(first))) continue;
    list.error(
      "tariff.increments-differ",
      [...place, "increments"],
      "Increments run on over a change of band: all prices of the service need the same ones.",
    );
  }
}

function sizesOf(price: TariffPrice | undefined): number[] {
  if (price?.increments === undefined) return [];
  const { first, further, unit } = price.increments;
  return [first, further].map((size) => Number(BigInt(size) * unitSize(unit)));
}
