/** Where the contracts of a ledger are. */
export interface LedgerAddresses {
  accessManager: string;
  /** Carries calls that somebody signed (ERC-2771). */
  forwarder: string;
  members: string;
  agreements: string;
  /** The clock is kept by the books: the same address. */
  clock: string;
  books: string;
  periods: string;
  tariffs: string;
  amendments: string;
  exchangeTables: string;
  verifier: string;
  bonds: string;
  claims: string;
  concessionFees: string;
  /** The judge of kind 1; the others are found by `claims.judgeOf(kind)`. */
  mispricedCharge: string;
  statements: string;
  standings: string;
  deliveries: string;
  demands: string;
  disputes: string;
  settlement: string;
  netting: string;
  demoToken: string;
}
