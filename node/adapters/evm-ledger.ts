import type { Hex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";
import type {
  BlockHead,
  ContractName,
  Duty,
  FinalityRule,
  Ledger,
  LedgerCall,
  LedgerDescription,
  PreparedCall,
  Receipt,
  RefusalReason,
  SignedTransaction,
} from "../engine/commit/ledger.ts";
import { encodeCall } from "./evm-contracts.ts";
import { Transaction } from "./evm-library.ts";
import { addressIn, EvmReader, quantity, refusal } from "./evm-reader.ts";
import { EvmRpc, isRevert, JsonRpcRefusal } from "./evm-rpc.ts";

/** A wallet of ethers is one; so may be a remote signer. */
export interface TransactionSigner {
  readonly address: string;
  signTransaction(transaction: {
    type: number;
    chainId: bigint;
    to: string;
    data: string;
    nonce: number;
    gasLimit: bigint;
    gasPrice: bigint;
  }): Promise<string>;
}

export interface EvmLedgerOptions {
  /** JSON-RPC end points of the same ledger, one's own first. */
  urls: readonly string[];
  chainId: bigint;
  kind: LedgerDescription["kind"];
  contracts: Partial<Record<ContractName, string>>;
  finality: FinalityRule;
  /** The member's keys by duty; what a node never writes may be left out. */
  signers: Partial<Record<Duty, TransactionSigner>>;
  /** In wei; the embedded ledger and most consortia ask nothing. */
  gasPrice?: bigint;
  gasLimit?: bigint;
  timeoutMilliseconds?: number;
}

/** Enough for a hundred batches in one call; on a ledger without a price what is left costs nothing. */
const GAS_LIMIT = 6_000_000n;
/** The ledger has these bytes, or others under this nonce: either way its nonces and receipts tell. */
const TAKEN_ALREADY =
  /already (known|imported|exists|in)|known transaction|nonce (is )?too low|nonce too small|invalid nonce|invalid sequence|tx already/i;

/**
 * A ledger that speaks Ethereum's JSON-RPC. Transactions are of type 0 with price and limit from the
 * configuration: every engine takes those, and nothing is estimated on a state that is gone later.
 */
export class EvmLedger extends EvmReader implements Ledger {
  readonly #rpc: EvmRpc;
  readonly #options: EvmLedgerOptions;
  readonly #contracts: Partial<Record<ContractName, Hex>>;

  constructor(options: EvmLedgerOptions) {
    const rpc = new EvmRpc(options);
    const contracts = Object.fromEntries(
      Object.entries(options.contracts).map(([name, address]) => [name, address.toLowerCase()]),
    ) as Partial<Record<ContractName, Hex>>;
    super(rpc, contracts);
    this.#rpc = rpc;
    this.#options = options;
    this.#contracts = contracts;
  }

  /** Ends idle connections. */
  close(): void {
    this.#rpc.close();
  }

  describe(): LedgerDescription {
    const { chainId, kind, finality } = this.#options;
    return { chainId, kind, finality, contracts: this.#contracts };
  }

  async check(): Promise<void> {
    const chainId = BigInt((await this.#ask("eth_chainId", [])) as string);
    if (chainId !== this.#options.chainId) {
      throw new TallystickError(
        "ledger.wrong-chain",
        `The end point serves chain ${chainId}, the configuration names ${this.#options.chainId}.`,
      );
    }
    // At once: one after the other they were most of a short command's end, which waits for this.
    const contracts = await Promise.all(
      Object.entries(this.#contracts).map(async ([name, address]) => ({
        name,
        address,
        code: await this.#ask("eth_getCode", [address, "latest"]),
      })),
    );
    for (const { name, address, code } of contracts) {
      if (code !== "0x") continue;
      throw new TallystickError(
        "ledger.contract-missing",
        `The ledger has no contract "${name}" at ${address}. It is another ledger, or an empty one.`,
      );
    }
  }

  async head(): Promise<BlockHead> {
    return await this.#blockAt("latest");
  }

  async finalHead(): Promise<BlockHead> {
    return await this.#blockAt(await this.#finalTag());
  }

  senderOf(duty: Duty): Hex {
    return this.#signerOf(duty).address.toLowerCase() as Hex;
  }

  prepare(call: LedgerCall): PreparedCall {
    return {
      to: addressIn(this.#contracts, call.contract),
      data: encodeCall(call),
      gasLimit: this.#options.gasLimit ?? GAS_LIMIT,
    };
  }

  async sign(call: PreparedCall, by: { duty: Duty; nonce: bigint }): Promise<SignedTransaction> {
    const raw = await this.#signerOf(by.duty).signTransaction({
      type: 0,
      chainId: this.#options.chainId,
      to: call.to,
      data: call.data,
      nonce: Number(by.nonce),
      gasLimit: call.gasLimit,
      gasPrice: this.#options.gasPrice ?? 0n,
    });
    return { raw: raw as Hex, hash: Transaction.from(raw).hash as Hex };
  }

  async broadcast(raw: Hex): Promise<void> {
    try {
      await this.#rpc.say(raw);
    } catch (error) {
      if (!(error instanceof JsonRpcRefusal)) throw error;
      if (!TAKEN_ALREADY.test(error.message)) throw refusal(error);
    }
  }

  async receipt(hash: Hex): Promise<Receipt | undefined> {
    const found = await this.#ask("eth_getTransactionReceipt", [hash]);
    if (found === null) return undefined;
    const { status, blockNumber } = found as { status: string; blockNumber: Hex };
    const block = await this.#blockAt(blockNumber);
    return {
      status: BigInt(status) === 1n ? "done" : "refused",
      blockNumber: block.number,
      blockTime: block.time,
    };
  }

  async accountNonce(address: Hex, at: "head" | "final"): Promise<bigint> {
    const tag = at === "head" ? "latest" : await this.#finalTag();
    return BigInt((await this.#ask("eth_getTransactionCount", [address, tag])) as string);
  }

  async refusalOf(
    call: PreparedCall,
    sender: Hex,
    at?: bigint,
  ): Promise<RefusalReason | undefined> {
    const request = { from: sender, to: call.to, data: call.data, gas: quantity(call.gasLimit) };
    try {
      await this.#rpc.ask("eth_call", [request, at === undefined ? "latest" : quantity(at)]);
      return undefined;
    } catch (error) {
      if (!(error instanceof JsonRpcRefusal)) throw error;
      if (isRevert(error)) return refusal(error).reason;
      // No archive is asked for: where the state of that block is gone, the newest has to do.
      if (at !== undefined) return await this.refusalOf(call, sender);
      throw refusal(error);
    }
  }

  async #finalTag(): Promise<string> {
    const { finality } = this.#options;
    if (typeof finality === "string") return finality;
    const { number } = await this.head();
    const depth = BigInt(finality.blocks);
    return quantity(number > depth ? number - depth : 0n);
  }

  async #blockAt(tag: string): Promise<BlockHead> {
    const block = await this.#ask("eth_getBlockByNumber", [tag, false]);
    if (block === null) {
      throw new TallystickError("ledger.unreachable", `The end point has no block ${tag} yet.`);
    }
    const { number, timestamp } = block as { number: string; timestamp: string };
    return { number: BigInt(number), time: BigInt(timestamp) };
  }

  async #ask(method: string, params: readonly unknown[]): Promise<unknown> {
    try {
      return await this.#rpc.ask(method, params);
    } catch (error) {
      throw error instanceof JsonRpcRefusal ? refusal(error) : error;
    }
  }

  #signerOf(duty: Duty): TransactionSigner {
    const signer = this.#options.signers[duty];
    if (signer === undefined) {
      throw new TallystickError("ledger.key-missing", `This node has no key to ${duty} with.`);
    }
    return signer;
  }
}
