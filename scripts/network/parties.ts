import { join } from "node:path";
import type { Wallet } from "ethers";
import { Keystore, passphraseOf } from "../../node/adapters/keystore.ts";
import { readEnvironment } from "../../node/environment.ts";

/** The organisations of the sample network. Roles as `Members` numbers them. */
export const PARTIES = {
  alder: { name: "Alder Mobile", roles: 1 },
  birch: { name: "Birch Telecom", roles: 1 },
  cedar: { name: "Cedar Devices", roles: 2 },
  elm: { name: "Elm Arbitration", roles: 8 },
} as const;
export type PartyName = keyof typeof PARTIES;

export interface PartyKeys {
  commit: Wallet;
  settle: Wallet;
  govern: Wallet;
}

/** The keys of one organisation in its own encrypted keystore, made at first need. */
export async function keysOf(directory: string, party: string): Promise<PartyKeys> {
  const keys = await keystoreOf(directory, party);
  const [commit, settle, govern] = await Promise.all([
    keys.signer("commit"),
    keys.signer("settle"),
    keys.signer("govern"),
  ]);
  return { commit, settle, govern };
}

export async function keystoreOf(directory: string, party: string): Promise<Keystore> {
  const dataDirectory = join(directory, party);
  const passphrase = await passphraseOf({
    given: readEnvironment().passphrase,
    dataDirectory,
    ledgerIsEmbedded: true,
  });
  return new Keystore({
    directory: join(dataDirectory, "keys"),
    passphrase,
    ledgerIsEmbedded: true,
  });
}
