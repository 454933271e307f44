import { TallystickError } from "../../core/errors.ts";
import type { RefusalReason } from "./ledger.ts";

/**
 * The ledger was reached and said no. `reason` names the contract's custom error with its values, or
 * the network's own words, so that a caller can tell a batch out of order from an empty purse.
 */
export class LedgerRefusal extends TallystickError {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, cause?: unknown) {
    super("ledger.refused", `The ledger refused this: ${wordsOf(reason)}.`, {}, cause);
    this.name = "LedgerRefusal";
    this.reason = reason;
  }

  override toJSON() {
    return { ...super.toJSON(), reason: this.reason };
  }
}

function wordsOf({ name, values }: RefusalReason): string {
  const shown = Object.entries(values).map(([field, value]) => `${field} ${value}`);
  return shown.length === 0 ? name : `${name} (${shown.join(", ")})`;
}
