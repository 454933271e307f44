import type { Hex } from "../../core/bytes.ts";
import type {
  OpenedAccount,
  OpenedCharge,
  OpenedCredit,
  OpenedParty,
  ToldComponent,
  ToldMove,
} from "../../core/evidence/bundle.ts";
import type { Rejection } from "../../core/formats/inspect-line.ts";
import type { AccountTerms } from "../../core/rating/account-list.ts";
import type { UsageRecord } from "../../core/records/usage-record.ts";
import type { DemandedPlace } from "../claims/build-delivery.ts";
import type { RefusalReason } from "../commit/ledger.ts";

/* What the store holds, as JSON. Amounts are nano-units as decimal strings. */

/** Who is billed: numbers, SIMs and devices, plans and pool, by effective dates. */
export interface Account extends AccountTerms {
  id: string;
  label: string;
  devices: AccountDevice[];
  /** 32 random bytes, the secret of the subscriber's link (docs/ACCESS.md). */
  accessSecret: Hex;
}

export interface AccountDevice {
  /** International digits with "+", IMSI, ICCID or device id. */
  id: string;
  groups?: string[] | undefined;
  from?: string;
  to?: string;
}

/** One subscriber in one book and billing epoch. Deleting it erases (docs/PROTOCOL.md, section 3). */
export interface EpochState {
  epochKey: Hex;
  disputeAddress: Hex;
  blind: Hex;
  pseudonym: Hex;
  lastChargeNumber: string;
  runningTotalNano: string;
  /** Of the running total, what is tax; absent where none is. */
  taxNano?: string;
  /** Of the newest charges, those that stand in no `owned/` value yet; absent where there are none. */
  places?: OwnedPlaces;
}

export interface BookState {
  domain: Hex;
  kind: 1 | 2 | 3 | 4;
  number: string;
  agreement: Hex;
  currency: string;
  /** Sequence number of the newest sealed batch; "0" before the first. */
  lastSequence: string;
  runningSumNano: string;
  runningCount: string;
  /** Positions of rows count from 1 without gaps: the next one, and the first not yet sealed. */
  pendingNext: string;
  pendingFirst: string;
}

/** A charge, or a credit where `credit` stands instead of `charge`, with all that opens it. */
export interface StoredCharge {
  recordId: string;
  revision: number;
  account: string;
  epoch: string;
  device: string;
  amountNano: string;
  opened: {
    account: OpenedAccount;
    party: OpenedParty;
    charge?: OpenedCharge;
    credit?: OpenedCredit;
  };
  /** How the amount came about, in the rater's words; it follows from charge and tariff. */
  components?: unknown[];
  /** Counters and allowances that it moved. */
  moves?: ToldMove[];
  usage?: UsageRecord;
}

/** What an account made of a price, for who explains it; the commitment holds the scopes alone. */
export interface AccountedPrice {
  scopes: OpenedCharge["counters"];
  components: ToldComponent[];
  moves: ToldMove[];
}

/** Running quantities by the name that the rater gives them; decimal strings. */
export type RatingValues = Record<string, string>;

/** Places of charges with consecutive numbers: position of the stored rows, row in them, and so on. */
export type OwnedPlaces = number[];

/** An invoice's leaf that waits for its batch, or stands in one. */
export interface StoredInvoiceLeaf {
  account: string;
  epoch: string;
  orderKey: Hex;
  body: Hex;
  document: Hex;
  chargesNano: string;
}

export interface StoredBatch {
  sequence: string;
  depth: number;
  root: Hex;
  totals: Hex;
  runningTotals: Hex;
  commitment: Hex;
  count: number;
  /** That its rows took in the store when it was sealed; earlier programs did not say. */
  bytes?: number;
  opened: {
    totals: {
      salt: Hex;
      sumRoot: Hex;
      sumNano: string;
      count: string;
      from: string;
      to: string;
      suspended: string;
      oldestSuspended: string;
    };
    runningTotals: { salt: Hex; sumNano: string; count: string };
  };
  /** Position in the book of its first row; where the next one would stand for an empty batch. */
  first: string;
  /** Ledger time of the seal in seconds, once the commitment is final. */
  blockTime?: string;
}

/** Batches sealed at one moment, committed by one transaction. */
export interface StoredTick {
  number: string;
  batches: { domain: Hex; sequence: string; commitment: Hex }[];
  /** Ledger time when it was sealed. */
  sealedAt?: string;
  /** Seconds; set with the batches' block time when the transaction is final. */
  blockTime?: string;
  /** Number of the first of several ticks that one transaction brings; all of them name it. */
  carriedBy?: string;
  /** Why the ledger does not take it, until it is tried again. */
  refused?: RefusalReason;
  /** How often it was refused and tried again. */
  retries?: number;
}

export interface ControlTotals {
  records: number;
  /** Milliseconds, decimal string. */
  durationMilliseconds: string;
  octets: string;
}

export const CONTROL_CLASSES = [
  "charged",
  "pricedAtZero",
  "suspended",
  "duplicate",
  "rejected",
  "notBillable",
  "dropped",
] as const;
export type ControlClass = (typeof CONTROL_CLASSES)[number];

