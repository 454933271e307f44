import { Contract, type Interface, JsonRpcProvider, type Wallet } from "ethers";
import { LEDGER_ABI } from "../../node/adapters/ledger-abi.ts";

export type ContractKey = keyof typeof LEDGER_ABI;
export type Addresses = Record<string, string>;

/** Reads and writes the contracts for the set-up of a network; the nodes have their outbox. */
export class LedgerClient {
  readonly provider: JsonRpcProvider;
  readonly #addresses: Addresses;

  constructor(url: string, chainId: number, addresses: Addresses = {}) {
    this.provider = new JsonRpcProvider(url, chainId, { staticNetwork: true, cacheTimeout: -1 });
    this.#addresses = addresses;
  }

  // biome-ignore lint/suspicious/noExplicitAny: what ethers decodes has no static type
  read(contract: ContractKey, method: string, ...args: unknown[]): Promise<any> {
    return this.#contract(contract)
      .getFunction(method)
      .staticCall(...args);
  }

  /** Waits until it is included. @returns the gas that it used */
  async send(
    by: Wallet,
    contract: ContractKey,
    method: string,
    ...args: unknown[]
  ): Promise<bigint> {
    const signer = by.connect(this.provider);
    const target = this.#contract(contract).connect(signer) as Contract;
    const call = target.getFunction(method);
    // A second later, when it is included, the ledger's clock costs more than it did at the estimate.
    const gasLimit = ((await call.estimateGas(...args)) * 3n) / 2n;
    const sent = await call.send(...args, { gasPrice: 0, type: 0, gasLimit });
    return (await sent.wait())?.gasUsed ?? 0n;
  }

  interfaceOf(contract: ContractKey): Interface {
    return this.#contract(contract).interface;
  }

  close(): void {
    this.provider.destroy();
  }

  #contract(name: ContractKey): Contract {
    return new Contract(this.#addresses[name] as string, LEDGER_ABI[name], this.provider);
  }
}
