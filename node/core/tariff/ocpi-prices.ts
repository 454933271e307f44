import type { TariffDocument, TariffPrice, TariffService } from "./document.ts";
import type { OcpiBand } from "./ocpi-bands.ts";
import { cellsByUse, measuresOf, type UseCell } from "./ocpi-classes.ts";
import { type Dimension, type Dimensions, type Placed, TIME_CLASSES } from "./ocpi-dimensions.ts";
import { isTiered, type OcpiPricer } from "./ocpi-price.ts";
import { notExpressible } from "./ocpi-shape.ts";

/** Of the uses that the classes of several services leave over: there is none. */
const OTHER_USE = "other use";

type Classes = NonNullable<TariffDocument["classes"]>;
type SoldService = "energy" | "time" | "event";

/** What of a service one dimension prices. */
interface Part {
  service: SoldService;
  dimension: Dimension;
  name: string;
  /** What the records' time was for; whatever no other part is for when absent. */
  applications?: string[];
  placed: readonly Placed[];
  cells: readonly UseCell[];
}

/**
 * The services of an imported tariff, priced by bands and by classes of use. What no element prices is
 * free, as OCPI means it (mod_tariffs, Tariff object).
 * @throws TallystickError `import.not-expressible`, `import.amount-not-exact`
 */
export function ocpiServices(
  found: Dimensions,
  bands: readonly OcpiBand[],
  pricer: OcpiPricer,
): { services: TariffService[]; classes?: Classes } {
  requirePlainFlat(found.get("FLAT") ?? []);
  const parts = partsOf(found, pricer);
  const isByUse = parts.some(({ cells }) => cells.length > 1);
  const services = (["energy", "time", "event"] as const).map((service): TariffService => {
    const cells = cellsOf(parts, service);
    const isClassed = cells.length > 1;
    const rows = cells.flatMap(({ part, cell }, at) => {
      const isLast = at === cells.length - 1;
      const names = [nameOf(part, cell), ...(isLast && isByUse ? [OTHER_USE] : [])];
      return bands.map((band) => ({
        price: pricer.price(part.dimension, part.placed, cell, band),
        classes: isClassed ? names : [],
        band: band.name,
      }));
    });
    return { service, prices: joined(rows, bands.length) };
  });
  const classes = classesOf(parts, isByUse);
  if (classes.length === 0) return { services };
  return { services, classes: { classes, otherwise: isByUse ? OTHER_USE : "charging" } };
}

function requirePlainFlat(flat: readonly Placed[]): void {
  const bound = flat.find((one) => measuresOf([one]).length > 0);
  if (bound === undefined) return;
  throw notExpressible(
    `elements/${bound.index}/restrictions`,
    "A flat fee can not depend on power, current, duration or energy.",
  );
}

function partsOf(found: Dimensions, { isFeeOfUse }: OcpiPricer): Part[] {
  const part = (service: SoldService, dimension: Dimension, name: string): Part => {
    const placed = found.get(dimension) ?? [];
    return { service, dimension, name, placed, cells: cellsOfPart(dimension, placed) };
  };
  const told = TIME_CLASSES.filter((one) => one !== "charging" && found.has(one));
  // An expired reservation is one, where nothing else is said of it.
  const expired = !found.has("reservation-expired") && found.has("reservation");
  const free = TIME_CLASSES.filter(
    (one) => one !== "charging" && !found.has(one) && !(one === "reservation-expired" && expired),
  );
  const isTimeSold = told.length > 0 || found.has("charging");
  return [
    part("energy", "ENERGY", "energy"),
    ...told.map((one) => ({
      ...part("time", one, one),
      applications: one === "reservation" && expired ? [one, "reservation-expired"] : [one],
    })),
    ...(isTimeSold && found.has("charging") && free.length > 0
      ? [
          {
            ...part("time", "charging", "free"),
            placed: [],
            cells: cellsByUse([]),
            applications: free,
          },
        ]
      : []),
    part("time", "charging", "charging"),
    { ...part("event", "FLAT", "start"), ...(isFeeOfUse ? { placed: [] } : {}) },
  ];
}

const cellsOfPart = (dimension: Dimension, placed: readonly Placed[]): UseCell[] =>
  cellsByUse(isTiered(dimension, placed) ? [] : placed);

const cellsOf = (parts: readonly Part[], service: SoldService) =>
  parts
    .filter((part) => part.service === service)
    .flatMap((part) => part.cells.map((cell) => ({ part, cell })));

const nameOf = ({ name }: Part, cell: UseCell): string => name + cell.name;

function classesOf(parts: readonly Part[], isByUse: boolean): Classes["classes"] {
  return (["energy", "time"] as const).flatMap((service) => {
    const cells = cellsOf(parts, service);
    if (cells.length === 1) return [];
    return cells
      .filter(({ part }) => isByUse || part.applications !== undefined)
      .map(({ part, cell }) => ({
        name: nameOf(part, cell),
        when: [
          {
            ...(isByUse ? { services: [service] } : {}),
            ...(part.applications === undefined ? {} : { applications: part.applications }),
            ...cell.when,
          },
        ],
      }));
  });
}

interface Row {
  price: TariffPrice;
  /** None where the service has no classes. */
  classes: string[];
  band: string;
}

/** One price for all bands and classes that cost the same. */
function joined(rows: readonly Row[], bandsCount: number): TariffPrice[] {
  const byClass = new Map<string, Row & { bands: string[] }>();
  for (const row of rows) {
    const key = JSON.stringify([row.price, row.classes]);
    const same = byClass.get(key) ?? { ...row, bands: [] };
    same.bands.push(row.band);
    byClass.set(key, same);
  }
  const byPrice = new Map<string, Omit<Row, "band"> & { bands: string[] }>();
  for (const { price, classes, bands } of byClass.values()) {
    const key = JSON.stringify([price, bands]);
    const same = byPrice.get(key) ?? { price, classes: [], bands };
    same.classes.push(...classes);
    byPrice.set(key, same);
  }
  return [...byPrice.values()].map(({ price, classes, bands }) => ({
    ...(classes.length === 0 ? {} : { classes }),
    ...(bands.length === bandsCount ? {} : { bands }),
    ...price,
  }));
}
