import type { CalendarTime, TariffPrice, TariffService } from "./document.ts";
import {
  amount,
  type Component,
  type Element,
  KNOWN_KEYS,
  netOf,
  notExpressible,
  type OcpiTariff,
} from "./ocpi-shape.ts";

/** What a document tells apart that OCPI calls time. */
export const TIME_CLASSES = ["parking", "reservation", "reservation-expired", "charging"] as const;
export type Dimension = "ENERGY" | "FLAT" | (typeof TIME_CLASSES)[number];

/** An element's component of one dimension, with its place in the original. */
export interface Placed {
  index: number;
  component: Component;
  restrictions: Element["restrictions"];
  /** A flat fee beside the time of a reservation. */
  fee?: Component;
}

type Reserved = "reservation" | "reservation-expired";
const RESERVED: Record<string, Reserved> = {
  RESERVATION: "reservation",
  RESERVATION_EXPIRES: "reservation-expired",
};

/**
 * The components of each dimension in the order of their elements: for each dimension the first
 * element that holds and has a component of it counts, and none after one that always holds.
 */
export function dimensionsOf({ elements }: OcpiTariff): Map<Dimension, Placed[]> {
  const found = new Map<Dimension, Placed[]>();
  const fees = new Map<Reserved, Placed>();
  for (const [index, { restrictions, price_components }] of elements.entries()) {
    const place = `elements/${index}`;
    for (const key of Object.keys(restrictions ?? {})) {
      if (KNOWN_KEYS.some((known) => known === key)) continue;
      throw notExpressible(
        `${place}/restrictions/${key}`,
        `A restriction by ${key} can not be said.`,
      );
    }
    const reserved = reservedBy(restrictions?.reservation, place);
    for (const component of price_components) {
      if (reserved !== undefined && component.type === "FLAT") {
        addFee(fees, reserved, { index, component, restrictions });
        continue;
      }
      const dimension = dimensionOf(component, reserved, place);
      const placed = found.get(dimension) ?? [];
      found.set(dimension, placed);
      if (placed.some((one) => !hasTimes(one.restrictions))) continue;
      placed.push({ index, component, restrictions });
    }
  }
  withFees(found, fees);
  return found;
}

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
  if (hasTimes(fee.restrictions)) {
    throw notExpressible(
      `elements/${fee.index}/price_components`,
      "A fee of a reservation can not depend on the time.",
    );
  }
  if (!fees.has(reserved)) fees.set(reserved, fee);
}

/**
 * A fee is the set-up fee of the time. What the elements of an expired reservation leave open costs as
 * in any reservation (mod_tariffs, ReservationRestrictionType).
 */
