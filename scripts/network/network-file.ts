import { existsSync } from "node:fs";
import { open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Hex } from "../../node/core/bytes.ts";

/** What the set-up made, so that a second start finds it again. */
export interface NetworkFile {
  chainId: number;
  contracts: Record<string, Hex>;
  members: Record<string, Hex>;
  retail: AgreementOnLedger;
  interconnect: AgreementOnLedger;
  /** Month that the sample's records were moved into, "2026-10". */
  month: string;
  tariffValidFrom: string;
}

export interface AgreementOnLedger {
  id: Hex;
  maxRecordAgeSeconds: string;
  chargeBook: Hex;
  creditBook: Hex;
  invoiceBook: Hex;
}

/** Whole and durable, or not at all: a crash leaves the old file. */
export async function writeJsonFile(file: string, value: unknown): Promise<void> {
  const partial = `${file}.${process.pid}.partial`;
  const handle = await open(partial, "w", 0o600);
  await handle.writeFile(`${JSON.stringify(value, null, 2)}\n`);
  await handle.sync();
  await handle.close();
  await rename(partial, file);
  const folder = await open(dirname(file), "r");
  await folder.sync();
  await folder.close();
}

export async function readJsonFile<T>(file: string): Promise<T | undefined> {
  if (!existsSync(file)) return undefined;
  return JSON.parse(await readFile(file, "utf8")) as T;
}

export const networkFile = (directory: string): string => join(directory, "network.json");
