import type { TariffPrice } from "./document.ts";
import type { OcpiBand } from "./ocpi-bands.ts";
import { cellsByUse, holdsInCell, measuresOf, type UseCell } from "./ocpi-classes.ts";
import type { Dimension, Dimensions, Placed } from "./ocpi-dimensions.ts";
import {
  amount,
  type Component,
  grossOf,
  netOf,
  notExpressible,
  type OcpiTariff,
} from "./ocpi-shape.ts";

type Bounds = Pick<TariffPrice, "minimum" | "maximum">;
type Steps = NonNullable<TariffPrice["tiers"]>["steps"];

/** One metered price at a time: a session can be one record, with its flat fee and bounds. */
export function isSingleRecord(found: Dimensions): boolean {
  const [only = "ENERGY", ...others] = [...found.keys()].filter((one) => one !== "FLAT");
  if (others.length > 0 || (only !== "ENERGY" && only !== "charging")) return false;
  const placed = found.get(only) ?? [];
  return isTiered(only, placed) || measuresOf(placed).length === 0;
}

/** Where the only number that matters is what the price counts, tiers part each use by it. */
export function isTiered(dimension: Dimension, placed: readonly Placed[]): boolean {
  const measures = measuresOf(placed).join();
  return (
    (dimension === "ENERGY" && measures === "sessionWattHours") ||
    (dimension === "charging" && measures === "sessionSeconds")
  );
}

export const categoryOf = (rate: number): string => `VAT ${rate}`;

/** Prices of an imported tariff's dimensions. */
export class OcpiPricer {
  readonly #found: Dimensions;
  readonly #bands: readonly OcpiBand[];
  readonly #isByRate: boolean;
  readonly #bounds: Bounds;
  /** Whether the flat fee is the set-up fee of what is metered. */
  readonly isFeeOfUse: boolean;

  /** @param isByRate whether components of several rates of VAT name their tax category */
  constructor(
    tariff: OcpiTariff,
    found: Dimensions,
    bands: readonly OcpiBand[],
    isByRate: boolean,
  ) {
    this.#bands = bands;
    const isSingle = isSingleRecord(found);
    this.#found = found;
    this.#isByRate = isByRate;
    this.#bounds = isSingle ? ocpiBounds(tariff) : {};
    this.isFeeOfUse = isSingle && found.has("FLAT") && found.size > 1;
  }

  /** Of the first element that holds in a cell at a band; free where none does. */
  price(
    dimension: Dimension,
    placed: readonly Placed[],
    cell: UseCell,
    band: OcpiBand,
  ): TariffPrice {
    // Of what tiers part, each tier finds its own.
    const isInTiers = isTiered(dimension, placed);
    const holding = placed.filter(
      (one) => band.holds(one.index) && (isInTiers || holdsInCell(one, cell)),
    );
    const [first] = holding;
    // What the tariff sells is bounded and has its fee at all times, also where no element holds.
    const isSold = placed.length > 0;
    const flat = this.isFeeOfUse && isSold && dimension !== "FLAT" ? this.#found.get("FLAT") : [];
    const fee = first?.fee ?? flat?.find(({ index }) => band.holds(index))?.component;
    const bounds = isSold ? this.#bounds : {};
    const steps = isInTiers ? stepsOf(dimension, holding) : [];
    const component = isInTiers ? steps[0]?.component : first?.component;
    const place = first === undefined ? "elements" : placeOf(first);
    const metered =
      steps.length > 1 ? tieredPrice(dimension, steps) : linearPrice(dimension, component, place);
    // At all times, so that what was used at one counts for the tiers of another.
    const isOverSession = isInTiers && Object.keys(bounds).length === 0;
    const counted = isOverSession ? "session" : this.#counted(dimension, metered, fee, bounds);
    return {
      ...(isSold && counted !== undefined ? { counted } : {}),
      ...(fee === undefined ? {} : { setUp: amount(fee.price, place) }),
      ...metered,
      ...bounds,
      ...this.#categories(isInTiers ? taxedOf(steps) : component, fee),
    };
  }

  /** The last record of a session is raised to whole steps (mod_cdrs, step_size). */
  #counted(
    dimension: Dimension,
    { increments }: TariffPrice,
    fee: Component | undefined,
    bounds: Bounds,
  ): TariffPrice["counted"] {
    if (dimension === "FLAT" || Object.keys(bounds).length > 0) return undefined;
    // Whole watt-hours are what energy is measured in: each record has its own.
    const isByWattHour = dimension === "ENERGY" && increments?.further === 1;
    if (isByWattHour && fee === undefined) return undefined;
    return this.#endsInFree(dimension) ? "session" : "session-end";
  }

  /**
   * Whether the last part that is paid may be followed by one that is free: it is raised all the same,
   * so what is paid is raised as it comes. With one price and step for all of it that is the same sum.
   */
  #endsInFree(dimension: Dimension): boolean {
    if (dimension !== "ENERGY" && dimension !== "parking") return false;
    const placed = this.#found.get(dimension) ?? [];
    const counting = this.#bands.flatMap((band) =>
      cellsByUse(placed).map(
        (cell) => placed.find((one) => band.holds(one.index) && holdsInCell(one, cell))?.component,
      ),
    );
    const paid = counting.filter((one) => one !== undefined && one.price > 0);
    const prices = new Set(paid.map((one) => `${one?.price} ${one?.step_size}`));
    return prices.size === 1 && paid.length < counting.length;
  }

  #categories(
    component: Component | undefined,
    fee: Component | undefined,
  ): Pick<TariffPrice, "taxCategory" | "setUpTaxCategory"> {
    if (!this.#isByRate || (component ?? fee) === undefined) return {};
    const category = categoryOf(component?.vat ?? 0);
    const ofFee = categoryOf(fee?.vat ?? 0);
    return {
      ...(fee === undefined || ofFee === category ? {} : { setUpTaxCategory: ofFee }),
      taxCategory: category,
    };
  }
}