/** What came in and what became of it; an outcome that nothing had is absent. */
export interface StoredTotals {
  in: ControlTotals;
  classes: Partial<Record<ControlClass, ControlTotals>>;
}

/** Over all files, kept so that nobody has to read them all; under `node/control-totals`. */
export interface AllTotals {
  files: number;
  in: ControlTotals;
  classes: Record<ControlClass, ControlTotals>;
  /** Records that waited in suspense once and do no longer. */
  leftSuspense: ControlTotals;
}

/** How far a source file was taken in; written with the records it speaks of, in one write. */
export interface IngestedFile {
  name: string;
  sha256: string;
  /** Records of the file that are done, from its start. */
  done: number;
  complete: boolean;
  in: ControlTotals;
  classes: Record<ControlClass, ControlTotals>;
  problems: { code: string; message: string }[];
  /** The first records that were rejected, and why; `classes` counts all of them. */
  rejections?: Rejection[];
  /** The first records that came before, and where; `classes` counts all of them. */
  duplicates?: FirstSight[];
  /** Position in the book that the file's first charge got or would have got. */
  firstPosition?: number;
  /** Duplicates whose first sight was in this very file. */
  repeated?: number;
  /**
   * Of its charges, and of its records that were never charged, those whose retention is over: they are in the totals
   * and in the store no more.
   */
  dropped?: { charged: number; pricedAtZero: number; neverCharged?: ControlTotals };
}

/** A record that came before, and the first one of its id. */
export interface FirstSight {
  /** The record's number in its file, from 1. */
  position: number;
  record: string;
  first: {
    /** Name and SHA-256 of the file in which it came; absent where the store does not know the file. */
    file?: string;
    sha256?: string;
    /** Its number in that file, where it became no charge. */
    position?: number;
  };
}

export interface SourceSeen {
  file: string;
  position: number;
  outcome: ControlClass;
  /** Position in the book of the charge that it became after all. */
  charge?: number;
}

/** How the charge of a record was corrected last. */
export interface StoredCorrection {
  /** Its id. */
  record: string;
  /** Counts the corrections of the record. */
  revision: number;
  /** Of what was asked for: the same again is the same correction. */
  digest: string;
  /** Digests of the credits that the charge got since it was charged, with this one. */
  credits?: string[];
  at: string;
  by: string;
  reason: string;
  /** Of the charge that stands for the record now, in the book; none where it was withdrawn. */
  position?: number;
  credit?: CorrectionEntry;
  /** Of what sponsors paid of a charge that was withdrawn. */
  sponsors?: CorrectionEntry[];
  charge?: CorrectionEntry;
}

export interface CorrectionEntry {
  account: string;
  epoch: string;
  /** In the account's bill of that month. */
  number: string;
  amountNano: string;
}

/** Where control totals count a record and with how much: as it came, whatever is corrected later. */
export interface CountedUse {
  /** SHA-256 of the source file. */
  file: string;
  /** Of the start of use, in UTC: "2026-10-05T12". */
  hour: string;
  durationMilliseconds: string;
  octets: string;
}

export interface SuspendedRecord {
  record: UsageRecord;
  code: string;
  message: string;
  since: string;
  counted: CountedUse;
}

/** A record that somebody decided never to charge; kept, so that it can be asked for. */
export interface DroppedRecord extends SuspendedRecord {
  /** Ledger time. */
  droppedAt: string;
  by: string;
  reason: string;
}

export interface StoredInvoice {
  account: string;
  epoch: string;
  run: string;
  number: string;
  documentText: string;
  chargesNano: string;
  body: {
    salt: Hex;
    pseudonym: Hex;
    lastChargeNumber: string;
    lastCreditNumber: string;
    creditsNano: string;
    taxNano: string;
  };
  document: { salt: Hex; closingState: Hex };
  domain: Hex;
}

export interface StoredClaim {
  id: Hex;
  domain: Hex;
  sequence: string;
  leafIndex: number;
  kind: "mispriced" | "matter-of-fact" | "breach";
  claimedNano: string;
  /** Who lodged it: the subscriber when it is the dispute address of the charge's epoch. */
  finder: Hex;
  state: ClaimState;
  /** Ledger time in seconds until which the next step can be taken. */
  deadline: string;
  dueNano?: string;
  /** Key of the outbox under which the newest answer went out, and how often one did. */
  answer?: { key: string; tries: number };
  /** The credit that settles it, by its number; its place follows once its batch is sealed. */
  credit?: { account: string; epoch: string; number: string };
  /** What keeps the desk from working it; after some attempts it is left to staff. */
  trouble?: { code: string; attempts: number };
  history: { at: string; words: string }[];
}

/** A demand for evidence of this operator's books, seen on the ledger. */
export interface StoredDemand {
  id: Hex;
  place: DemandedPlace;
  asker: Hex;
  /** The asker's one-time public key; decimal. */
  key: { x: string; y: string };
  /** Ledger time in seconds, as it was when it was demanded. */
  answerBy: string;
  /** The answer was handed to the outbox. */
  isAnswered: boolean;
  /** What keeps the desk from answering; after some attempts it is left to staff. */
  trouble?: { code: string; attempts: number };
}

export type ClaimState =
  | "claimed"
  | "conceded"
  | "contested"
  | "proven"
  | "refuted"
  | "lapsed"
  | "settled";
