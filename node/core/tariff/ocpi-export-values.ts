import { parseDecimalNano } from "../money/decimal.ts";
import { notExpressible } from "./fits-export.ts";

/** A JSON number whose text is the same amount: nothing is lost on its way. */
export function exactNumber(text: string, place: string): number {
  const value = Number(text);
  if (
    /^\d+(\.\d+)?$/.test(String(value)) &&
    parseDecimalNano(String(value)) === parseDecimalNano(text)
  ) {
    return value;
  }
  throw notExpressible(place, `${text} is no JSON number of the same amount.`);
}
