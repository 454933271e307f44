import type { Hex } from "../core/bytes.ts";
import type { SourceRole } from "../core/commitment/secrets.ts";
import type { RunBuilder } from "./commit/run-builder.ts";
import type { EntryFolder } from "./intake/entry-folder.ts";
import type { LeafHasher } from "./number/hash-charges.ts";
import type { Store } from "./store/store.ts";
import type { Account } from "./store/stored-types.ts";

/** What an operator is and bills under; fixed for the life of a process. */
export interface OperatorProfile {
  name: string;
  member: Hex;
  chainId: bigint;
  /** Address of the Books contract. */
  books: Hex;
  agreement: AgreementProfile;
  /** Which leg of the traffic its charges are: retail, or wholesale towards a partner. */
  sourceRole: SourceRole;
  /** The account that all records belong to: a trunk towards one partner. */
  trunkAccount?: string;
  /** Zone of billing epochs and of local times on bills. */
  zone: string;
  /** Prefix of deduplication ids: the switch or mediation system that wrote the records. */
  sourceName: string;
  /** A clerk's prices for single records, by record id; each is a component of its own. */
  handPrices: Record<string, HandPrice>;
  /** Largest number of charges in one batch. */
  batchChargesMax: number;
  /** Most bytes that the rows of one batch take in the store. */
  batchBytesMax: number;
  /** Records of a file that become durable in one write. */
  ingestUnitRecords?: number;
  /** Charges of a bill run whose lines are held in memory at once. */
  billUnitCharges?: number;
  /** Accounts that are closed in one write. */
  billUnitAccounts?: number;
  /** Fingerprints of records seen that are kept in memory before they are folded into a run. */
  seenEntriesInMemory?: number;
  /** Charges of one unit of work that are stored in another order than they came in, and not fewer. */
  dealtChargesMin?: number;
}

export interface HandPrice {
  amount: string;
  reason: string;
}

export interface AgreementProfile {
  id: Hex;
  currency: string;
  maxRecordAgeSeconds: bigint;
  chargeBook: Hex;
  creditBook: Hex;
  invoiceBook: Hex;
}

/** Secret bytes; a seeded source in simulation. */
export interface RandomSource {
  bytes(length: number): Uint8Array;
}

/** The ledger's time in seconds, as its newest block tells it. */
export interface LedgerTime {
  seconds(): Promise<bigint>;
}

/** What the stages share. Each stage gets it through its constructor and keeps no other state. */
export interface EngineContext {
  store: Store;
  profile: OperatorProfile;
  random: RandomSource;
  time: LedgerTime;
  /** What hashes the blocks of a book; in the same thread unless given. @param domain the book's */
  leafHasher?: (domain: Uint8Array) => LeafHasher;
  /** What builds the trees of batches; the same thread unless given. */
  runBuilder?: RunBuilder;
  /** What sorts the records seen; in the same thread unless given. */
  entryFolder?: EntryFolder;
}

export type { Account };
