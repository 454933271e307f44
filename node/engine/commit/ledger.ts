import type { Hex } from "../../core/bytes.ts";

/*
 * What the node needs of the shared ledger. Two implementations pass one conformance suite
 * (test/adapters/ledger-conformance.ts): an EVM network over JSON-RPC, and a deterministic twin in
 * memory for the simulation.
 *
 * Every method that asks the ledger may throw `ledger.unreachable`: nothing is wrong with what was
 * asked, and the same question later gets its answer. What the ledger refuses is a `LedgerRefusal`.
 */

/** What a member's key is for; a member has one key of each, and one sender writes with it. */
export type Duty = "commit" | "settle" | "govern";

/** A contract by its role in the system; the addresses are configuration. */
export type ContractName =
  | "members"
  | "agreements"
  | "clock"
  | "books"
  | "periods"
  | "tariffs"
  | "amendments"
  | "exchangeTables"
  | "claims"
  | "concessionFees"
  | "standings"
  | "demands"
  | "disputes"
  | "statements"
  | "settlement"
  | "netting"
  | "bonds"
  | "verifier"
  | "token";

/**
 * When a block counts as final: "latest" where no block is ever undone (one embedded ledger,
 * Byzantine fault tolerant consensus), the tag "finalized", or so many blocks on top of it.
 */
export type FinalityRule = "latest" | "finalized" | { blocks: number };

export interface LedgerDescription {
  chainId: bigint;
  kind: "embedded" | "consortium";
  contracts: Partial<Record<ContractName, Hex>>;
  finality: FinalityRule;
}

/** `time` is the block's timestamp in seconds. */
export interface BlockHead {
  number: bigint;
  time: bigint;
}

export interface LedgerCall {
  contract: ContractName;
  /** Name of the method, or its full signature where the name is overloaded. */
  method: string;
  args: readonly unknown[];
}

/** A call as bytes, without sender and nonce: what the outbox journals before it is signed. */
export interface PreparedCall {
  to: Hex;
  data: Hex;
  gasLimit: bigint;
}

export interface SignedTransaction {
  hash: Hex;
  raw: Hex;
}

/** A refusal that can be kept in a store and shown: the contract's error by name, with values. */
export interface RefusalReason {
  name: string;
  values: Record<string, string>;
}

/** `refused` transactions are on the ledger too: they used their nonce and changed nothing. */
export interface Receipt {
  status: "done" | "refused";
  blockNumber: bigint;
  blockTime: bigint;
}

/** What the outbox needs. */
export interface LedgerWriter {
  describe(): LedgerDescription;
  /**
   * That this is the ledger of the configuration: its chain id, and code at every contract.
   * @throws TallystickError `ledger.wrong-chain`, `ledger.contract-missing`, `ledger.unreachable`
   */
  check(): Promise<void>;
  head(): Promise<BlockHead>;
  /** The newest block that is final by the finality rule. */
  finalHead(): Promise<BlockHead>;
  senderOf(duty: Duty): Hex;
  /** @throws TallystickError `ledger.call-unknown` for a contract, method or argument that is not */
  prepare(call: LedgerCall): PreparedCall;
  sign(call: PreparedCall, by: { duty: Duty; nonce: bigint }): Promise<SignedTransaction>;
  /**
   * Hands the bytes over. Saying the same bytes again is no error, whether they wait or are mined.
   * @throws LedgerRefusal when the ledger does not take them: nonce used, no funds, price too low
   */
  broadcast(raw: Hex): Promise<void>;
  /** Undefined while it is not mined. */
  receipt(hash: Hex): Promise<Receipt | undefined>;
  /** Transactions of this sender in blocks: its next nonce as the ledger sees it. */
  accountNonce(address: Hex, at: "head" | "final"): Promise<bigint>;
  /**
   * Whether the call would be refused on the state of block `at` (the newest one when absent or
   * when that state is gone), and why. Undefined when it would pass.
   */
  refusalOf(call: PreparedCall, sender: Hex, at?: bigint): Promise<RefusalReason | undefined>;
}

export interface PublishedTariff {
  root: Hex;
  /** Seconds. */
  validFrom: bigint;
}

export interface BookRecord {
  operator: Hex;
  agreement: Hex;
  /** 1 charges, 2 credits, 3 invoices, 4 taxes. */
  kind: number;
  number: bigint;
  split: number;
  /** 0 when nothing was committed yet. */
  newestSequence: bigint;
}

