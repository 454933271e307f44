import { type Hex, toHex } from "../core/bytes.ts";
import { hashDocument } from "../core/hash.ts";
import type {
  BlockHead,
  ContractName,
  LedgerEvent,
  Receipt,
  RefusalReason,
} from "../engine/commit/ledger.ts";
import { LedgerRefusal } from "../engine/commit/ledger-refusal.ts";
import {
  type CallContext,
  type ContractState,
  emptyState,
  execute,
  type MemoryCall,
  type MemoryGenesis,
} from "./memory-contracts.ts";

/** What stands in the place of a signature here is the sender's word. */
export interface MemoryTransaction extends MemoryCall {
  sender: Hex;
  nonce: bigint;
}

interface Block extends BlockHead {
  transactions: { hash: Hex; transaction: MemoryTransaction; status: Receipt["status"] }[];
  events: (LedgerEvent & { contract: ContractName })[];
}

/**
 * A ledger of several members in memory. Nothing happens by itself: time stands where `setTime` put
 * it, blocks are made by `mine` (or at once with `mines: "at once"`), and what goes wrong goes wrong
 * on command.
 */
export class MemoryNetwork {
  readonly genesis: MemoryGenesis;
  readonly #minesAtOnce: boolean;
  #now: bigint;
  #blocks: Block[];
  #state: ContractState;
  readonly #nonces = new Map<Hex, bigint>();
  readonly #pool = new Map<Hex, MemoryTransaction>();
  /** Orders what the next block takes in; each sender's own order is kept whatever it says. */
  order: (waiting: MemoryTransaction[]) => MemoryTransaction[] = (waiting) => waiting;

  constructor(genesis: MemoryGenesis, { mines }: { mines: "at once" | "on command" }) {
    this.genesis = genesis;
    this.#minesAtOnce = mines === "at once";
    this.#now = genesis.time;
    this.#blocks = [{ number: 0n, time: genesis.time, transactions: [], events: [] }];
    this.#state = emptyState(genesis);
  }

  get state(): ContractState {
    return this.#state;
  }

  head(): BlockHead {
    const { number, time } = this.#blocks.at(-1) as Block;
    return { number, time };
  }

  headBefore(blocks: number): BlockHead {
    const { number, time } = this.#blocks.at(-1 - blocks) ?? (this.#blocks[0] as Block);
    return { number, time };
  }

  /** How many transactions of the sender stand in blocks up to `number`. */
  nonceOf(sender: Hex, number: bigint = this.head().number): bigint {
    if (number === this.head().number) return this.#nonces.get(sender) ?? 0n;
    return this.transactions(number).reduce(
      (count, entry) => count + (entry.sender === sender ? 1n : 0n),
      0n,
    );
  }

  /** Everything on the ledger, in order. */
  transactions(
    through: bigint = this.head().number,
  ): (MemoryTransaction & { hash: Hex; status: Receipt["status"] })[] {
    return this.#blocks
      .filter((block) => block.number <= through)
      .flatMap((block) =>
        block.transactions.map(({ hash, status, transaction }) => ({
          ...transaction,
          hash,
          status,
        })),
      );
  }

  receipt(hash: Hex): Receipt | undefined {
    for (const block of this.#blocks) {
      const found = block.transactions.find((entry) => entry.hash === hash);
      if (found !== undefined) {
        return { status: found.status, blockNumber: block.number, blockTime: block.time };
      }
    }
    return undefined;
  }

  events(contract: ContractName, fromBlock: bigint, toBlock: bigint): LedgerEvent[] {
    return this.#blocks
      .filter(({ number }) => number >= fromBlock && number <= toBlock)
      .flatMap((block) => block.events)
      .filter((event) => event.contract === contract)
      .map(({ contract: _, ...event }) => event);
  }

