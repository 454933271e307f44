import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { encodeBytes32String, JsonRpcProvider, Wallet } from "ethers";
import { encodeCall } from "../../node/adapters/evm-contracts.ts";
import { EvmLedger, type EvmLedgerOptions } from "../../node/adapters/evm-ledger.ts";
import type { Hex } from "../../node/core/bytes.ts";
import type { ContractName, Duty } from "../../node/engine/commit/ledger.ts";
import type { LedgerAddresses } from "../../scripts/deploy/ledger-addresses.ts";
import { deployLedger } from "../../scripts/deploy.ts";

export const ANVIL_CHAIN_ID = 31337n;
const MNEMONIC_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const NO_WINDOW = 86_400;

export interface AnvilMember {
  id: Hex;
  keys: Record<Duty, Wallet>;
}

/** A real EVM on a free loopback port with our contracts, two operators and an arbiter. */
export class AnvilNetwork {
  readonly #process: ChildProcess;
  readonly url: string;
  readonly provider: JsonRpcProvider;
  addresses!: LedgerAddresses;
  alder!: AnvilMember;
  birch!: AnvilMember;
  retailAlder!: Hex;
  retailBirch!: Hex;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.url = url;
    this.provider = new JsonRpcProvider(url, undefined, { staticNetwork: true, cacheTimeout: -1 });
    this.provider.pollingInterval = 20;
  }

  static async start(): Promise<AnvilNetwork> {
    const port = await freePort();
    const require = createRequire(import.meta.url);
    const anvil = require.resolve(
      `@foundry-rs/anvil-${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}/bin/anvil`,
    );
    const words = `--host 127.0.0.1 --port ${port} --gas-price 0 --base-fee 0 --hardfork cancun`;
    const child = spawn(anvil, words.split(" "), { stdio: ["ignore", "pipe", "inherit"] });
    for await (const chunk of child.stdout) if (String(chunk).includes("Listening on")) break;
    child.stdout.resume();
    const network = new AnvilNetwork(child, `http://127.0.0.1:${port}`);
    await network.#settle();
    return network;
  }

  async stop(): Promise<void> {
    this.provider.destroy();
    if (this.#process.exitCode === null) {
      this.#process.kill("SIGKILL");
      await once(this.#process, "exit");
    }
  }

  ledgerOf(member: AnvilMember, options: Partial<EvmLedgerOptions> = {}): EvmLedger {
    const { demoToken, ...contracts } = this.addresses;
    return new EvmLedger({
      urls: [this.url],
      chainId: ANVIL_CHAIN_ID,
      kind: "embedded",
      contracts: { ...contracts, token: demoToken },
      finality: "latest",
      signers: member.keys,
      timeoutMilliseconds: 5_000,
      ...options,
    });
  }

  async #settle(): Promise<void> {
    const governor = new Wallet(MNEMONIC_KEY, this.provider);
    this.addresses = await deployLedger(governor);
    this.alder = await this.#admit(governor, "Alder Mobile", 1, 1);
    this.birch = await this.#admit(governor, "Birch Telecom", 1, 4);
    const arbiter = await this.#admit(governor, "Arbiter", 8, 7);
    this.retailAlder = await this.#agree(this.alder, arbiter.id);
    this.retailBirch = await this.#agree(this.birch, arbiter.id);
  }

  async #admit(governor: Wallet, name: string, roles: number, first: number): Promise<AnvilMember> {
    const [commit, settle, govern] = [0, 1, 2].map(
      (index) =>
        new Wallet(`0x${"0".repeat(62)}${(first + index + 16).toString(16)}`, this.provider),
    ) as [Wallet, Wallet, Wallet];
    const keys = { commit, settle, govern };
    const addresses = [commit.address, settle.address, govern.address];
    const id = await this.#call(governor, "members", "admit", [name, roles, addresses]);
    return { id: id.slice(0, 42) as Hex, keys };
  }

  async #agree(operator: AnvilMember, arbiter: Hex): Promise<Hex> {
    const terms = {
      parties: [operator.id],
      sides: [{ operator: operator.id, payer: operator.id }],
      splits: [{ remainder: operator.id, shares: [] }],
      tolerances: [],
      period: [encodeBytes32String("Europe/Berlin"), 0, false, false],
      currency: "0x455552",
      token: this.addresses.demoToken,
      arbiter,
      netted: false,
      windows: [NO_WINDOW, NO_WINDOW, 30 * NO_WINDOW, NO_WINDOW, 0, NO_WINDOW, NO_WINDOW, 0],
      stakes: [0n, 0n, 0n, 500_000_000n, 0n],
    };
    return await this.#call(operator.keys.govern, "agreements", "propose", [terms]);
  }

  /** The first word that the call returns. */
  async #call(by: Wallet, contract: ContractName, method: string, args: unknown[]): Promise<Hex> {
    const to = this.addresses[contract as keyof LedgerAddresses];
    const data = encodeCall({ contract, method, args });
    const returned = await this.provider.call({ from: by.address, to, data });
    await (await by.sendTransaction({ to, data, gasPrice: 0, type: 0 })).wait();
    return returned.slice(0, 66) as Hex;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
