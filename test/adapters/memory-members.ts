import type { MemoryGenesis, MemoryMember } from "../../node/adapters/memory-contracts.ts";
import type { Hex } from "../../node/core/bytes.ts";
import type { AgreementTerms } from "../../node/engine/commit/ledger.ts";

/** Two operators with a retail agreement each, on a ledger in memory. */

export const filled = (byte: string, bytes: number): Hex => `0x${byte.repeat(bytes)}`;

export const ALDER: MemoryMember = {
  id: filled("a0", 20),
  keys: { commit: filled("a1", 20), settle: filled("a2", 20), govern: filled("a3", 20) },
};
export const BIRCH: MemoryMember = {
  id: filled("b0", 20),
  keys: { commit: filled("b1", 20), settle: filled("b2", 20), govern: filled("b3", 20) },
};

export const RETAIL_ALDER = filled("1a", 32);
export const RETAIL_BIRCH = filled("1b", 32);

export const GENESIS: MemoryGenesis = {
  chainId: 31337n,
  time: 1_700_000_000n,
  heartbeatSeconds: 3_600n,
  books: filled("0b", 20),
  members: [ALDER, BIRCH],
  agreements: [
    { id: RETAIL_ALDER, terms: retailTerms(ALDER.id) },
    { id: RETAIL_BIRCH, terms: retailTerms(BIRCH.id) },
  ],
};

function retailTerms(operator: Hex): AgreementTerms {
  return {
    parties: [operator],
    sides: [{ operator, payer: operator }],
    currency: "EUR",
    token: filled("70", 20),
    arbiter: filled("c0", 20),
    challengeSeconds: 3_600n,
    claimSeconds: 3_600n,
    recordAgeMaxSeconds: 86_400n,
    creditSeconds: 3_600n,
    tariffNoticeSeconds: 0n,
    demandSeconds: 3_600n,
    disputeSeconds: 3_600n,
    paymentSeconds: 0n,
    concessionCapNano: 1_000_000_000n,
    concessionFeeUnits: 0n,
    period: { zone: "Europe/Berlin", lengthDays: 0, byEnd: false, closedByBoth: false },
    tolerances: [],
    netted: false,
  };
}