function withFees(found: Map<Dimension, Placed[]>, fees: ReadonlyMap<Reserved, Placed>): void {
  const expires = found.has("reservation-expired") || fees.has("reservation-expired");
  const times = found.get("reservation");
  for (const reserved of ["reservation", "reservation-expired"] as const) {
    if (reserved === "reservation-expired" && !expires) return;
    const fee = fees.get(reserved) ?? fees.get("reservation");
    const placed =
      found.get(reserved) ?? times ?? (fee === undefined ? undefined : [freeTime(fee)]);
    if (placed === undefined) continue;
    if (fee !== undefined && placed.some(({ component }) => component.vat !== fee.component.vat)) {
      throw notExpressible(
        `elements/${fee.index}/price_components`,
        "Fee and time of a reservation have different rates of VAT.",
      );
    }
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

export const hasTimes = (
  restrictions: Element["restrictions"],
): restrictions is NonNullable<Element["restrictions"]> =>
  restrictions !== undefined &&
  ["start_time", "end_time", "day_of_week"].some((key) => key in restrictions);

/** A fee that stands beside the metered price wherever that stands is its set-up fee. */
export function hasFlatBeside(
  found: Map<Dimension, Placed[]>,
  metered: Dimension | undefined,
): boolean {
  if (metered !== undefined && isTold(metered)) return false;
  const places = (dimension: Dimension) => found.get(dimension)?.map(({ index }) => index);
  const flat = places("FLAT");
  return metered === undefined || flat === undefined || String(flat) === String(places(metered));
}

/** Services of an imported tariff. */
export class Priced {
  readonly #tariff: OcpiTariff;
  readonly #bands: string[];
  /** Whether components of several rates of VAT name their tax category. */
  readonly isByRate: boolean;

  constructor(tariff: OcpiTariff, bands: string[], isByRate: boolean) {
    this.#tariff = tariff;
    this.#bands = bands;
    this.isByRate = isByRate;
  }

  single(found: Map<Dimension, Placed[]>, dimension: Dimension): TariffService {
    const { min_price, max_price } = this.#tariff;
    const bounds = {
      ...(min_price === undefined ? {} : { minimum: amount(netOf(min_price), "min_price") }),
      ...(max_price === undefined ? {} : { maximum: amount(netOf(max_price), "max_price") }),
    };
    const flats = dimension === "FLAT" ? [] : (found.get("FLAT") ?? []);
    const prices = this.#prices(dimension, found.get(dimension) ?? []).map((price, at) => {
      const flat = flats[at];
      if (flat === undefined) return { ...price, ...bounds };
      const setUp = amount(flat.component.price, placeOf(flat));
      return { setUp, ...price, ...bounds };
    });
    return { service: serviceOf(dimension), prices };
  }

  several(found: Map<Dimension, Placed[]>): TariffService[] {
    const services: TariffService[] = [];
    const hasClasses = [...found.keys()].some(isTold);
    for (const [dimension, placed] of found) {
      const service = serviceOf(dimension);
      const prices = this.#prices(dimension, placed).map((price) =>
        service === "time" && hasClasses ? { classes: [dimension], ...price } : price,
      );
      const sold = services.find((one) => one.service === service);
      if (sold === undefined) services.push({ service, prices });
      else sold.prices.push(...prices);
    }
    const time = services.find(({ service }) => service === "time");
    const isCharging = found.has("charging");
    // Time that no element prices costs nothing in OCPI; here that is said.
    if (time !== undefined && !isCharging) {
      time.prices.push({ classes: ["charging"], ...priceOf("charging", 0, 1, "") });
    }
    return services;
  }

  /** One price for each band, the last for all other times where an element always holds. */
  #prices(dimension: Dimension, placed: readonly Placed[]): TariffPrice[] {
    const prices = placed.map((one): TariffPrice => {
      const { component, index, restrictions } = one;
      const rest = this.#bands.filter(
        (band) =>
          !placed.some(
            (other) => hasTimes(other.restrictions) && band === `element ${other.index}`,
          ),
      );
      const bands = hasTimes(restrictions) ? [`element ${index}`] : [...rest, "otherwise"];
      return {
        ...(this.#bands.length > 0 ? { bands } : {}),
        ...(one.fee === undefined ? {} : { setUp: amount(one.fee.price, placeOf(one)) }),
        ...priceOf(dimension, component.price, component.step_size, placeOf(one)),
        ...(this.isByRate ? { taxCategory: categoryOf(component.vat ?? 0) } : {}),
      };
    });
    this.#requireOneElement(placed);
    const isOpen = placed.some(({ restrictions }) => !hasTimes(restrictions));
    if (this.#bands.length === 0 || isOpen) return prices;
    const held = new Set(prices.flatMap(({ bands = [] }) => bands));
    const free = [...this.#bands, "otherwise"].filter((band) => !held.has(band));
    // Where no element holds, OCPI charges nothing; here that is said.
    return [...prices, { bands: free, ...priceOf(dimension, 0, 1, "") }];
  }

  /** Bands stand in the order of all elements; one without the dimension must not hide another's. */
  #requireOneElement(placed: readonly Placed[]): void {
    for (const later of placed) {
      if (!hasTimes(later.restrictions)) continue;
      for (let index = 0; index < later.index; index++) {
        const earlier = this.#tariff.elements[index]?.restrictions;
        const isOfDimension = placed.some((one) => one.index === index);
        if (!hasTimes(earlier) || isOfDimension || !mayOverlap(earlier, later.restrictions))
          continue;
        throw notExpressible(
          `elements/${later.index}`,
          `Its times overlap those of element ${index}, which prices other dimensions.`,
        );
      }
    }
  }
}

/** Time that a record tells apart from charging. */
const isTold = (dimension: Dimension): boolean =>
  dimension !== "charging" && TIME_CLASSES.some((one) => one === dimension);

const placeOf = ({ index }: Placed): string => `elements/${index}/price_components`;

function serviceOf(dimension: Dimension): "energy" | "time" | "event" {
  return dimension === "ENERGY" ? "energy" : dimension === "FLAT" ? "event" : "time";
}

function priceOf(
  dimension: Dimension,
  price: number,
  stepSize: number,
  place: string,
): TariffPrice {
  const text = amount(price, place);
  if (dimension === "FLAT") return { price: { amount: text, per: 1, unit: "unit" } };
  const [unit, small] = dimension === "ENERGY" ? (["kWh", "Wh"] as const) : (["h", "s"] as const);
  const step = Math.max(1, stepSize);
  return {
    price: { amount: text, per: 1, unit },
    increments: { first: step, further: step, unit: small },
  };
}

export const categoryOf = (rate: number): string => `VAT ${rate}`;

type Times = NonNullable<Element["restrictions"]>;

function mayOverlap(a: Times, b: Times): boolean {
  const ranges = (one: Times) =>
    whenOf(one).map(({ days, from = "00:00", to = "24:00" }) => ({ days, from, to }));
  return ranges(a).some((x) =>
    ranges(b).some(
      (y) =>
        x.from < y.to &&
        y.from < x.to &&
        (x.days === undefined ||
          y.days === undefined ||
          x.days.some((day) => y.days?.includes(day))),
    ),
  );
}

export function whenOf(restrictions: NonNullable<Element["restrictions"]>): CalendarTime[] {
  const days = restrictions.day_of_week?.map(
    (day) => day.toLowerCase() as NonNullable<CalendarTime["days"]>[number],
  );
  const on = days === undefined ? {} : { days };
  const from = restrictions.start_time ?? "00:00";
  const end = restrictions.end_time ?? "00:00";
  const to = end === "00:00" ? "24:00" : end;
  if (from < to) return [{ ...on, from, to }];
  return [
    { ...on, from, to: "24:00" },
    { ...on, from: "00:00", to },
  ];
}
