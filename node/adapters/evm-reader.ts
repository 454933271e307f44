import type { Hex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";
import {
  type AgreementPeriod,
  type AgreementTerms,
  type BookRecord,
  CLAIM_STATES,
  type ClaimRecord,
  type ContractName,
  type EventRange,
  type EventValue,
  type LedgerEvent,
  type LedgerReader,
  type PublishedTariff,
  type SamplePlace,
  type StatementRecord,
  type Tolerance,
} from "../engine/commit/ledger.ts";
import { LedgerRefusal } from "../engine/commit/ledger-refusal.ts";
import {
  decodeEvent,
  decodeRefusal,
  decodeResult,
  encodeCall,
  eventTopic,
} from "./evm-contracts.ts";
import { type EvmRpc, isRevert, JsonRpcRefusal } from "./evm-rpc.ts";

/** Engines cap what one question about logs may cover; none known caps it lower than this. */
const LOG_BLOCKS_MAX = 1_000n;
const ZERO = /^0x0*$/;

type Fields = Record<string, EventValue>;

/** Reads what our contracts hold, at the newest block unless another is named. */
export class EvmReader implements LedgerReader {
  readonly #rpc: EvmRpc;
  readonly #contracts: Partial<Record<ContractName, Hex>>;
  readonly #block: string;

  constructor(
    rpc: EvmRpc,
    contracts: Partial<Record<ContractName, Hex>>,
    block: string = "latest",
  ) {
    this.#rpc = rpc;
    this.#contracts = contracts;
    this.#block = block;
  }

  async memberOf(key: Hex): Promise<Hex | undefined> {
    return present((await this.#read("members", "memberOf", [key])) as Hex);
  }

  async agreementTerms(agreement: Hex): Promise<AgreementTerms | undefined> {
    if ((await this.#read("agreements", "isInForce", [agreement])) !== true) return undefined;
    const terms = (await this.#read("agreements", "termsOf", [agreement])) as Fields;
    const windows = terms.windows as Record<string, bigint>;
    const stakes = terms.stakes as Record<string, bigint>;
    return {
      parties: terms.parties as Hex[],
      sides: terms.sides as { operator: Hex; payer: Hex }[],
      currency: asciiOf(terms.currency as Hex),
      token: terms.token as Hex,
      arbiter: terms.arbiter as Hex,
      challengeSeconds: windows.challenge as bigint,
      claimSeconds: windows.claim as bigint,
      recordAgeMaxSeconds: windows.recordAgeMax as bigint,
      creditSeconds: windows.credit as bigint,
      tariffNoticeSeconds: windows.tariffNotice as bigint,
      demandSeconds: windows.demand as bigint,
      disputeSeconds: windows.dispute as bigint,
      paymentSeconds: windows.payment as bigint,
      concessionCapNano: stakes.concessionCapNano as bigint,
      concessionFeeUnits: stakes.concessionFee as bigint,
      period: periodOf(terms.period as Fields),
      tolerances: (terms.tolerances as Fields[]).map(toleranceOf),
      netted: terms.netted as boolean,
    };
  }

  async bookOf(book: Hex): Promise<BookRecord | undefined> {
    const found = (await this.#readOr("BookUnknown", "books", "bookOf", [book])) as Fields;
    if (found === undefined) return undefined;
    return {
      operator: found.operator as Hex,
      agreement: found.agreement as Hex,
      kind: Number(found.kind),
      number: found.number as bigint,
      split: Number(found.split),
      newestSequence: found.newestSequence as bigint,
    };
  }

  async sealOf(book: Hex, sequence: bigint): Promise<Hex | undefined> {
    return present((await this.#read("books", "sealOf", [book, sequence])) as Hex);
  }

  async tariff(
    agreement: Hex,
    operator: Hex,
    version: number,
  ): Promise<PublishedTariff | undefined> {
    const count = (await this.#read("tariffs", "versionCount", [agreement, operator])) as bigint;
    if (version < 1 || BigInt(version) > count) return undefined;
    const args = [agreement, operator, version];
    const { root, validFrom } = (await this.#read("tariffs", "versionAt", args)) as Fields;
    return { root: root as Hex, validFrom: validFrom as bigint };
  }

  async claimOf(claim: Hex): Promise<ClaimRecord | undefined> {
    const found = (await this.#read("claims", "claimOf", [claim])) as Fields;
    const state = CLAIM_STATES[Number(found.state)];
    if (state === undefined || state === "none") return undefined;
    const request = found.request as Fields;
    return {
      kind: Number(request.kind),
      book: request.book as Hex,
      sequence: request.sequence as bigint,
      leafIndex: Number(request.leafIndex),
      claimedNano: request.claimedNano as bigint,
      evidenceHash: request.evidenceHash as Hex,
      state,
      operator: found.operator as Hex,
      agreement: found.agreement as Hex,
      finder: found.finder as Hex,
      deadline: found.deadline as bigint,
      dueNano: found.dueNano as bigint,
      isOverdue: found.overdue as boolean,
    };
  }

  async statementOf(statement: Hex): Promise<StatementRecord | undefined> {
    const found = (await this.#read("statements", "statementOf", [statement])) as Fields;
    if (found.state === 0n) return undefined;
    return {
      book: found.book as Hex,
      creditBook: found.creditBook as Hex,
      fromSequence: found.fromSequence as bigint,
      toSequence: found.toSequence as bigint,
      chargesNano: found.chargesNano as bigint,
      creditsNano: found.creditsNano as bigint,
      payableNano: found.payableNano as bigint,
      state: found.state === 1n ? "posted" : "final",
      objectBy: found.objectBy as bigint,
      isObjected: found.objected as boolean,
      undisputedNano: found.undisputedNano as bigint,
    };
  }

  async sampleOf(statement: Hex): Promise<SamplePlace[] | undefined> {
    const drawn = await this.#readOr("SampleNotDrawn", "statements", "sampleOf", [statement]);
    return (drawn as Fields[] | undefined)?.map(({ sequence, number }) => ({
      sequence: sequence as bigint,
      number: number as bigint,
    }));
  }

  async withdrawableUnits(token: Hex, member: Hex): Promise<bigint> {
    const args = [token, member];
    const units = await this.#readOr("TokenNotAllowed", "settlement", "withdrawableOf", args);
    return (units ?? 0n) as bigint;
  }

  async evidenceAgeMaxSeconds(): Promise<bigint> {
    if (this.#contracts.demands === undefined) return 0n;
    return (await this.#read("demands", "evidenceAgeMax", [])) as bigint;
  }

  async ledgerTime(): Promise<bigint> {
    return (await this.#read("clock", "ledgerTime", [])) as bigint;
  }

  async events({ contract, names, fromBlock, toBlock }: EventRange): Promise<LedgerEvent[]> {
    const events: LedgerEvent[] = [];
    const topics = [names.map((name) => eventTopic(contract, name))];
    for (let from = fromBlock; from <= toBlock; from += LOG_BLOCKS_MAX) {
      const last = from + LOG_BLOCKS_MAX - 1n;
      const logs = await this.#logs(contract, topics, from, last < toBlock ? last : toBlock);
      events.push(...logs);
    }
    return events;
  }

  /** A range that an end point finds too large is asked for in halves. */
  async #logs(
    contract: ContractName,
    topics: Hex[][],
    from: bigint,
    to: bigint,
  ): Promise<LedgerEvent[]> {
    const filter = {
      address: this.#addressOf(contract),
      topics,
      fromBlock: quantity(from),
      toBlock: quantity(to),
    };
    try {
      const logs = (await this.#rpc.ask("eth_getLogs", [filter])) as RpcLog[];
      return logs.map((log) => ({
        ...decodeEvent(contract, log),
        blockNumber: BigInt(log.blockNumber),
        logIndex: Number(log.logIndex),
        transactionHash: log.transactionHash,
      }));
    } catch (error) {
      if (!(error instanceof JsonRpcRefusal)) throw error;
      if (from === to) throw refusal(error);
      const middle = (from + to) / 2n;
      const first = await this.#logs(contract, topics, from, middle);
      return [...first, ...(await this.#logs(contract, topics, middle + 1n, to))];
    }
  }

  /** Undefined when the contract refuses with this error: the thing is not there. */
  async #readOr(
    absentError: string,
    contract: ContractName,
    method: string,
    args: readonly unknown[],
  ): Promise<EventValue | undefined> {
    try {
      return await this.#read(contract, method, args);
    } catch (error) {
      if (error instanceof LedgerRefusal && error.reason.name === absentError) return undefined;
      throw error;
    }
  }

  async #read(
    contract: ContractName,
    method: string,
    args: readonly unknown[],
  ): Promise<EventValue> {
    const call = { to: this.#addressOf(contract), data: encodeCall({ contract, method, args }) };
    try {
      const data = await this.#rpc.ask("eth_call", [call, this.#block]);
      return decodeResult(contract, method, data as Hex);
    } catch (error) {
      throw error instanceof JsonRpcRefusal ? refusal(error) : error;
    }
  }

  #addressOf(contract: ContractName): Hex {
    return addressIn(this.#contracts, contract);
  }
}

interface RpcLog {
  topics: string[];
  data: string;
  blockNumber: string;
  logIndex: string;
  transactionHash: Hex;
}

export const quantity = (value: bigint): Hex => `0x${value.toString(16)}`;

export function refusal(error: JsonRpcRefusal): LedgerRefusal {
  const words = isRevert(error) ? `reverted: ${error.message}` : error.message;
  return new LedgerRefusal(decodeRefusal(error.data, words), error);
}

export function addressIn(
  contracts: Partial<Record<ContractName, Hex>>,
  contract: ContractName,
): Hex {
  const address = contracts[contract];
  if (address === undefined) {
    throw new TallystickError(
      "ledger.contract-missing",
      `No address is configured for the contract "${contract}".`,
    );
  }
  return address;
}

const present = (bytes: Hex): Hex | undefined => (ZERO.test(bytes) ? undefined : bytes);

const asciiOf = (bytes: Hex): string =>
  Buffer.from(bytes.slice(2), "hex").toString("ascii").replace(/\0+$/, "");

const periodOf = (fields: Fields): AgreementPeriod => ({
  zone: asciiOf(fields.zone as Hex),
  lengthDays: Number(fields.lengthDays),
  byEnd: fields.byEnd as boolean,
  closedByBoth: fields.closedByBoth as boolean,
});

const toleranceOf = (fields: Fields): Tolerance => ({
  service: Number(fields.service),
  direction: Number(fields.direction),
  partsPerMillion: Number(fields.partsPerMillion),
  absoluteNano: fields.absoluteNano as bigint,
  pays: Number(fields.pays),
});