  /** Takes bytes in. Known ones, and those whose nonce is used, change nothing. */
  receive(raw: Hex): void {
    const transaction = decodeRaw(raw);
    if (transaction.nonce < this.nonceOf(transaction.sender)) return;
    this.#pool.set(hashOf(raw), transaction);
    if (this.#minesAtOnce) while (this.#hasReady()) this.mine(1);
  }

  /** Makes one block of what waits and is next in its sender's order. Empty when nothing is. */
  mine(transactionsMax = Number.POSITIVE_INFINITY): BlockHead {
    const block: Block = { ...this.#nextHead(), transactions: [], events: [] };
    let next = this.#nextReady();
    while (next !== undefined && block.transactions.length < transactionsMax) {
      const [hash, transaction] = next;
      this.#pool.delete(hash);
      block.transactions.push({ hash, transaction, status: this.#apply(hash, transaction, block) });
      next = this.#nextReady();
    }
    this.#blocks.push(block);
    return { number: block.number, time: block.time };
  }

  /** Seconds. Blocks carry it from now on; never less than the block before. */
  setTime(seconds: bigint): void {
    this.#now = seconds;
  }

  /** Forgets what waits, as a node does that restarts. */
  dropWaiting(hash?: Hex): void {
    if (hash === undefined) this.#pool.clear();
    else this.#pool.delete(hash);
  }

  /** The ledger comes back from an older saved state: the newest blocks never were. */
  loseBlocks(count: number): void {
    const kept = this.#blocks.slice(0, Math.max(1, this.#blocks.length - count));
    this.#pool.clear();
    this.#blocks = kept;
    this.#state = this.#stateAfter(kept);
    this.#nonces.clear();
    for (const { sender, nonce } of this.transactions()) this.#nonces.set(sender, nonce + 1n);
  }

  refusalOf(call: MemoryCall, sender: Hex, at?: bigint): RefusalReason | undefined {
    const kept = this.#blocks.filter((block) => at === undefined || block.number <= at);
    const state = at === undefined ? structuredClone(this.#state) : this.#stateAfter(kept);
    try {
      const { time } = this.#nextHead();
      execute({ state, genesis: this.genesis, sender, time, emit: () => {} }, call);
      return undefined;
    } catch (error) {
      if (error instanceof LedgerRefusal) return error.reason;
      throw error;
    }
  }

  #stateAfter(blocks: readonly Block[]): ContractState {
    const state = emptyState(this.genesis);
    for (const block of blocks) {
      for (const { transaction, status } of block.transactions) {
        if (status !== "done") continue;
        const { sender } = transaction;
        const context = { state, genesis: this.genesis, sender, time: block.time, emit: () => {} };
        execute(context, transaction);
      }
    }
    return state;
  }

  #apply(hash: Hex, transaction: MemoryTransaction, block: Block): Receipt["status"] {
    this.#nonces.set(transaction.sender, transaction.nonce + 1n);
    const state = structuredClone(this.#state);
    const events: Block["events"] = [];
    try {
      const { sender } = transaction;
      const emit: CallContext["emit"] = (event) => {
        const logIndex = block.events.length + events.length;
        events.push({ ...event, blockNumber: block.number, logIndex, transactionHash: hash });
      };
      execute({ state, genesis: this.genesis, sender, time: block.time, emit }, transaction);
    } catch (error) {
      if (error instanceof LedgerRefusal) return "refused";
      throw error;
    }
    this.#state = state;
    block.events.push(...events);
    return "done";
  }

  #hasReady(): boolean {
    return this.#nextReady() !== undefined;
  }

  #nextReady(): [Hex, MemoryTransaction] | undefined {
    const waiting = this.order([...this.#pool.values()]);
    const ready = waiting.find(({ sender, nonce }) => nonce === this.nonceOf(sender));
    return ready && [...this.#pool].find(([, transaction]) => transaction === ready);
  }

  #nextHead(): BlockHead {
    const { number, time } = this.head();
    return { number: number + 1n, time: this.#now < time ? time : this.#now };
  }
}

export const hashOf = (raw: Hex): Hex => toHex(hashDocument(new TextEncoder().encode(raw)));

/** JSON in which `{"bigint":"12"}` stands for a bigint, as hex. */
export function encodeRaw(value: object): Hex {
  const text = JSON.stringify(value, (_, field: unknown) =>
    typeof field === "bigint" ? { bigint: field.toString() } : field,
  );
  return toHex(new TextEncoder().encode(text));
}

export function decodeRaw<T = MemoryTransaction>(raw: Hex): T {
  const bytes = Uint8Array.from(raw.slice(2).match(/../g) ?? [], (byte) =>
    Number.parseInt(byte, 16),
  );
  return JSON.parse(new TextDecoder().decode(bytes), (_, field: unknown) =>
    typeof field === "object" && field !== null && "bigint" in field
      ? BigInt(String(field.bigint))
      : field,
  ) as T;
}
