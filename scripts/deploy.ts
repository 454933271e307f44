import { readFile } from "node:fs/promises";
import {
  ContractFactory,
  type ContractRunner,
  Interface,
  type InterfaceAbi,
  type Signer,
} from "ethers";
import { FORWARDER_NAME } from "../node/adapters/forward-request.ts";
import { BREACH_KIND } from "../node/core/evidence/claim-kind.ts";

/*
 * Puts the contracts onto a ledger. Whoever deploys is the governor. What it does every day (admit,
 * suspend and reinstate members, refuse a token) takes effect at once; what could hurt members
 * (tokens, judges, bounds, the fund, and the rules of access themselves) it announces, and anyone
 * sees it coming for a delay in which the guardian can cancel it. The contracts' rights towards
 * each other are roles of the same manager.
 */

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
const GOVERNANCE_DELAY_SECONDS = 172_800n;
/** Two years: a bill can be challenged for one in most countries, and its dispute takes its time. */
const EVIDENCE_AGE_MAX_SECONDS = 63_072_000n;

/** Roles of the access manager: those from 6 on, referrer and slasher are held by contracts. */
export const ACCESS_ROLE = {
  admin: 0n,
  referrer: 1n,
  slasher: 2n,
  registrar: 3n,
  rulemaker: 4n,
  guardian: 5n,
  netter: 6n,
  disputer: 7n,
  conceder: 8n,
} as const;
const ROLE = ACCESS_ROLE;

/** What the governor does at once, and what it has to announce. */
const REGISTRAR_METHODS = [
  ["Members", "members", ["admit", "suspend", "reinstate"]],
  ["Agreements", "agreements", ["refuseToken"]],
] as const;
const RULEMAKER_METHODS = [
  ["Members", "members", ["followCommitKeys"]],
  ["Agreements", "agreements", ["allowToken", "setRetailBounds"]],
  ["Books", "books", ["askBonds"]],
  ["Bonds", "bonds", ["spendFund"]],
  ["Claims", "claims", ["registerJudge"]],
  ["Netting", "netting", ["setPeriods"]],
  [
    "AccessManager",
    "accessManager",
    [
      "grantRole",
      "revokeRole",
      "setTargetFunctionRole",
      "setTargetClosed",
      "setTargetAdminDelay",
      "updateAuthority",
      "setRoleAdmin",
      "setRoleGuardian",
      "setGrantDelay",
      "labelRole",
    ],
  ],
] as const;

const ARTIFACT_FOLDERS = {
  AccessManager: "@openzeppelin/contracts/access/manager/AccessManager.sol",
  ERC2771Forwarder: "@openzeppelin/contracts/metatx/ERC2771Forwarder.sol",
  DemoToken: "contracts/demo/DemoToken.sol",
  ILedgerClock: "contracts/interfaces/ILedgerClock.sol",
} as const;

interface Artifact {
  abi: InterfaceAbi;
  bytecode: string;
  deployedBytecode: string;
}

/** The compiler's output for one of our contracts; `hardhat build` writes it. */
export async function readArtifact(name: string): Promise<Artifact> {
  const folders: Record<string, string> = { ...ARTIFACT_FOLDERS, ...JUDGES };
  const folder = folders[name] ?? `contracts/${name}.sol`;
  const place = new URL(`../artifacts/${folder}/${name}.json`, import.meta.url);
  return JSON.parse(await readFile(place, "utf8")) as Artifact;
}

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
  const priced = [books, agreements, tariffs];
  const judges: Record<keyof typeof BREACH_KIND, unknown[]> = {
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
  const judgeAt: Partial<Record<keyof typeof BREACH_KIND, string>> = {};
  for (const [kind, code] of entriesOf(BREACH_KIND)) {
    const judge = await deployment.deploy(contractOf(kind), judges[kind]);
    await deployment.call({ name: "Claims", address: claims }, "registerJudge", [code, judge]);
    judgeAt[kind] = judge;
  }
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

  const manager = { name: "AccessManager", address: accessManager };
  await deployment.allow(manager, ROLE.referrer, "Books", books, "noteReference", [
    claims,
    statements,
    demands,
    periods,
  ]);
  for (const method of ["takeForNetting", "fallBack"]) {
    await deployment.allow(manager, ROLE.netter, "Settlement", settlement, method, [netting]);
  }
  await deployment.allow(manager, ROLE.slasher, "Bonds", bonds, "slash", [claims, demands]);
  for (const method of ["objectFor", "resolveBy"]) {
    await deployment.allow(manager, ROLE.disputer, "Statements", statements, method, [disputes]);
  }
  await deployment.allow(manager, ROLE.conceder, "Bonds", bonds, "payConcession", [concessionFees]);
  await deployment.call({ name: "Members", address: members }, "followCommitKeys", [books]);
  await deployment.call({ name: "Books", address: books }, "askBonds", [bonds]);
  await deployment.call({ name: "Agreements", address: agreements }, "allowToken", [demoToken]);
  const addresses: LedgerAddresses = {
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
    mispricedCharge: judgeAt.mispricedCharge as string,
    statements,
    standings,
    deliveries,
    demands,
    disputes,
    settlement,
    netting,
    demoToken,
  };
  await governBy(deployment, addresses, governor, options);
  return addresses;
}

