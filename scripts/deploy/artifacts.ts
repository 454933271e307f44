import { readFile } from "node:fs/promises";
import type { InterfaceAbi } from "ethers";
import { BREACH_KIND } from "../../node/core/evidence/claim-kind.ts";

/** A judge's contract has the name of its kind. */
export const contractOf = (kind: keyof typeof BREACH_KIND): string =>
  `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;

const JUDGES = Object.fromEntries(
  Object.keys(BREACH_KIND).map((kind) => {
    const name = contractOf(kind as keyof typeof BREACH_KIND);
    return [name, `contracts/breaches/${name}.sol`];
  }),
);

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
  const place = new URL(`../../artifacts/${folder}/${name}.json`, import.meta.url);
  return JSON.parse(await readFile(place, "utf8")) as Artifact;
}
