/** Kinds of the contract of claims: what the ledger decides, and what people have to. */
export const CLAIM_KIND = { mispriced: 1, matterOfFact: 100 } as const;
export type ClaimKindName = "mispriced" | "matter-of-fact";

/** Breaches that the ledger decides alone: the kinds that scripts/deploy.ts registers judges for. */
export const BREACH_KIND = {
  mispricedCharge: 1,
  untimelyCharge: 2,
  chargeNumberReused: 3,
  runningTotalWrong: 4,
  sourceReused: 5,
  scopeReused: 6,
  wrongSplit: 7,
  chargeAfterInvoice: 8,
  invoiceTotalWrong: 9,
  secondInvoice: 10,
  creditAboveOriginal: 11,
  malformedBatch: 12,
  bookTotalsWrong: 13,
} as const;
