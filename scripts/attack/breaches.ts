import { BATCH_BREACHES } from "./batch-breaches.ts";
import { CHARGE_BREACHES } from "./charge-breaches.ts";
import { INVOICE_BREACHES } from "./invoice-breaches.ts";
import type { Deeds } from "./made-leaves.ts";
import { PLAN_BREACHES } from "./plan-breaches.ts";

/** What a dishonest operator can do, one deed for each kind that the ledger decides. */
export const BREACHES: Deeds = {
  ...CHARGE_BREACHES,
  ...PLAN_BREACHES,
  ...INVOICE_BREACHES,
  ...BATCH_BREACHES,
};
