import { decodeResult, encodeCall } from "../adapters/evm-contracts.ts";
import { EvmReader } from "../adapters/evm-reader.ts";
import { EvmRpc } from "../adapters/evm-rpc.ts";
import type { Hex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";
import type { Bundle } from "../core/evidence/bundle.ts";
import type { SealedDelivery } from "../core/evidence/sealed-delivery.ts";
import type { ContractName } from "../engine/commit/ledger.ts";
import { ServiceError } from "./output.ts";

export const DEMAND_STATES = ["none", "asked", "answered", "withheld", "rubbish"] as const;
export type DemandState = (typeof DEMAND_STATES)[number];

type Fields = Record<string, unknown>;
const ZERO = /^0x0*$/;

/** The contracts of demands as the ledger's own end points show them; no node's word is needed. */
export class DemandsOnLedger {
  readonly demands: Hex;
  readonly #rpc: EvmRpc;
  readonly #contracts: Partial<Record<ContractName, Hex>>;
  readonly #reader: EvmReader;

  /** @throws TallystickError `demand.not-offered` when the bundle's ledger has no such contracts */
  constructor(ledger: Bundle["ledger"], urls: string[]) {
    const { standings, demands, books } = ledger.contracts;
    if (standings === undefined || demands === undefined) {
      const message =
        "The bundle names no contracts for demands. Ask the operator for a newer one.";
      throw new TallystickError("demand.not-offered", message);
    }
    this.demands = demands;
    this.#contracts = { standings, demands, books, clock: books };
    this.#rpc = new EvmRpc({ urls });
    this.#reader = new EvmReader(this.#rpc, this.#contracts);
  }

  close(): void {
    this.#rpc.close();
  }

  async lastNumberShown(pseudonym: Hex): Promise<bigint> {
    const standing = (await this.#read("standings", "standingOf", [pseudonym])) as Fields;
    return standing.lastChargeNumber as bigint;
  }

  async nonceOf(owner: Hex): Promise<bigint> {
    return (await this.#read("demands", "nonces", [owner])) as bigint;
  }

  /** The demand of this charge that is open or was answered. */
  async find(book: Hex, pseudonym: Hex, number: bigint, asker: Hex): Promise<Hex | undefined> {
    const place = { book, pseudonym, number, chunk: 0 };
    const id = (await this.#read("demands", "demandAtPlace", [place, asker])) as Hex;
    return ZERO.test(id) ? undefined : id;
  }

  async stateOf(demand: Hex): Promise<DemandState> {
    const { state } = (await this.#read("demands", "demandOf", [demand])) as Fields;
    return DEMAND_STATES[Number(state)] ?? "none";
  }

  async isOverdue(demand: Hex): Promise<boolean> {
    const deadline = (await this.#read("demands", "deadlineOf", [demand])) as bigint;
    return (await reached(() => this.#reader.ledgerTime())) > deadline;
  }

  async deliveryOf(demand: Hex, fromBlock: bigint): Promise<SealedDelivery | undefined> {
    const { number: toBlock } = await this.head();
    const range = {
      contract: "demands",
      names: ["EvidenceDelivered"],
      fromBlock,
      toBlock,
    } as const;
    const events = await reached(() => this.#reader.events(range));
    const found = events.find(({ values }) => values.demand === demand)?.values;
    if (found === undefined) return undefined;
    return {
      ephemeral: found.ephemeral as { x: bigint; y: bigint },
      ciphertext: found.ciphertext as Hex[],
    } as SealedDelivery;
  }

  async sealOf(book: Hex, sequence: bigint): Promise<Hex | undefined> {
    return reached(() => this.#reader.sealOf(book, sequence));
  }

  /** Time in seconds. */
  async head(): Promise<{ number: bigint; time: bigint }> {
    const block = (await reached(() =>
      this.#rpc.ask("eth_getBlockByNumber", ["latest", false]),
    )) as { number: string; timestamp: string };
    return { number: BigInt(block.number), time: BigInt(block.timestamp) };
  }

  async #read(contract: ContractName, method: string, args: unknown[]): Promise<unknown> {
    const data = encodeCall({ contract, method, args });
    const call = { to: this.#contracts[contract], data };
    const result = await reached(() => this.#rpc.ask("eth_call", [call, "latest"]));
    return decodeResult(contract, method, result as Hex);
  }
}

/** What keeps a ledger from answering is a service's fault, not the input's. */
async function reached<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const code = error instanceof TallystickError ? error.code : "ledger.refused";
    const message =
      error instanceof TallystickError
        ? error.message
        : "The ledger's end point refuses to answer.";
    throw new ServiceError(code, message, {}, error);
  }
}
