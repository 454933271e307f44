import type { Component } from "../rating/outcome.ts";
import type { AccountPolicy } from "./charging-account.ts";
import type { ChargingAnswer } from "./charging-session.ts";
import type { SessionUse } from "./session-use.ts";

/*
 * What the write-ahead log holds: one entry for each change, with its outcome. Nothing is priced or
 * decided again when the log is read, so a restart needs no tariff and no clock, and ends in the
 * same state. Plain JSON: quantities and nano-units are decimal strings, instants milliseconds.
 */

/** Why an account gets nothing, and what brings it back. */
export interface Lock {
  reason: string;
  /** A payment that brings the balance to this opens it again; by hand only when absent. */
  unlockAtNano?: string;
}

/** A change of a running quantity of rating: period, key, what is added. */
export type CounterChange = [period: number, key: string, added: string];

/** Something that people or programs want to be told of, once. */
export interface Notice {
  kind: "spend-limit" | "allowance" | "next-tier" | "balance-overspent" | "locked" | "unlocked";
  account: string;
  /** The counter, allowance or limit. */
  name?: string;
  percent?: number;
}

/** A session that has ended, with its price: what the ordinary charge path takes on. */
export interface SessionRecord {
  session: string;
  account: string;
  use: SessionUse;
  quantity: string;
  amountNano: string;
  currency: string;
  tariffVersion: number;
  components: RecordedComponent[];
}

export type RecordedComponent = Omit<
  Component,
  "amountNano" | "quantity" | "billed" | "counterBefore"
> & {
  amountNano: string;
  quantity?: string;
  billed?: string;
  counterBefore?: string;
};

/** A session's part of a sponsor's money. */
export interface SponsorHolding {
  account: string;
  spentNano: string;
  reservedNano: string;
  raised?: string[];
}

export interface SessionAnswered {
  type: "session-answered";
  at: number;
  session: string;
  account: string;
  /** What was asked, to tell a repetition from another request under the same number. */
  asked: string;
  answer: ChargingAnswer;
  state: "open" | "closed" | "refused";
  /** With the first request of a session. */
  opened?: { use: SessionUse; tariffVersion: number; period: number };
  /** Whether a use was reported: until then nothing is due, not even a set-up fee. */
  begun: boolean;
  used: string;
  granted: string;
  spentNano: string;
  reservedNano: string;
  /** What the session has cost other accounts and holds of them, instead of what it did before. */
  sponsored?: SponsorHolding[];
  /** Running quantities as the session's use moves them, and as its reservation would. */
  counters?: CounterChange[];
  held?: CounterChange[];
  expiresAt?: number;
  record?: SessionRecord;
  notices?: Notice[];
  raised?: string[];
}

export type Entry =
  | { type: "account-set"; at: number; account: string; policy: AccountPolicy }
  | {
      type: "paid";
      at: number;
      account: string;
      reference: string;
      asked: string;
      /** Negative is paid out. */
      amountNano: string;
      unlocked: boolean;
    }
  | { type: "locked"; at: number; account: string; lock: Lock }
  | { type: "unlocked"; at: number; account: string }
  | SessionAnswered
  | {
      type: "refunded";
      at: number;
      session: string;
      asked: string;
      amountNano: string;
      /** Whether sponsors get theirs back too: all of the charge was given back. */
      sponsors?: true;
      answer: ChargingAnswer;
    }
  | { type: "reservation-expired"; at: number; session: string }
  | {
      type: "session-ended";
      at: number;
      session: string;
      record?: SessionRecord;
    }
  | { type: "session-forgotten"; at: number; session: string }
  | { type: "records-taken"; at: number; upTo: number }
  | { type: "notices-taken"; at: number; upTo: number }
  | {
      type: "slice-settled";
      at: number;
      edge: string;
      account: string;
      /** Beginning of the billing period that its news count in; earlier logs do not say. */
      period?: number;
      /** Sums since the slice began: a repetition changes nothing. */
      grantedNano: string;
      spentNano: string;
      returnedNano: string;
    }
  /** Ended sessions of an edge node, from behind the last one that was taken over. */
  | { type: "edge-records"; at: number; edge: string; upTo: number; records: SessionRecord[] };
