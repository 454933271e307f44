import type { Command } from "commander";
import { readLedgerFacts } from "../adapters/evidence-ledger-reader.ts";
import { TallystickError } from "../core/errors.ts";
import type { Bundle } from "../core/evidence/bundle.ts";
import type { LedgerFacts } from "../core/evidence/ledger-facts.ts";
import type { FactProblem } from "../core/evidence/merge-facts.ts";
import {
  type BundleReport,
  type VerifyOptions,
  verifyBundle,
} from "../core/evidence/verify-bundle.ts";
import { readUrl } from "./open-node.ts";
import { ServiceError, UsageError } from "./output.ts";
import { factsOf, readTrustFile, requireNoContradiction } from "./trust-file.ts";

/* What `verify`, `explain` and `dispute` share: a bundle, and what the ledger says of it. */

export interface FactOptions {
  rpc?: string[];
  trust?: string;
}

/**
 * Who chose whom to believe: nobody but the file itself ("bundle"), the reader by naming end points
 * ("rpc"), or the reader by facts pinned earlier ("trust", alone or beside end points).
 */
export type LedgerSource = "bundle" | "rpc" | "trust";

export interface CheckedBundle {
  facts: LedgerFacts;
  problems: FactProblem[];
  report: BundleReport;
  /** True when no network was used. */
  offline: boolean;
  source: LedgerSource;
  /** Somebody who was asked says something else than the others: then nothing is good. */
  isContradicted: boolean;
  /** The report is good and nobody contradicts. */
  ok: boolean;
}

/** Said wherever the end points are the file's own word. */
export const SOURCE_CAVEAT =
  "asked only the end points that the file itself names: pin the ledger with --save-trust/--trust or name an end point with --rpc";

export const declareFactOptions = (parser: Command): Command =>
  parser
    .option(
      "--rpc <url...>",
      "JSON-RPC end points of the ledger to ask, instead of those that the bundle names; MEMBER=URL says whose one is",
    )
    .option(
      "--trust <file>",
      "pinned facts: check against them without any network; with --rpc, compare the ledger with them",
    );

/**
 * Checks the bundle against pinned facts, or against the ledger's end points. Without pinned facts
 * the contracts that are asked are those that the bundle names.
 * @throws ServiceError `ledger.unreachable` when no end point answers
 */
export async function checkBundle(
  bundle: Bundle,
  options: FactOptions,
  about: VerifyOptions = {},
): Promise<CheckedBundle> {
  const trust = options.trust === undefined ? undefined : await readTrustFile(options.trust);
  if (trust !== undefined && options.rpc === undefined) {
    const facts = factsOf(trust, bundle, options.trust as string);
    return judge(bundle, about, { facts, problems: [], offline: true, source: "trust" });
  }
  const contracts = trust?.contracts as Bundle["ledger"]["contracts"] | undefined;
  const asked = await askLedger(bundle, endpointsOf(bundle, options), contracts);
  if (trust !== undefined) {
    requireNoContradiction(trust, bundle, asked.facts, options.trust as string);
  }
  const source = trust !== undefined ? "trust" : options.rpc === undefined ? "bundle" : "rpc";
  return judge(bundle, about, { ...asked, offline: false, source });
}

function judge(
  bundle: Bundle,
  about: VerifyOptions,
  read: Pick<CheckedBundle, "facts" | "problems" | "offline" | "source">,
): CheckedBundle {
  const report = verifyBundle(bundle, read.facts, about);
  const isContradicted =
    read.facts.sources.some(({ agrees }) => !agrees) ||
    read.problems.some(({ code }) => code === "facts.no-majority");
  return { ...read, report, isContradicted, ok: report.ok && !isContradicted };
}

/** The end points to ask: those given, else those that the bundle names. @throws UsageError */
export function endpointsOf(
  bundle: Bundle,
  { rpc }: FactOptions,
): { member: string; url: string }[] {
  if (rpc === undefined) return bundle.ledger.endpoints;
  return rpc.map((given) => {
    const [, member, rest] = /^([^=:/]+)=(.+)$/s.exec(given) ?? [];
    const url = readUrl(rest ?? given);
    const known = bundle.ledger.endpoints.find((one) => readUrl(one.url) === url);
    return { member: member ?? known?.member ?? url, url };
  });
}

async function askLedger(
  bundle: Bundle,
  endpoints: { member: string; url: string }[],
  contracts: Bundle["ledger"]["contracts"] | undefined,
) {
  if (endpoints.length === 0) {
    throw new UsageError("The bundle names no end point of the ledger: name one with --rpc.");
  }
  try {
    return await readLedgerFacts(bundle, endpoints, contracts === undefined ? {} : { contracts });
  } catch (error) {
    if (!(error instanceof TallystickError) || error.code !== "ledger.unreachable") throw error;
    throw new ServiceError(error.code, error.message, error.place, error);
  }
}
