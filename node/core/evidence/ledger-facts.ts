import type { Hex } from "../bytes.ts";
import type { Bundle } from "./bundle.ts";

/**
 * What a checker read from the ledger itself, or pinned earlier. `verifyBundle` is pure: whoever
 * calls it brings these facts, from as many members' end points as can be reached.
 */
export interface LedgerFacts {
  /** Who said so. Distinct members count, not URLs. Empty for a file of pinned facts. */
  sources: FactSource[];
  /** `sealKey(domain, sequence)` to the seal; a missing entry or zero: not on the ledger. */
  seals: Record<string, Hex>;
  /**
   * Version number to what the registry says of it, for the bundle's agreement and operator. A
   * version that the ledger does not have is absent.
   */
  tariffs: Record<string, { root: Hex; validFrom: string }>;
  /** Keys that signed something in the bundle, and the member that each is one of now. */
  keys?: Record<Hex, Hex>;
  /** Seconds; how late a charge may be committed under the agreement. */
  maxRecordAgeSeconds?: string;
}

export interface FactSource {
  member: string;
  url: string;
  finalizedBlock: string;
  /** False when this end point contradicts the majority. */
  agrees: boolean;
}

export const sealKey = (domain: Hex, sequence: string): string => `${domain}:${sequence}`;

const TARIFF_VERSIONS_MAX = 10_000;

/**
 * What to ask the ledger for, so that every line of the bundle can be judged: all versions of the
 * tariff up to the one after the last that the bundle shows, so that none can be passed over.
 */
export function neededFacts(bundle: Bundle): {
  seals: { domain: Hex; sequence: string }[];
  tariffVersions: number[];
  keys: Hex[];
} {
  const lastVersion = Math.min(
    TARIFF_VERSIONS_MAX,
    Math.max(0, ...bundle.tariffs.map(({ version }) => version)),
  );
  return {
    seals: bundle.batches.map(({ domain, sequence }) => ({ domain, sequence })),
    tariffVersions: Array.from({ length: lastVersion + 1 }, (_, at) => at + 1),
    keys: bundle.invoice?.signed === undefined ? [] : [bundle.invoice.signed.signer],
  };
}
