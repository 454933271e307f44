import { formatNano, parseDecimalNano } from "../money/decimal.ts";
import { isTaxed, itemOf } from "../rating/period-items.ts";
import type { TariffDocument, TariffPrice } from "./document.ts";
import { notExpressible } from "./fits-export.ts";
import { RANGES, type Restrictions, type Type } from "./ocpi-export-uses.ts";
import { exactNumber } from "./ocpi-export-values.ts";
import { unitSize } from "./units.ts";

/* Price components of exported elements. */

/** What OCPI's prices and steps are for: a kilowatt-hour in watt-hours, an hour in seconds. */
const METERED = {
  ENERGY: { price: unitSize("kWh"), step: unitSize("Wh") },
  TIME: { price: unitSize("h"), step: unitSize("s") },
  PARKING_TIME: { price: unitSize("h"), step: unitSize("s") },
  FLAT: { price: 1n, step: 1n },
} as const;

export interface Component {
  type: Type;
  price: number;
  vat?: number;
  step_size: number;
}

/** A component where its restrictions hold. */
export interface Priced {
  restrictions: Restrictions;
  component: Component;
}

/** One for the whole of a use, or one for each tier. @throws TallystickError `export.not-expressible` */
export function componentsOf(
  price: TariffPrice,
  type: Type,
  restrictions: Restrictions,
  vat: { vat?: number },
  place: string,
): Priced[] {
  if (price.counted === "period") {
    throw notExpressible(`${place}/counted`, "OCPI counts over a session, not over a period.");
  }
  if (price.tiers === undefined) {
    const component = componentOf(price, price.increments, type, vat, place);
    return [{ restrictions, component }];
  }
  const { kind, over, unit, steps } = price.tiers;
  const isReserved = "reservation" in restrictions;
  const keys = type === "ENERGY" ? RANGES.sessionWattHours : RANGES.sessionSeconds;
  if (
    kind !== "graduated" ||
    over !== "session" ||
    isReserved ||
    (type !== "ENERGY" && type !== "TIME")
  ) {
    throw notExpressible(`${place}/tiers`, "OCPI's tiers are those of a session's energy or time.");
  }
  const [min, max, divisor] = keys;
  const size = unitSize(unit);
  const limit = (upTo: number, at: number): number => {
    const units = (BigInt(upTo) * size * 1_000_000_000n) / (1000n * divisor);
    return exactNumber(formatNano(units), `${place}/tiers/steps/${at}/upTo`);
  };
  let { increments } = price;
  let from: number | undefined;
  return steps.map((step, at) => {
    increments = step.increments ?? increments;
    const below = step.upTo === undefined ? undefined : limit(step.upTo, at);
    const component = componentOf(step, increments, type, vat, `${place}/tiers/steps/${at}`);
    const own = {
      ...restrictions,
      ...(from === undefined ? {} : { [min]: from }),
      ...(below === undefined ? {} : { [max]: below }),
    };
    from = below;
    return { restrictions: own, component };
  });
}

function componentOf(
  { price }: Pick<TariffPrice, "price">,
  increments: TariffPrice["increments"],
  type: Type,
  vat: { vat?: number },
  place: string,
): Component {
  const { amount, per, unit } = price ?? { amount: "0", per: 1, unit: "unit" };
  const size = METERED[type];
  const whole = parseDecimalNano(amount) * size.price;
  const divisor = BigInt(per) * unitSize(unit);
  if (whole % divisor !== 0n) {
    throw notExpressible(
      `${place}/price`,
      "The price of a whole kWh or hour has no end of decimals.",
    );
  }
  const { first, further, unit: counted } = increments ?? { first: 1, further: 1, unit: "unit" };
  const step = BigInt(further) * unitSize(counted);
  if (first !== further || step % size.step !== 0n) {
    throw notExpressible(
      `${place}/increments`,
      "An OCPI step is one, in whole watt-hours or seconds.",
    );
  }
  return {
    type,
    price: exactNumber(formatNano(whole / divisor), `${place}/price`),
    ...vat,
    step_size: Number(step / size.step),
  };
}

/** The rate that is on a service's price of a tax category. */
export function vatOf(
  { taxes = [] }: TariffDocument,
  service: string,
  category: string | undefined,
): { vat?: number } {
  const on = taxes.filter((tax) => isTaxed(itemOf(service, category), tax, taxes));
  const [tax, ...others] = on;
  if (tax === undefined) return {};
  if (others.length > 0) throw notExpressible("taxes", "An OCPI price has one rate of tax.");
  return { vat: exactNumber(tax.percent, `taxes/${taxes.indexOf(tax)}/percent`) };
}
