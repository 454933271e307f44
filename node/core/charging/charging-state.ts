import { assert } from "../errors.ts";
import {
  type AccountPolicy,
  type ChargingAccount,
  imbalanceNano,
  openAccount,
  PREPAID,
} from "./charging-account.ts";
import { ANSWERS_KEPT, type ChargingSession } from "./charging-session.ts";
import type { Entry, Notice, SessionAnswered, SessionRecord, SponsorHolding } from "./entry.ts";
import { NoticeQueue } from "./notice-queue.ts";
import { RunningCounters } from "./running-counters.ts";
import type { EdgeSlice } from "./slice.ts";

/** Payments of an account whose references are remembered. */
const PAYMENTS_KEPT = 256;
const NOTICES_KEPT = 10_000;
/** While somebody is to be told of each: what waits for a receiver that is away for long. */
const NOTICES_WAITING_MAX = 1_000_000;

export interface NumberedNotice extends Notice {
  number: number;
  at: number;
}

/**
 * All accounts and sessions of a charging node. `apply` is the only thing that changes it, whether
 * an entry was just decided or is read from the log again.
 */
export class ChargingState {
  readonly accounts = new Map<string, ChargingAccount>();
  readonly sessions = new Map<string, ChargingSession>();
  /** What ended sessions and the use of the others add up to; and with their reservations. */
  readonly used = new RunningCounters();
  readonly held = new RunningCounters();
  /** Sessions that wait to be taken over as charges, by number. */
  readonly records = new Map<number, SessionRecord>();
  readonly notices = new NoticeQueue();
  /** What edge nodes hold of accounts, by `sliceKey`. */
  readonly slices = new Map<string, EdgeSlice>();
  /** The last record that was taken over from each edge node. */
  readonly edgeRecords = new Map<string, number>();
  nextRecord = 1;
  nextNotice = 1;
  /** Up to where somebody has taken notices over; undefined where nobody is to be told. */
  noticesTaken: number | undefined;

  apply(entry: Entry): void {
    switch (entry.type) {
      case "account-set":
        this.#setAccount(entry.account, entry.policy);
        return;
      case "paid":
        this.#pay(entry);
        return;
      case "locked":
        this.#account(entry.account).lock = entry.lock;
        this.#notice(entry.at, { kind: "locked", account: entry.account });
        return;
      case "unlocked":
        delete this.#account(entry.account).lock;
        this.#notice(entry.at, { kind: "unlocked", account: entry.account });
        return;
      case "session-answered":
        this.#answer(entry);
        return;
      case "refunded":
        this.#refund(entry);
        return;
      case "reservation-expired":
        this.#expire(this.#session(entry.session), entry.at);
        return;
      case "session-ended":
        this.#end(this.#session(entry.session), entry.at);
        if (entry.record !== undefined) this.#record(entry.record);
        return;
      case "session-forgotten":
        this.#forget(this.#session(entry.session));
        return;
      case "records-taken":
        // They stand in the order of their numbers.
        for (const number of this.records.keys()) {
          if (number > entry.upTo) break;
          this.records.delete(number);
        }
        return;
      case "notices-taken":
        this.noticesTaken = Math.max(this.noticesTaken ?? 0, entry.upTo);
        this.#dropNotices();
        return;
      case "slice-settled":
        this.#settleSlice(entry);
        return;
      case "edge-records":
        this.edgeRecords.set(entry.edge, entry.upTo);
        for (const record of entry.records) this.#record(record);
        return;
    }
  }

