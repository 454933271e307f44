import { TallystickError } from "../errors.ts";
import type { TariffDocument, TariffPrice } from "./document.ts";

/** What a reader of the exported tariff must know, by its place in the document. */
export interface ExportNote {
  code: string;
  place: string;
  message: string;
}

/** Parts that only our own documents can say: with any of them, a tariff fits no other format. */
const DOCUMENT_PARTS = [
  "areas",
  "origins",
  "classes",
  "exchange",
  "plans",
  "defaultPlan",
] as const satisfies readonly (keyof TariffDocument)[];
const PRICE_PARTS = [
  "areas",
  "origins",
  "classes",
  "currency",
  "counted",
  "chargedFrom",
  "setUpTaxCategory",
  "taxCategory",
  "split",
] as const satisfies readonly (keyof TariffPrice)[];

/**
 * @param has parts that the format has, in a form that its export checks
 * @throws TallystickError `export.not-expressible` with the place of what does not fit
 */
export function requireExportable(
  document: TariffDocument,
  format: string,
  has: readonly string[] = [],
): void {
  for (const part of DOCUMENT_PARTS) {
    if (document[part] !== undefined && !has.includes(part))
      throw notExpressible(part, `${format} has no ${part}.`);
  }
  if ((document.rounding.of ?? "charge") !== "charge") {
    throw notExpressible("rounding/of", `${format} rounds each charge.`);
  }
  for (const [index, service] of document.services.entries()) {
    const place = `services/${index}`;
    if (service.measure !== undefined) {
      throw notExpressible(`${place}/measure`, `${format} prices no amounts.`);
    }
    for (const [at, price] of service.prices.entries()) {
      for (const part of PRICE_PARTS) {
        if (price[part] === undefined || has.includes(part)) continue;
        throw notExpressible(`${place}/prices/${at}/${part}`, `${format} has no ${part}.`);
      }
      if (price.tiers?.steps.some((step) => step.package !== undefined)) {
        const message = `${format} has no packages in tiers.`;
        throw notExpressible(`${place}/prices/${at}/tiers`, message);
      }
      if (price.tiers?.steps.some(({ fee }) => fee !== undefined)) {
        throw notExpressible(`${place}/prices/${at}/tiers`, `${format} has no fees of tiers.`);
      }
    }
  }
}

export function notExpressible(field: string, message: string): TallystickError {
  return new TallystickError("export.not-expressible", message, { field });
}