/** The part of an agreement's terms that the node acts on. Seconds; amounts as their names say. */
export interface AgreementTerms {
  parties: Hex[];
  sides: { operator: Hex; payer: Hex }[];
  currency: string;
  token: Hex;
  arbiter: Hex;
  challengeSeconds: bigint;
  claimSeconds: bigint;
  recordAgeMaxSeconds: bigint;
  creditSeconds: bigint;
  tariffNoticeSeconds: bigint;
  demandSeconds: bigint;
  disputeSeconds: bigint;
  paymentSeconds: bigint;
  concessionCapNano: bigint;
  /** Units of the token, from the operator's bond to the finder of a claim that was conceded. */
  concessionFeeUnits: bigint;
  period: AgreementPeriod;
  tolerances: Tolerance[];
  /** Whether obligations go into a netting cycle, else they are paid one by one. */
  netted: boolean;
}

/** What both sides call one period. */
export interface AgreementPeriod {
  /** IANA name. */
  zone: string;
  /** 0 for calendar months. */
  lengthDays: number;
  /** Whether a call belongs to the period in which it ends, else to the one in which it starts. */
  byEnd: boolean;
  /** Whether every operator closes a period before any of them shows its records of it. */
  closedByBoth: boolean;
}

/** By how much two sides' totals may differ, by either measure. Numbers as a charge has them. */
export interface Tolerance {
  service: number;
  direction: number;
  partsPerMillion: number;
  absoluteNano: bigint;
  /** What is paid within it: 1 the biller's total, 2 the payer's, 3 the lower one, 4 the middle. */
  pays: number;
}

export type ClaimState = (typeof CLAIM_STATES)[number];

/** As the claims contract numbers them. */
export const CLAIM_STATES = [
  "none",
  "claimed",
  "conceded",
  "contested",
  "proven",
  "refuted",
  "lapsed",
  "settled",
] as const;

export interface ClaimRecord {
  /** 1 mispriced, 100 matter of fact. */
  kind: number;
  book: Hex;
  sequence: bigint;
  leafIndex: number;
  claimedNano: bigint;
  evidenceHash: Hex;
  state: ClaimState;
  operator: Hex;
  agreement: Hex;
  finder: Hex;
  /** Ledger time until which the next step can be taken. */
  deadline: bigint;
  dueNano: bigint;
  isOverdue: boolean;
}

/** A place that was drawn of a statement. */
export interface SamplePlace {
  sequence: bigint;
  /** Its remainder by the batch's count of chunks is the chunk. */
  number: bigint;
}

export interface StatementRecord {
  book: Hex;
  creditBook: Hex;
  fromSequence: bigint;
  toSequence: bigint;
  chargesNano: bigint;
  creditsNano: bigint;
  payableNano: bigint;
  state: "posted" | "final";
  /** Ledger time until which it can be objected to. */
  objectBy: bigint;
  isObjected: boolean;
  undisputedNano: bigint;
}

/** An argument of an event: integers are bigint, bytes are hex, a struct is a record. */
export type EventValue = string | boolean | bigint | EventValue[] | { [field: string]: EventValue };

export interface LedgerEvent {
  name: string;
  values: Record<string, EventValue>;
  blockNumber: bigint;
  /** Position in the block: with the block's number it orders events and tells them apart. */
  logIndex: number;
  transactionHash: Hex;
}

export interface EventRange {
  contract: ContractName;
  names: readonly string[];
  /** Both ends included. Asked for in pieces of a bounded number of blocks. */
  fromBlock: bigint;
  toBlock: bigint;
}

/** What the stages ask. What is not on the ledger is undefined, never an error. */
export interface LedgerReader {
  /** The operator or partner that has this key for any duty now. */
  memberOf(key: Hex): Promise<Hex | undefined>;
  /** Undefined while any party's signature is missing too. */
  agreementTerms(agreement: Hex): Promise<AgreementTerms | undefined>;
  bookOf(book: Hex): Promise<BookRecord | undefined>;
  /** H(commitment, block time); undefined when not committed or voided. */
  sealOf(book: Hex, sequence: bigint): Promise<Hex | undefined>;
  tariff(agreement: Hex, operator: Hex, version: number): Promise<PublishedTariff | undefined>;
  claimOf(claim: Hex): Promise<ClaimRecord | undefined>;
  statementOf(statement: Hex): Promise<StatementRecord | undefined>;
  /** What the ledger drew of a statement, to be shown now; undefined when nothing is drawn. */
  sampleOf(statement: Hex): Promise<SamplePlace[] | undefined>;
  /** In units of the token. */
  withdrawableUnits(token: Hex, member: Hex): Promise<bigint>;
  /** In the order of the ledger. */
  events(range: EventRange): Promise<LedgerEvent[]>;
  /** How long evidence of a batch or a bill can be demanded after its block; 0 where nobody can demand any. */
  evidenceAgeMaxSeconds(): Promise<bigint>;
  /** Seconds of ledger time, in which windows and deadlines count. */
  ledgerTime(): Promise<bigint>;
}

export type Ledger = LedgerWriter & LedgerReader;
