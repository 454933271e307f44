import {
  type AbstractSigner,
  BrowserProvider,
  Contract,
  Interface,
  type JsonRpcSigner,
} from "ethers";
import { network } from "hardhat";
import { LEDGER_ABI } from "../../../node/adapters/ledger-abi.ts";
import type { LedgerAddresses } from "../../../scripts/deploy/ledger-addresses.ts";
import { type DeploymentOptions, deployLedger } from "../../../scripts/deploy.ts";

/** Errors of every contract: one contract's refusal passes through another. */
const ALL_ERRORS = new Interface([
  ...new Set(
    Object.values(LEDGER_ABI).flatMap((abi) => abi.filter((line) => line.startsWith("error "))),
  ),
  "error TransferInexact(address token, uint256 expected, uint256 moved)",
]);

type Contracts = Record<keyof typeof LEDGER_ABI, Contract>;

/** A fresh chain in this process with everything deployed; the first account is the governor. */
export class TestLedger {
  readonly provider: BrowserProvider;
  readonly accounts: JsonRpcSigner[];
  readonly addresses: LedgerAddresses;
  readonly contracts: Contracts;
  readonly heartbeatSeconds: number;

  private constructor(
    provider: BrowserProvider,
    accounts: JsonRpcSigner[],
    addresses: LedgerAddresses,
    heartbeatSeconds: bigint,
  ) {
    this.heartbeatSeconds = Number(heartbeatSeconds);
    this.provider = provider;
    this.accounts = accounts;
    this.addresses = addresses;
    const at = { ...addresses, token: addresses.demoToken };
    this.contracts = Object.fromEntries(
      Object.entries(LEDGER_ABI).map(([name, abi]) => [
        name,
        new Contract(at[name as keyof typeof LEDGER_ABI], abi, provider),
      ]),
    ) as Contracts;
  }

  /** Without a delay of governance unless `options` name one. */
  static async start(
    heartbeatSeconds = 21_600n,
    options: Pick<DeploymentOptions, "governanceDelaySeconds" | "guardian"> = {},
  ): Promise<TestLedger> {
    const connection = await network.create();
    const provider = new BrowserProvider(connection.provider, undefined, {
      cacheTimeout: -1,
    });
    const accounts = await provider.listAccounts();
    const addresses = await deployLedger(accounts[0] as JsonRpcSigner, {
      heartbeatSeconds,
      governanceDelaySeconds: 0n,
      ...options,
    });
    return new TestLedger(provider, accounts, addresses, heartbeatSeconds);
  }

  account(index: number): JsonRpcSigner {
    return this.accounts[index] as JsonRpcSigner;
  }

  /** Sends a transaction and waits; the gas that it used. */
  async send(
    by: AbstractSigner,
    contract: keyof typeof LEDGER_ABI,
    method: string,
    ...args: unknown[]
  ): Promise<{ gasUsed: bigint; blockTime: bigint }> {
    const target = this.contracts[contract].connect(by) as Contract;
    const sent = await target.getFunction(method).send(...args);
    const receipt = await sent.wait();
    const block = await this.provider.getBlock(receipt?.blockNumber as number);
    return { gasUsed: receipt?.gasUsed ?? 0n, blockTime: BigInt(block?.timestamp ?? 0) };
  }

  /** What a call would return; changes nothing. */
  async preview(
    by: AbstractSigner,
    contract: keyof typeof LEDGER_ABI,
    method: string,
    ...args: unknown[]
  ): Promise<unknown> {
    const target = this.contracts[contract].connect(by) as Contract;
    return target.getFunction(method).staticCall(...args);
  }

  read(contract: keyof typeof LEDGER_ABI, method: string, ...args: unknown[]) {
    return this.contracts[contract].getFunction(method).staticCall(...args);
  }

  /** Name of the custom error that the call is refused with; fails when it is not refused. */
  async refusal(
    by: AbstractSigner,
    contract: keyof typeof LEDGER_ABI,
    method: string,
    ...args: unknown[]
  ): Promise<string> {
    try {
      await this.preview(by, contract, method, ...args);
    } catch (thrown) {
      const data = revertData(thrown);
      const parsed = data === undefined ? null : ALL_ERRORS.parseError(data);
      if (parsed === null) throw thrown;
      return parsed.name;
    }
    throw new Error(`${contract}.${method} was not refused`);
  }

  /** Lets block time pass, and ledger time with it: somebody touches the clock on the way. */
  async pass(seconds: number): Promise<void> {
    // Short of a heartbeat: a gap beyond it costs more gas than was estimated a second before.
    const step = this.heartbeatSeconds - 60;
    for (let left = seconds; left > 0; left -= step) {
      await this.provider.send("evm_increaseTime", [Math.min(left, step)]);
      await this.send(this.account(19), "clock", "tick");
    }
  }
}

function revertData(thrown: unknown): string | undefined {
  for (let error = thrown as Record<string, unknown> | undefined; error; ) {
    const data = error.data as string | { data?: string } | undefined;
    if (typeof data === "string" && data.length >= 10) return data;
    if (typeof data === "object" && typeof data?.data === "string") return data.data;
    error = (error.error ?? error.info ?? error.cause) as Record<string, unknown> | undefined;
  }
  return undefined;
}
