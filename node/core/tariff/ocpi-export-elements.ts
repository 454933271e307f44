import type { TallystickError } from "../errors.ts";
import { classesOfService } from "./conditions.ts";
import type { TariffDocument, TariffPrice, TariffService } from "./document.ts";
import { notExpressible } from "./fits-export.ts";
import { type Component, componentsOf, type Priced, vatOf } from "./ocpi-export-prices.ts";
import {
  type Restrictions,
  timeRestrictions,
  timesOf,
  type Use,
  usesOf,
} from "./ocpi-export-uses.ts";
import { exactNumber } from "./ocpi-export-values.ts";

/*
 * The elements of an exported tariff: of each dimension all prices in the order in which they are
 * looked for, one element for each time, class of use and tier.
 */

/** What one dimension costs, in the order in which it is looked for. */
interface ExportedDimension {
  key: string;
  place: string;
  isMetered: boolean;
  priced: Priced[];
}

/** @throws TallystickError `export.not-expressible` */
export function ocpiElements(document: TariffDocument): object[] {
  const found = joined(
    document.services.flatMap((sold, index) => dimensionsOf(document, sold, `services/${index}`)),
  );
  const fees = found.filter(({ key, priced }) => key === "FLAT" && !isFree(priced));
  const [, second] = fees;
  if (second !== undefined) throw oneFee(second.place);
  const listed = found.filter((one) => isListed(one, found, document)).map(({ priced }) => priced);
  if (listed.length === 0) {
    return [{ price_components: [{ type: "FLAT", price: 0, step_size: 1 }] }];
  }
  const together = new Map<string, { restrictions: Restrictions; components: Component[] }[]>();
  for (const priced of listed) {
    const key = JSON.stringify(priced.map(({ restrictions }) => restrictions));
    const elements =
      together.get(key) ?? priced.map(({ restrictions }) => ({ restrictions, components: [] }));
    together.set(key, elements);
    for (const [at, { component }] of priced.entries()) elements[at]?.components.push(component);
  }
  return [...together.values()].flat().map(({ restrictions, components }) => ({
    price_components: components,
    ...(Object.keys(restrictions).length === 0 ? {} : { restrictions }),
  }));
}

/**
 * What is free needs no element, unless it makes the session one of several records, whose flat fee is a
 * record too.
 */
function isListed(
  { key, isMetered, priced }: ExportedDimension,
  found: readonly ExportedDimension[],
  { plans }: TariffDocument,
): boolean {
  if (!isFree(priced)) return true;
  if (key !== "ENERGY" && key !== "TIME") return isMetered;
  const hasFee = found.some((one) => one.key === "FLAT" && one.isMetered && !isFree(one.priced));
  const hasEvent = found.some((one) => one.key === "FLAT" && !one.isMetered && !isFree(one.priced));
  const costly = found.filter((one) => one.key !== "FLAT" && !isFree(one.priced));
  return hasFee ? costly.length === 0 : (hasEvent || plans !== undefined) && costly.length === 1;
}

const isFree = (priced: readonly Priced[]): boolean =>
  priced.every(({ component }) => component.price === 0);

const isZero = (amount: string): boolean => /^[0.]*$/.test(amount);

/** The classes of a dimension follow each other. */
function joined(dimensions: readonly ExportedDimension[]): ExportedDimension[] {
  const byKey = new Map<string, ExportedDimension>();
  for (const one of dimensions) {
    const key = `${one.key} ${one.isMetered}`;
    const same = byKey.get(key);
    if (same === undefined) byKey.set(key, { ...one, priced: [...one.priced] });
    else if (one.key === "FLAT") throw oneFee(one.place);
    else same.priced.push(...one.priced);
  }
  return [...byKey.values()];
}

const oneFee = (place: string): TallystickError =>
  notExpressible(place, "OCPI has one flat fee for a whole session.");

function dimensionsOf(
  document: TariffDocument,
  sold: TariffService,
  place: string,
): ExportedDimension[] {
  const isClassed = sold.prices.some(({ classes }) => classes !== undefined);
  const names = isClassed ? classesOfService(document, sold.service) : [undefined];
  return names.flatMap((name) =>
    usesOf(document, sold.service, name).flatMap((use) => {
      const cells = timesOf(document).map(({ band, time, at }) => {
        const index = sold.prices.findIndex(
          ({ bands, classes }) =>
            (bands?.includes(band) ?? true) &&
            (name === undefined || (classes?.includes(name) ?? true)),
        );
        const restrictions = {
          ...(time === undefined ? {} : timeRestrictions(time, at)),
          ...(use.reservation === undefined ? {} : { reservation: use.reservation }),
          ...use.restrictions,
        };
        const price = sold.prices[index] as TariffPrice;
        return { price, restrictions, place: `${place}/prices/${index}` };
      });
      if (isFreeOfSeveral(document, name, cells)) return [];
      const vat = (category: string | undefined): { vat?: number } =>
        vatOf(document, sold.service, category);
      const priced = cells.flatMap((cell) =>
        componentsOf(
          cell.price,
          use.type,
          cell.restrictions,
          vat(cell.price.taxCategory),
          cell.place,
        ),
      );
      const fees = cells.map(({ price, restrictions, place: at }): Priced => {
        const { setUp = "0", taxCategory, setUpTaxCategory = taxCategory } = price;
        if (use.type === "FLAT" && !isZero(setUp)) {
          throw notExpressible(`${at}/setUp`, "A flat fee is one fee.");
        }
        const amount = exactNumber(setUp, `${at}/setUp`);
        const component = {
          type: "FLAT" as const,
          price: amount,
          ...vat(setUpTaxCategory),
          step_size: 1,
        };
        return { restrictions, component };
      });
      const key = use.type === "TIME" ? `TIME${use.reservation ?? ""}` : use.type;
      const main = { key, place, isMetered: use.type !== "FLAT", priced };
      if (isFree(fees)) return [main];
      return [feesOf(use, fees, place), main];
    }),
  );
}

/** The fee of a session, or of a reservation, which is due whenever and however that was. */
function feesOf(
  { reservation, restrictions }: Use,
  fees: Priced[],
  place: string,
): ExportedDimension {
  if (Object.keys(restrictions).length > 0) {
    throw notExpressible(place, "A set-up fee that depends on the use has no flat fee in OCPI.");
  }
  if (reservation === undefined) return { key: "FLAT", place, isMetered: true, priced: fees };
  const [first] = fees as [Priced];
  if (fees.some(({ component }) => component.price !== first.component.price)) {
    throw notExpressible(place, "The fee of a reservation can not depend on the time.");
  }
  const priced = [{ restrictions: { reservation }, component: first.component }];
  return { key: `FLAT${reservation}`, place, isMetered: true, priced };
}

/** Time of several kinds that costs nothing is what OCPI has no element for. */
function isFreeOfSeveral(
  { classes }: TariffDocument,
  name: string | undefined,
  cells: readonly { price: TariffPrice }[],
): boolean {
  const applications = classes?.classes
    .find((one) => one.name === name)
    ?.when.flatMap((one) => one.applications ?? []);
  return (
    (applications ?? []).length > 1 &&
    cells.every(({ price }) => isZero(price.price?.amount ?? "tiers") && isZero(price.setUp ?? "0"))
  );
}