/** What a session costs at least and at most: before taxes, unless the prices have them already. */
export function ocpiBounds({ min_price, max_price, tax_included }: OcpiTariff): Bounds {
  const bound = (key: "min_price" | "max_price"): string | undefined => {
    const written = key === "min_price" ? min_price : max_price;
    if (written === undefined) return undefined;
    if (tax_included !== "YES") return amount(netOf(written), key);
    const gross = grossOf(written);
    if (gross !== undefined) return amount(gross, key);
    throw notExpressible(
      key,
      "It is before taxes and the prices are with them; say it after taxes too.",
    );
  };
  const [minimum, maximum] = [bound("min_price"), bound("max_price")];
  return {
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
  };
}

const placeOf = ({ index }: Placed): string => `elements/${index}/price_components`;

function linearPrice(
  dimension: Dimension,
  component: Component | undefined,
  place: string,
): Pick<TariffPrice, "price" | "increments"> {
  const text = amount(component?.price ?? 0, place);
  if (dimension === "FLAT") return { price: { amount: text, per: 1, unit: "unit" } };
  const [unit, small] = unitsOf(dimension);
  const step = Math.max(1, component?.step_size ?? 1);
  return {
    price: { amount: text, per: 1, unit },
    increments: { first: step, further: step, unit: small },
  };
}

const unitsOf = (dimension: Dimension) =>
  dimension === "ENERGY" ? (["kWh", "Wh"] as const) : (["h", "s"] as const);

interface Step {
  /** Thousandths of a watt-hour or second. */
  start: bigint;
  placed: Placed | undefined;
  component: Component | undefined;
}

/** The elements that hold one after the other as the session goes on. */
function stepsOf(dimension: Dimension, holding: readonly Placed[]): Step[] {
  const measure = dimension === "ENERGY" ? "sessionWattHours" : "sessionSeconds";
  const steps: Step[] = [];
  for (const cell of cellsByUse(holding)) {
    const placed = holding.find((one) => holdsInCell(one, cell));
    if (steps.length > 0 && steps.at(-1)?.placed === placed) continue;
    steps.push({ start: cell.starts.get(measure) ?? 0n, placed, component: placed?.component });
  }
  return steps;
}

/** One price has one rate of tax. */
function taxedOf(steps: readonly Step[]): Component | undefined {
  const paid = steps.filter(({ component }) => (component?.price ?? 0) > 0);
  const [first] = paid;
  const other = paid.find(
    ({ component }) => (component?.vat ?? 0) !== (first?.component?.vat ?? 0),
  );
  if (other?.placed === undefined) return first?.component ?? steps[0]?.component;
  throw notExpressible(
    placeOf(other.placed),
    "Energy or time of one session can not have several rates of VAT by how much it was.",
  );
}

function tieredPrice(
  dimension: Dimension,
  steps: readonly Step[],
): Pick<TariffPrice, "tiers" | "increments"> {
  const [, unit] = unitsOf(dimension);
  const parts = steps.map(({ start, placed, component }, at): Steps[number] => {
    const place = placed === undefined ? "elements" : placeOf(placed);
    const { price, increments } = linearPrice(dimension, component, place);
    const end = steps[at + 1]?.start;
    if (end !== undefined && end % 1000n !== 0n) {
      throw notExpressible(
        `elements/${placed?.index ?? 0}/restrictions`,
        "A limit of energy is in whole watt-hours.",
      );
    }
    const step = BigInt(increments?.further ?? 1) * 1000n;
    // Steps are counted from the session's start: each part must begin and end on one of its own.
    if (start % step !== 0n || (end ?? 0n) % step !== 0n) {
      throw notExpressible(
        `elements/${placed?.index ?? 0}/price_components`,
        "Where its restriction begins or ends is within one of its steps.",
      );
    }
    return {
      ...(end === undefined ? {} : { upTo: Number(end / 1000n) }),
      ...(price === undefined ? {} : { price }),
      ...(increments === undefined ? {} : { increments }),
    };
  });
  const [{ increments } = {}] = parts;
  return {
    ...(increments === undefined ? {} : { increments }),
    tiers: { kind: "graduated", over: "session", unit, steps: parts },
  };
}
