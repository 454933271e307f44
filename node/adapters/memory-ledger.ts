import type { Hex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";
import type {
  AgreementTerms,
  BlockHead,
  BookRecord,
  ClaimRecord,
  Duty,
  EventRange,
  Ledger,
  LedgerCall,
  LedgerDescription,
  LedgerEvent,
  PreparedCall,
  PublishedTariff,
  Receipt,
  RefusalReason,
  SamplePlace,
  SignedTransaction,
  StatementRecord,
} from "../engine/commit/ledger.ts";
import {
  ledgerTimeAt,
  METHODS,
  type MemoryCall,
  type MemoryMember,
  sealPlace,
  tariffPlace,
} from "./memory-contracts.ts";
import { decodeRaw, encodeRaw, hashOf, type MemoryNetwork } from "./memory-network.ts";

/** What becomes of bytes that are handed over. "delay" keeps them until `deliverDelayed`. */
export type Delivery = "deliver" | "lose" | "delay" | "fail" | "deliverAndFail";

const TARGET: Hex = `0x${"00".repeat(20)}`;
const GAS_LIMIT = 0n;

/**
 * One member's way to a ledger in memory: the deterministic twin of the EVM ledger, for simulation.
 * Unreachable, losing, delaying and repeating are commands.
 */
export class MemoryLedger implements Ledger {
  readonly #network: MemoryNetwork;
  readonly #member: MemoryMember;
  readonly #finalityBlocks: number;
  #delayed: Hex[] = [];
  isReachable = true;
  delivery: (hash: Hex) => Delivery = () => "deliver";

  constructor(network: MemoryNetwork, member: MemoryMember, finalityBlocks = 0) {
    this.#network = network;
    this.#member = member;
    this.#finalityBlocks = finalityBlocks;
  }

  describe(): LedgerDescription {
    return {
      chainId: this.#network.genesis.chainId,
      kind: "embedded",
      contracts: { books: this.#network.genesis.books },
      finality: this.#finalityBlocks === 0 ? "latest" : { blocks: this.#finalityBlocks },
    };
  }

  async check(): Promise<void> {
    this.#assertReachable();
  }

  async head(): Promise<BlockHead> {
    this.#assertReachable();
    return this.#network.head();
  }

  async finalHead(): Promise<BlockHead> {
    this.#assertReachable();
    return this.#network.headBefore(this.#finalityBlocks);
  }

  senderOf(duty: Duty): Hex {
    return this.#member.keys[duty];
  }

  prepare({ contract, method, args }: LedgerCall): PreparedCall {
    const name = `${contract}.${method}`;
    if (METHODS[name] === undefined) {
      throw new TallystickError("ledger.call-unknown", `The ledger in memory has no ${name}.`);
    }
    return { to: TARGET, data: encodeRaw({ method: name, args }), gasLimit: GAS_LIMIT };
  }

  async sign(call: PreparedCall, by: { duty: Duty; nonce: bigint }): Promise<SignedTransaction> {
    const sender = this.senderOf(by.duty);
    const raw = encodeRaw({ ...decodeRaw<MemoryCall>(call.data), sender, nonce: by.nonce });
    return { hash: hashOf(raw), raw };
  }

  async broadcast(raw: Hex): Promise<void> {
    this.#assertReachable();
    const delivery = this.delivery(hashOf(raw));
    if (delivery === "delay") this.#delayed.push(raw);
    if (delivery === "deliver" || delivery === "deliverAndFail") this.#network.receive(raw);
    if (delivery === "fail" || delivery === "deliverAndFail") throw unreachable();
  }

  /** The newest first, so that they arrive in another order than they were sent in. */
  deliverDelayed(): void {
    for (const raw of this.#delayed.reverse()) this.#network.receive(raw);
    this.#delayed = [];
  }

  async receipt(hash: Hex): Promise<Receipt | undefined> {
    this.#assertReachable();
    return this.#network.receipt(hash);
  }

  async accountNonce(address: Hex, at: "head" | "final"): Promise<bigint> {
    this.#assertReachable();
    if (at === "head") return this.#network.nonceOf(address);
    return this.#network.nonceOf(address, (await this.finalHead()).number);
  }

  async refusalOf(
    call: PreparedCall,
    sender: Hex,
    at?: bigint,
  ): Promise<RefusalReason | undefined> {
    this.#assertReachable();
    return this.#network.refusalOf(decodeRaw<MemoryCall>(call.data), sender, at);
  }

  async memberOf(key: Hex): Promise<Hex | undefined> {
    this.#assertReachable();
    const { members } = this.#network.genesis;
    return members.find(({ keys }) => Object.values(keys).includes(key))?.id;
  }

  async agreementTerms(agreement: Hex): Promise<AgreementTerms | undefined> {
    this.#assertReachable();
    return this.#network.genesis.agreements.find(({ id }) => id === agreement)?.terms;
  }

  async bookOf(book: Hex): Promise<BookRecord | undefined> {
    this.#assertReachable();
    return this.#network.state.books.get(book);
  }

  async sealOf(book: Hex, sequence: bigint): Promise<Hex | undefined> {
    this.#assertReachable();
    return this.#network.state.seals.get(sealPlace(book, sequence));
  }

  async tariff(
    agreement: Hex,
    operator: Hex,
    version: number,
  ): Promise<PublishedTariff | undefined> {
    this.#assertReachable();
    return this.#network.state.tariffs.get(tariffPlace(agreement, operator))?.[version - 1];
  }

  /** The rules of claims, statements and money are those of the contracts: none stands here. */
  async claimOf(): Promise<ClaimRecord | undefined> {
    this.#assertReachable();
    return undefined;
  }

  async statementOf(): Promise<StatementRecord | undefined> {
    this.#assertReachable();
    return undefined;
  }

  async sampleOf(): Promise<SamplePlace[] | undefined> {
    this.#assertReachable();
    return undefined;
  }

  async withdrawableUnits(): Promise<bigint> {
    this.#assertReachable();
    return 0n;
  }

  async events({ contract, names, fromBlock, toBlock }: EventRange): Promise<LedgerEvent[]> {
    this.#assertReachable();
    const events = this.#network.events(contract, fromBlock, toBlock);
    return events.filter(({ name }) => names.includes(name));
  }

  async evidenceAgeMaxSeconds(): Promise<bigint> {
    this.#assertReachable();
    return 0n;
  }

  async ledgerTime(): Promise<bigint> {
    this.#assertReachable();
    const { state, genesis } = this.#network;
    return ledgerTimeAt(state, genesis, this.#network.head().time);
  }

  #assertReachable(): void {
    if (!this.isReachable) throw unreachable();
  }
}

const unreachable = (): TallystickError =>
  new TallystickError("ledger.unreachable", "The simulated ledger does not answer.");
