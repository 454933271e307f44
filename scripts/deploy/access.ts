import { Interface } from "ethers";
import { readArtifact } from "./artifacts.ts";
import type { Deployment } from "./deployment.ts";
import type { LedgerAddresses } from "./ledger-addresses.ts";

/*
 * Who may call what: roles of one access manager, the contracts' rights towards each other among them. What the
 * governor does every day (admit, suspend and reinstate members, refuse a token) takes effect at once; what could hurt
 * members (tokens, judges, bounds, the fund, and the rules of access themselves) it announces, and anyone sees it coming
 * for a delay in which the guardian can cancel it.
 */

/** Those from 6 on, referrer and slasher are held by contracts. */
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

const GOVERNANCE_DELAY_SECONDS = 172_800n;

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

/** Each contract may do at another one what it is there for, and nobody else may. */
export async function appointContracts(
  deployment: Deployment,
  addresses: LedgerAddresses,
): Promise<void> {
  const { accessManager, members, agreements, books, periods, bonds, claims } = addresses;
  const { concessionFees, statements, demands, disputes, settlement, netting } = addresses;
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
  await deployment.call({ name: "Agreements", address: agreements }, "allowToken", [
    addresses.demoToken,
  ]);
}

export interface Governing {
  governor: string;
  /** Between the announcement of a dangerous change and its effect; two days unless given. */
  delaySeconds: bigint | undefined;
  /** Who can cancel what the governor announced; the governor itself unless named. */
  guardian: string | undefined;
}

/**
 * Last of all: until here the deployer may do everything at once. The access manager itself decides
 * who may call its own methods; naming them under the rulemakers' role lets the guardian cancel them.
 */
export async function appointGovernor(
  deployment: Deployment,
  addresses: LedgerAddresses,
  { governor, delaySeconds: delay = GOVERNANCE_DELAY_SECONDS, guardian = governor }: Governing,
): Promise<void> {
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
  await grant(ROLE.guardian, guardian, 0n);
  await deployment.call(manager, "setRoleGuardian", [ROLE.rulemaker, ROLE.guardian]);
  await grant(ROLE.admin, governor, delay);
}
