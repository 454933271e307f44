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
  counterStepWrong: 14,
  planNotAssigned: 15,
  assignmentsClash: 16,
  invoiceDocumentDiffers: 17,
} as const;

export type BreachKind = keyof typeof BREACH_KIND;

/** What a subscriber's claim can be about. */
export type DisputeKind = ClaimKindName | BreachKind;

export const claimKindCode = (kind: DisputeKind): number => {
  if (kind === "mispriced") return CLAIM_KIND.mispriced;
  return kind === "matter-of-fact" ? CLAIM_KIND.matterOfFact : BREACH_KIND[kind];
};