/**
 * Last of all: until here the deployer may do everything at once. The access manager itself decides
 * who may call its own methods; naming them under the rulemakers' role lets the guardian cancel them.
 */
async function governBy(
  deployment: Deployment,
  addresses: LedgerAddresses,
  governor: string,
  options: DeploymentOptions,
): Promise<void> {
  const delay = options.governanceDelaySeconds ?? GOVERNANCE_DELAY_SECONDS;
  const manager = { name: "AccessManager", address: addresses.accessManager };
  for (const [role, rules] of [
    [ROLE.registrar, REGISTRAR_METHODS],
    [ROLE.rulemaker, RULEMAKER_METHODS],
  ] as const) {
    for (const [name, key, methods] of rules) {
      const { abi } = await readArtifact(name);
      const known = new Interface(abi);
      const selectors = methods.flatMap((method) => known.getFunction(method)?.selector ?? []);
      const call = [addresses[key], selectors, role];
      await deployment.call(manager, "setTargetFunctionRole", call);
    }
  }
  const grant = (role: bigint, to: string, seconds: bigint) =>
    deployment.call(manager, "grantRole", [role, to, seconds]);
  await grant(ROLE.registrar, governor, 0n);
  await grant(ROLE.rulemaker, governor, delay);
  await grant(ROLE.guardian, options.guardian ?? governor, 0n);
  await deployment.call(manager, "setRoleGuardian", [ROLE.rulemaker, ROLE.guardian]);
  await grant(ROLE.admin, governor, delay);
}

const entriesOf = <K extends string, V>(record: Record<K, V>) => Object.entries(record) as [K, V][];

/** A judge's contract has the name of its kind. */
export const contractOf = (kind: keyof typeof BREACH_KIND): string =>
  `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;

const JUDGES = Object.fromEntries(
  Object.keys(BREACH_KIND).map((kind) => {
    const name = contractOf(kind as keyof typeof BREACH_KIND);
    return [name, `contracts/breaches/${name}.sol`];
  }),
);

interface Deployed {
  name: string;
  address: string;
}

class Deployment {
  readonly #signer: Signer & ContractRunner;
  readonly #onStep: (what: string) => void;

  constructor(signer: Signer, onStep: (what: string) => void) {
    this.#signer = signer;
    this.#onStep = onStep;
  }

  async deploy(name: string, args: unknown[]): Promise<string> {
    this.#onStep(`deploying ${name}`);
    const { abi, bytecode } = await readArtifact(name);
    const contract = await new ContractFactory(abi, bytecode, this.#signer).deploy(...args);
    await contract.waitForDeployment();
    return contract.getAddress();
  }

  async call(target: Deployed, method: string, args: unknown[]): Promise<void> {
    this.#onStep(`${target.name}.${method}`);
    const { abi } = await readArtifact(target.name);
    const data = new Interface(abi).encodeFunctionData(method, args);
    const sent = await this.#signer.sendTransaction({ to: target.address, data });
    await sent.wait();
  }

  /** Only `holders` may call `method` of the target from now on. */
  async allow(
    manager: Deployed,
    role: bigint,
    name: string,
    target: string,
    method: string,
    holders: string[],
  ): Promise<void> {
    const { abi } = await readArtifact(name);
    const selector = new Interface(abi).getFunction(method)?.selector;
    await this.call(manager, "setTargetFunctionRole", [target, [selector], role]);
    for (const holder of holders) await this.call(manager, "grantRole", [role, holder, 0]);
  }
}
