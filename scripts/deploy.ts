import type { Signer } from "ethers";
import { FORWARDER_NAME } from "../node/adapters/forward-request.ts";
import { BREACH_KIND } from "../node/core/evidence/claim-kind.ts";
import { appointContracts, appointGovernor } from "./deploy/access.ts";
import { contractOf } from "./deploy/artifacts.ts";
import { Deployment } from "./deploy/deployment.ts";
import type { LedgerAddresses } from "./deploy/ledger-addresses.ts";

/*
 * Puts the contracts onto a ledger. Whoever deploys is the governor.
 */

export interface DeploymentOptions {
  /** The longest gap, in seconds, that counts in full in ledger time. */
  heartbeatSeconds?: bigint;
  /** Between the announcement of a dangerous change and its effect. */
  governanceDelaySeconds?: bigint;
  /** Who can cancel what the governor announced; the governor itself unless named. */
  guardian?: string;
  /** For how many seconds of block time evidence can be demanded. */
  evidenceAgeMaxSeconds?: bigint;
  /** Said before each transaction, for people who wait. */
  onStep?: (what: string) => void;
}

/** Ten minutes: ten times the usual cadence of commitments. */
const HEARTBEAT_SECONDS = 600n;
/** Netting cycles are open for a week; then net debtors have two days. */
const NETTING_OPEN_SECONDS = 604_800n;
const NETTING_FUNDING_SECONDS = 172_800n;
/** Two years: a bill can be challenged for one in most countries, and its dispute takes its time. */
const EVIDENCE_AGE_MAX_SECONDS = 63_072_000n;

type BreachKind = keyof typeof BREACH_KIND;

/**
 * Deploys everything and wires it. Not idempotent: whoever calls keeps the addresses.
 * `signer` sends every transaction and becomes the governor.
 */
export async function deployLedger(
  signer: Signer,
  options: DeploymentOptions = {},
): Promise<LedgerAddresses> {
  const deployment = new Deployment(signer, options.onStep ?? (() => {}));
  const governor = await signer.getAddress();
  const addresses = await deployContracts(deployment, governor, options);
  await appointContracts(deployment, addresses);
  const { governanceDelaySeconds: delaySeconds, guardian } = options;
  await appointGovernor(deployment, addresses, { governor, delaySeconds, guardian });
  return addresses;
}

/** Each after those that it is told of. */
async function deployContracts(
  deployment: Deployment,
  governor: string,
  options: DeploymentOptions,
): Promise<LedgerAddresses> {
  const accessManager = await deployment.deploy("AccessManager", [governor]);
  const forwarder = await deployment.deploy("ERC2771Forwarder", [FORWARDER_NAME]);
  const members = await deployment.deploy("Members", [accessManager]);
  const agreements = await deployment.deploy("Agreements", [members, accessManager]);
  const books = await deployment.deploy("Books", [
    members,
    agreements,
    options.heartbeatSeconds ?? HEARTBEAT_SECONDS,
    accessManager,
  ]);
  const periods = await deployment.deploy("Periods", [members, agreements, books, books]);
  const tariffs = await deployment.deploy("Tariffs", [members, agreements]);
  const amendments = await deployment.deploy("Amendments", [members, agreements]);
  const exchangeTables = await deployment.deploy("ExchangeTables", [members, agreements]);
  const verifier = await deployment.deploy("Verifier", []);
  const bonds = await deployment.deploy("Bonds", [members, agreements, books, accessManager]);
  const standings = await deployment.deploy("Standings", [members, books]);
  const claims = await deployment.deploy("Claims", [
    members,
    agreements,
    books,
    books,
    bonds,
    standings,
    accessManager,
    forwarder,
  ]);
  const concessionFees = await deployment.deploy("ConcessionFees", [books, claims, bonds]);
  const judges = await deployJudges(deployment, { books, agreements, tariffs, members, claims });
  const statements = await deployment.deploy("Statements", [
    members,
    agreements,
    books,
    books,
    verifier,
    periods,
    accessManager,
  ]);
  const deliveries = await deployment.deploy("Deliveries", [books]);
  const demands = await deployment.deploy("Demands", [
    members,
    agreements,
    books,
    books,
    bonds,
    standings,
    deliveries,
    options.evidenceAgeMaxSeconds ?? EVIDENCE_AGE_MAX_SECONDS,
  ]);
  const disputes = await deployment.deploy("Disputes", [
    members,
    agreements,
    books,
    books,
    statements,
    accessManager,
    forwarder,
  ]);
  const settlement = await deployment.deploy("Settlement", [
    members,
    agreements,
    statements,
    accessManager,
    forwarder,
  ]);
  const netting = await deployment.deploy("Netting", [
    members,
    agreements,
    books,
    settlement,
    NETTING_OPEN_SECONDS,
    NETTING_FUNDING_SECONDS,
    accessManager,
    forwarder,
  ]);
  const demoToken = await deployment.deploy("DemoToken", []);

  return {
    accessManager,
    forwarder,
    members,
    agreements,
    clock: books,
    books,
    periods,
    tariffs,
    amendments,
    exchangeTables,
    verifier,
    bonds,
    claims,
    concessionFees,
    mispricedCharge: judges.mispricedCharge,
    statements,
    standings,
    deliveries,
    demands,
    disputes,
    settlement,
    netting,
    demoToken,
  };
}

type Judged = Pick<LedgerAddresses, "books" | "agreements" | "tariffs" | "members" | "claims">;

/** One for each breach, known to the claims by its kind. @returns where they are */
async function deployJudges(
  deployment: Deployment,
  { books, agreements, tariffs, members, claims }: Judged,
): Promise<Record<BreachKind, string>> {
  const priced = [books, agreements, tariffs];
  const judges: Record<BreachKind, unknown[]> = {
    mispricedCharge: priced,
    untimelyCharge: [books, agreements, books, members],
    chargeNumberReused: [books],
    runningTotalWrong: [books],
    sourceReused: [books],
    scopeReused: [books],
    wrongSplit: priced,
    chargeAfterInvoice: [books],
    invoiceTotalWrong: [books],
    secondInvoice: [books],
    creditAboveOriginal: [books],
    malformedBatch: [books],
    bookTotalsWrong: [books],
    counterStepWrong: priced,
    planNotAssigned: [books],
    assignmentsClash: [books],
    invoiceDocumentDiffers: [books, members],
  };
  const judgeAt: Partial<Record<BreachKind, string>> = {};
  for (const [kind, code] of entriesOf(BREACH_KIND)) {
    const judge = await deployment.deploy(contractOf(kind), judges[kind]);
    await deployment.call({ name: "Claims", address: claims }, "registerJudge", [code, judge]);
    judgeAt[kind] = judge;
  }
  return judgeAt as Record<BreachKind, string>;
}

const entriesOf = <K extends string, V>(record: Record<K, V>) => Object.entries(record) as [K, V][];
