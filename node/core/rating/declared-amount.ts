import { TallystickError } from "../errors.ts";
import { parseDecimalNano } from "../money/decimal.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import { convertNano } from "../tariff/exchange.ts";
import type { Quantities } from "./quantity.ts";

const EIGHT_BYTES_MAX = 2n ** 64n - 1n;

/**
 * The amount that a record declares as its quantity, in nano-units of the tariff's currency: what a
 * percentage is of.
 * @throws TallystickError `rating.no-quantity`, `rating.quantity-not-a-number`,
 *   `rating.quantity-too-fine`, `rating.quantity-negative`, `rating.quantity-too-large`,
 *   `rating.no-exchange-rate`
 */
export function declaredAmountOf(record: UsageRecord, { document }: CompiledTariff): Quantities {
  const field = "declaredCharge";
  const { declaredCharge: declared } = record;
  if (declared === undefined) {
    throw new TallystickError(
      "rating.no-quantity",
      "The price is a part of an amount, and the record declares none.",
      { field },
    );
  }
  let nano: bigint;
  try {
    nano = parseDecimalNano(declared.amount);
  } catch (cause) {
    const fine = cause instanceof TallystickError && cause.code === "decimal.too-fine";
    throw new TallystickError(
      fine ? "rating.quantity-too-fine" : "rating.quantity-not-a-number",
      fine ? "The amount has more than nine decimals." : "The amount is no plain decimal number.",
      { field },
      cause,
    );
  }
  if (nano < 0n) {
    throw new TallystickError("rating.quantity-negative", "The amount is negative.", { field });
  }
  const quantity = convertNano(document, nano, declared.currency);
  if (quantity === undefined) {
    throw new TallystickError(
      "rating.no-exchange-rate",
      `The amount is in ${declared.currency}, and the tariff has no rate for it.`,
      { field },
    );
  }
  if (quantity > EIGHT_BYTES_MAX) {
    throw new TallystickError("rating.quantity-too-large", "The amount is too large.", { field });
  }
  return { quantity, secondQuantity: 0n };
}
