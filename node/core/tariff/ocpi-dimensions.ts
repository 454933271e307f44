import { hasUseRanges } from "./ocpi-classes.ts";
import {
  type Component,
  KNOWN_KEYS,
  notExpressible,
  type OcpiTariff,
  type Restrictions,
} from "./ocpi-shape.ts";

/** What a document tells apart that OCPI calls time. */
export const TIME_CLASSES = ["parking", "reservation", "reservation-expired", "charging"] as const;
export type TimeClass = (typeof TIME_CLASSES)[number];
export type Dimension = "ENERGY" | "FLAT" | TimeClass;

/** An element's component of one dimension, with its place in the original. */
export interface Placed {
  index: number;
  component: Component;
  restrictions: Restrictions;
  /** A flat fee beside the time of a reservation. */
  fee?: Component;
}

export type Dimensions = Map<Dimension, Placed[]>;

type Reserved = "reservation" | "reservation-expired";
const RESERVED: Record<string, Reserved> = {
  RESERVATION: "reservation",
  RESERVATION_EXPIRES: "reservation-expired",
};

/**
 * The components of each dimension in the order of their elements: for each dimension the first
 * element that holds and has a component of it counts, and none after one that always holds.
 * @throws TallystickError `import.not-expressible`
 */
export function dimensionsOf({ elements }: OcpiTariff): Dimensions {
  const found: Dimensions = new Map();
  const fees = new Map<Reserved, Placed>();
  for (const [index, { restrictions = {}, price_components }] of elements.entries()) {
    const place = `elements/${index}`;
    for (const key of Object.keys(restrictions)) {
      if (KNOWN_KEYS.includes(key)) continue;
      throw notExpressible(
        `${place}/restrictions/${key}`,
        `A restriction by ${key} can not be said.`,
      );
    }
    const reserved = reservedBy(restrictions.reservation, place);
    for (const [at, component] of price_components.entries()) {
      if (price_components.findIndex(({ type }) => type === component.type) < at) {
        throw notExpressible(
          `${place}/price_components/${at}`,
          `The element has two prices of ${component.type}, and OCPI does not say which counts; keep one.`,
        );
      }
      const one: Placed = { index, component, restrictions };
      if (reserved !== undefined && component.type === "FLAT") addFee(fees, reserved, one);
      else add(found, dimensionOf(component, reserved, place), one);
    }
  }
  withFees(found, fees);
  return found;
}

function add(found: Dimensions, dimension: Dimension, one: Placed): void {
  const placed = found.get(dimension) ?? [];
  found.set(dimension, placed);
  if (!placed.some(({ restrictions }) => isAlways(restrictions))) placed.push(one);
}

const isAlways = (restrictions: Restrictions): boolean =>
  !hasTimes(restrictions) && !hasUseRanges(restrictions);

export const hasTimes = (restrictions: Restrictions): boolean =>
  (restrictions.day_of_week ?? []).length > 0 ||
  ["start_time", "end_time", "start_date", "end_date"].some((key) => key in restrictions);

function reservedBy(reservation: string | undefined, place: string): Reserved | undefined {
  if (reservation === undefined) return undefined;
  const reserved = RESERVED[reservation];
  if (reserved !== undefined) return reserved;
  throw notExpressible(
    `${place}/restrictions/reservation`,
    `The kind of reservation ${reservation} can not be said.`,
  );
}

function addFee(fees: Map<Reserved, Placed>, reserved: Reserved, fee: Placed): void {
  if (!isAlways(fee.restrictions)) {
    throw notExpressible(
      `elements/${fee.index}/price_components`,
      "A fee of a reservation can depend neither on the time nor on the use.",
    );
  }
  if (!fees.has(reserved)) fees.set(reserved, fee);
}

/**
 * A fee is the set-up fee of the time. What the elements of an expired reservation leave open costs as
 * in any reservation (mod_tariffs, ReservationRestrictionType).
 */
function withFees(found: Dimensions, fees: ReadonlyMap<Reserved, Placed>): void {
  const expires = found.has("reservation-expired") || fees.has("reservation-expired");
  const times = found.get("reservation");
  for (const reserved of ["reservation", "reservation-expired"] as const) {
    if (reserved === "reservation-expired" && !expires) return;
    const fee = fees.get(reserved) ?? fees.get("reservation");
    const placed =
      found.get(reserved) ?? times ?? (fee === undefined ? undefined : [freeTime(fee)]);
    if (placed === undefined) continue;
    found.set(
      reserved,
      fee === undefined ? placed : placed.map((one) => ({ ...one, fee: fee.component })),
    );
  }
}

/** A reservation that costs its fee alone. */
const freeTime = (fee: Placed): Placed => ({
  ...fee,
  component: { ...fee.component, type: "TIME", price: 0, step_size: 1 },
});

function dimensionOf(
  { type }: Component,
  reserved: Reserved | undefined,
  place: string,
): Dimension {
  if (reserved === undefined) {
    return type === "TIME" ? "charging" : type === "PARKING_TIME" ? "parking" : type;
  }
  if (type === "TIME") return reserved;
  throw notExpressible(
    `${place}/price_components`,
    "A reservation is priced by a fee and by time alone.",
  );
}
