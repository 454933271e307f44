import { join } from "node:path";
import { EvmLedger } from "./adapters/evm-ledger.ts";
import { Keystore, passphraseOf } from "./adapters/keystore.ts";
import { QuickSigner } from "./adapters/quick-signer.ts";
import { invoiceSigner, receiptSigner } from "./adapters/receipt-signer.ts";
import type { NodeConfig } from "./config.ts";
import type { Hex } from "./core/bytes.ts";
import { TallystickError } from "./core/errors.ts";
import type { ContractName } from "./engine/commit/ledger.ts";
import type { LedgerSection } from "./engine/evidence/build-evidence.ts";
import type { SignInvoice, SignReceipt } from "./engine/evidence/issue-receipt.ts";
import type { Environment } from "./environment.ts";

/** The ledger as an operator writes to it, and what signs with its keys. */
export interface OpenLedger {
  ledger: EvmLedger;
  signReceipt: SignReceipt | undefined;
  signInvoice: SignInvoice;
}

/** The ledger as an operator writes to it, with its keys. @throws as `Keystore.signer` */
export async function openLedger(
  config: NodeConfig,
  environment: Environment,
): Promise<OpenLedger> {
  const isEmbedded = config.ledger.kind === "embedded";
  const passphrase = await passphraseOf({
    given: environment.passphrase,
    dataDirectory: config.data,
    ledgerIsEmbedded: isEmbedded,
  });
  const keys = new Keystore({
    directory: join(config.data, "keys"),
    passphrase,
    ledgerIsEmbedded: isEmbedded,
  });
  const [commit, settle] = await Promise.all([keys.signer("commit"), keys.signer("settle")]);
  const chainId = BigInt(config.ledger.chainId);
  const { standings } = config.ledger.contracts;
  const ledger = new EvmLedger({
    urls: config.ledger.urls,
    chainId,
    kind: config.ledger.kind,
    contracts: config.ledger.contracts as Partial<Record<ContractName, string>>,
    finality: config.ledger.finality,
    gasPrice: BigInt(config.ledger.gasPriceWei),
    signers: { commit, settle },
  });
  const quick = new QuickSigner(settle);
  const signReceipt =
    standings === undefined ? undefined : receiptSigner(quick, chainId, standings);
  const books = config.ledger.contracts.books as Hex;
  return { ledger, signReceipt, signInvoice: invoiceSigner(quick, { chainId, books }) };
}

/** What evidence says of the ledger that it is checked against. @throws TallystickError `config.invalid` */
export function ledgerSectionOf({ ledger }: NodeConfig): LedgerSection {
  const address = (name: string): Hex => {
    const found = ledger.contracts[name];
    if (found === undefined) {
      throw new TallystickError("config.invalid", `The contract "${name}" is missing.`, {
        field: `ledger.contracts.${name}`,
      });
    }
    return found;
  };
  const optional = (name: "standings" | "demands") => {
    const found = ledger.contracts[name];
    return found === undefined ? {} : { [name]: found };
  };
  return {
    chainId: ledger.chainId,
    kind: ledger.kind,
    runBy: ledger.runBy,
    contracts: {
      books: address("books"),
      tariffs: address("tariffs"),
      agreements: address("agreements"),
      claims: address("claims"),
      members: address("members"),
      ...optional("standings"),
      ...optional("demands"),
    },
    endpoints: ledger.endpoints,
  };
}

/** Whether it answers, and its newest block. */
export async function ledgerStatus(ledger: EvmLedger) {
  try {
    const { number, time } = await ledger.head();
    return {
      reachable: true,
      block: number.toString(),
      blockTime: new Date(Number(time) * 1000).toISOString(),
    };
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    return { reachable: false, because: error.message };
  }
}