  #setAccount(id: string, policy: AccountPolicy): void {
    const account = this.accounts.get(id);
    if (account === undefined) this.accounts.set(id, openAccount(id, policy));
    else account.policy = policy;
  }

  #pay(entry: Extract<Entry, { type: "paid" }>): void {
    const account = this.accounts.get(entry.account) ?? openAccount(entry.account, PREPAID);
    this.accounts.set(entry.account, account);
    const amount = BigInt(entry.amountNano);
    account.balanceNano += amount;
    if (amount >= 0n) account.toppedUpNano += amount;
    else account.paidOutNano -= amount;
    const { reference, asked, unlocked } = entry;
    const balanceNano = account.balanceNano.toString();
    account.payments.set(reference, {
      asked,
      answer: { account: account.id, reference, balanceNano, unlocked },
    });
    if (account.payments.size > PAYMENTS_KEPT) {
      account.payments.delete(account.payments.keys().next().value as string);
    }
    if (!unlocked) return;
    delete account.lock;
    this.#notice(entry.at, { kind: "unlocked", account: account.id });
  }

  #answer(entry: SessionAnswered): void {
    const account = this.#account(entry.account);
    const session = this.sessions.get(entry.session) ?? this.#open(entry, account);
    this.#move(account, session, BigInt(entry.spentNano), BigInt(entry.reservedNano));
    if (entry.sponsored !== undefined) this.#moveSponsors(session, entry.sponsored);
    this.#count(session, entry.counters ?? [], entry.held ?? []);
    session.begun = entry.begun;
    session.used = BigInt(entry.used);
    session.granted = BigInt(entry.granted);
    session.state = entry.state;
    session.expiresAt = entry.expiresAt ?? 0;
    session.changedAt = entry.at;
    this.#remember(session, entry.asked, entry.answer);
    for (const name of entry.raised ?? []) account.raised.add(name);
    for (const notice of entry.notices ?? []) this.#notice(entry.at, notice);
    if (entry.record !== undefined) this.#record(entry.record);
  }

  #open({ session: id, opened, at }: SessionAnswered, account: ChargingAccount): ChargingSession {
    assert(opened !== undefined, "a session begins with what it is about");
    const session: ChargingSession = {
      id,
      account: account.id,
      ...opened,
      state: "open",
      begun: false,
      used: 0n,
      granted: 0n,
      spentNano: 0n,
      reservedNano: 0n,
      refundedNano: 0n,
      counters: [],
      held: [],
      expiresAt: 0,
      changedAt: at,
      lastRequest: -1,
      answers: [],
    };
    this.sessions.set(id, session);
    account.sessions.add(id);
    return session;
  }

  #move(
    account: ChargingAccount,
    session: ChargingSession,
    spentNano: bigint,
    reservedNano: bigint,
  ): void {
    const spent = spentNano - session.spentNano;
    const reserved = reservedNano - session.reservedNano;
    this.#take(account, session.period, spent, reserved);
    session.spentNano = spentNano;
    session.reservedNano = reservedNano;
  }

  /** Those that are not named any more get back what was held of them. */
  #moveSponsors(session: ChargingSession, holdings: readonly SponsorHolding[]): void {
    const after = new Map(holdings.map((one) => [one.account, one]));
    const before = new Map(session.sponsored?.map((one) => [one.account, one]));
    for (const id of new Set([...before.keys(), ...after.keys()])) {
      const account = this.#account(id);
      const spent = BigInt(after.get(id)?.spentNano ?? 0) - (before.get(id)?.spentNano ?? 0n);
      const held = BigInt(after.get(id)?.reservedNano ?? 0) - (before.get(id)?.reservedNano ?? 0n);
      this.#take(account, session.period, spent, held);
      for (const name of after.get(id)?.raised ?? []) account.raised.add(name);
    }
    session.sponsored = holdings.map(({ account, spentNano, reservedNano }) => ({
      account,
      spentNano: BigInt(spentNano),
      reservedNano: BigInt(reservedNano),
    }));
  }

  /** The one place where a session's money moves: what it spends and holds comes from the balance. */
  #take(account: ChargingAccount, period: number, spent: bigint, reserved: bigint): void {
    account.balanceNano -= spent + reserved;
    account.spentNano += spent;
    account.reservedNano += reserved;
    this.#begin(account, period);
    if (period === account.period) account.periodSpentNano += spent;
    assert(imbalanceNano(account) === 0n, "an account's money is conserved");
  }

  /** A period's spend limit and notices begin anew. */
  #begin(account: ChargingAccount, period: number): void {
    if (period <= account.period) return;
    account.period = period;
    account.periodSpentNano = 0n;
    account.raised.clear();
  }

  #count(
    session: ChargingSession,
    counters: ChargingSession["counters"],
    held: ChargingSession["held"],
  ): void {
    this.used.takeBack(session.counters);
    this.used.add(counters);
    this.held.takeBack(session.held);
    this.held.add(held);
    session.counters = counters;
    session.held = held;
  }

  #remember(
    session: ChargingSession,
    asked: string,
    answer: ChargingSession["answers"][number]["answer"],
  ): void {
    session.lastRequest = answer.request;
    session.answers.push({ request: answer.request, asked, answer });
    if (session.answers.length > ANSWERS_KEPT) session.answers.shift();
  }

  #refund(entry: Extract<Entry, { type: "refunded" }>): void {
    const session = this.#session(entry.session);
    const account = this.#account(session.account);
    const amount = BigInt(entry.amountNano);
    session.refundedNano += amount;
    session.changedAt = entry.at;
    this.#move(account, session, session.spentNano - amount, session.reservedNano);
    if (entry.sponsors === true) this.#moveSponsors(session, []);
    this.#remember(session, entry.asked, entry.answer);
  }

  #expire(session: ChargingSession, at: number): void {
    const account = this.#account(session.account);
    this.#move(account, session, session.spentNano, 0n);
    if (session.sponsored !== undefined) {
      const kept = session.sponsored.map(({ account: sponsor, spentNano }) => ({
        account: sponsor,
        spentNano: spentNano.toString(),
        reservedNano: "0",
      }));
      this.#moveSponsors(session, kept);
    }
    this.#count(session, session.counters, session.counters);
    session.granted = 0n;
    session.state = "expired";
    session.changedAt = at;
  }

  #end(session: ChargingSession, at: number): void {
    session.state = "closed";
    session.changedAt = at;
  }

  /** What it counted stays; its answers do not. */
  #forget(session: ChargingSession): void {
    this.accounts.get(session.account)?.sessions.delete(session.id);
    this.sessions.delete(session.id);
  }

  #settleSlice(entry: Extract<Entry, { type: "slice-settled" }>): void {
    const account = this.#account(entry.account);
    const key = sliceKey(entry.edge, entry.account);
    const before = this.slices.get(key);
    const after = {
      edge: entry.edge,
      account: entry.account,
      grantedNano: BigInt(entry.grantedNano),
      spentNano: BigInt(entry.spentNano),
      returnedNano: BigInt(entry.returnedNano),
    };
    const heldBefore =
      before === undefined ? 0n : before.grantedNano - before.spentNano - before.returnedNano;
    const heldAfter = after.grantedNano - after.spentNano - after.returnedNano;
    const spent = after.spentNano - (before?.spentNano ?? 0n);
    this.#begin(account, entry.period ?? account.period);
    account.reservedNano += heldAfter - heldBefore;
    account.spentNano += spent;
    account.periodSpentNano += spent;
    account.balanceNano -= heldAfter - heldBefore + spent;
    assert(imbalanceNano(account) === 0n, "an account's money is conserved");
    this.slices.set(key, after);
  }

  #record(record: SessionRecord): void {
    this.records.set(this.nextRecord++, record);
  }

  #notice(at: number, notice: Notice): void {
    this.notices.push({ number: this.nextNotice++, at, ...notice });
    this.#dropNotices();
  }

  #dropNotices(): void {
    const taken = this.noticesTaken ?? Number.POSITIVE_INFINITY;
    const isOver = (count: number): boolean =>
      this.notices.length > count &&
      ((this.notices.first?.number ?? 0) <= taken || this.notices.length > NOTICES_WAITING_MAX);
    while (isOver(NOTICES_KEPT)) this.notices.dropFirst();
  }

  #account(id: string): ChargingAccount {
    const account = this.accounts.get(id);
    assert(account !== undefined, "an entry is about a known account");
    return account;
  }

  #session(id: string): ChargingSession {
    const session = this.sessions.get(id);
    assert(session !== undefined, "an entry is about a known session");
    return session;
  }
}

export const sliceKey = (edge: string, account: string): string => JSON.stringify([edge, account]);
