/** Kinds of the contract of claims: what the ledger decides, and what people have to. */
export const CLAIM_KIND = { mispriced: 1, matterOfFact: 100 } as const;
export type ClaimKindName = "mispriced" | "matter-of-fact";
