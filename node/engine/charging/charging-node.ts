import { answerSession, type Pricers } from "../../core/charging/answer-session.ts";
import type {
  AccountPolicy,
  ChargingAccount,
  PaymentAnswer,
} from "../../core/charging/charging-account.ts";
import type { ChargingAnswer, ChargingSession } from "../../core/charging/charging-session.ts";
import {
  type ChargingState,
  type NumberedNotice,
  sliceKey,
} from "../../core/charging/charging-state.ts";
import { EMERGENCY_NUMBERS, emergencyAnswer, isEmergency } from "../../core/charging/emergency.ts";
import type { Entry, Lock, SessionRecord } from "../../core/charging/entry.ts";
import { dueEntry, RETENTION, type Retention } from "../../core/charging/expire.ts";
import { accountUnknown, decidePayment, type Payment } from "../../core/charging/pay.ts";
import { decideRefund, type RefundRequest } from "../../core/charging/refund.ts";
import type { SessionRequest } from "../../core/charging/session-request.ts";
import { type EdgeReport, settleEdge } from "../../core/charging/settle-slice.ts";
import type { EdgeSlice } from "../../core/charging/slice.ts";
import { StateReader } from "../../core/charging/snapshot.ts";
import { START_WINDOW, type StartWindow } from "../../core/charging/start-window.ts";
import { TallystickError } from "../../core/errors.ts";
import type { ChargingLog, LogContent } from "./charging-log.ts";
import type { EdgeAnswer } from "./edge-settlement.ts";

export interface ChargingParts {
  log: ChargingLog;
  pricers: Pricers;
  /** Milliseconds since 1970 UTC. */
  now: () => number;
  /** Beside 112 and 911. */
  emergencyNumbers?: readonly string[];
  retention?: Retention;
  /** Whether only slices of balances are here. */
  isEdge?: boolean;
  /** Where a session may begin; START_WINDOW unless said. */
  startWindow?: StartWindow;
}

/** Emergency calls whose later requests are recognised by their session. */
const EMERGENCIES_MAX = 10_000;

export interface WaitingNotices {
  waiting: number;
  /** Between the last that was taken over and the oldest that is there. */
  dropped: number;
  /** Milliseconds since 1970 UTC. */
  oldestAt?: number;
}

/**
 * Balances and sessions in memory with a write-ahead log. A request is decided and applied at once,
 * and answered when its entry is durable; entries keep their order, so nothing that is answered
 * rests on something that a crash could take back.
 */
export class ChargingNode {
  readonly #parts: ChargingParts;
  readonly #state: ChargingState;
  readonly #emergencyNumbers: ReadonlySet<string>;
  readonly #emergencies = new Set<string>();
  #sweep: Iterator<ChargingSession> | undefined;

  private constructor(parts: ChargingParts, state: ChargingState) {
    this.#parts = parts;
    this.#state = state;
    this.#emergencyNumbers = new Set([...EMERGENCY_NUMBERS, ...(parts.emergencyNumbers ?? [])]);
  }

  static async open(parts: ChargingParts): Promise<ChargingNode> {
    try {
      return new ChargingNode(parts, await recoverState(parts.log.read()));
    } catch (error) {
      await parts.log.close();
      throw error;
    }
  }

  get currency(): string {
    return this.#parts.pricers.currency;
  }

  /** @throws TallystickError `charging.…`, `rating.…` */
  async answer(request: SessionRequest): Promise<ChargingAnswer> {
    const emergency = this.#answerEmergency(request);
    if (emergency !== undefined) return emergency;
    const { pricers, now, isEdge = false, startWindow = START_WINDOW } = this.#parts;
    const rules = { sponsorsMustBeHere: isEdge, startWindow };
    const { answer, entry } = answerSession(this.#state, pricers, request, now(), rules);
    await this.#durable(entry);
    return answer;
  }

  /** @throws TallystickError `charging.…` */
  async refund(request: RefundRequest): Promise<ChargingAnswer> {
    const { answer, entry } = decideRefund(this.#state, request, this.#parts.now());
    await this.#durable(entry);
    return answer;
  }

  /** @throws TallystickError `charging.…` */
  async pay(payment: Payment): Promise<PaymentAnswer> {
    const { answer, entry } = decidePayment(this.#state, payment, this.#parts.now());
    await this.#durable(entry);
    return answer ?? this.#paymentAnswer(payment);
  }

  async setAccount(account: string, policy: AccountPolicy): Promise<void> {
    await this.#durable({ type: "account-set", at: this.#parts.now(), account, policy });
  }

  /** @throws TallystickError `charging.account-unknown` */
  async lock(id: string, lock: Lock): Promise<void> {
    this.account(id);
    await this.#durable({ type: "locked", at: this.#parts.now(), account: id, lock });
  }

  /** @throws TallystickError `charging.account-unknown` */
  async unlock(id: string): Promise<void> {
    const isLocked = this.account(id).lock !== undefined;
    const entry: Entry = { type: "unlocked", at: this.#parts.now(), account: id };
    await this.#durable(isLocked ? entry : undefined);
  }

  /**
   * What an edge node charged, and what it may charge from now on.
   * @throws TallystickError `charging.account-unknown`
   */
  async settle(report: EdgeReport): Promise<EdgeAnswer> {
    const at = this.#parts.now();
    await this.#durable(...settleEdge(this.#state, report, { at, period: this.#periodAt(at) }));
    const slices = report.slices.flatMap(({ account }) => {
      const slice = this.#state.slices.get(sliceKey(report.edge, account));
      if (slice === undefined) return [];
      const { policy, lock } = this.account(account);
      return [{ ...slice, policy, ...(lock === undefined ? {} : { lock: lock.reason }) }];
    });
    return { slices, recordsTaken: this.#state.edgeRecords.get(report.edge) ?? 0 };
  }

  /** Where no tariff is in force nothing begins anew, and edges are settled all the same. */
  #periodAt(at: number): number | undefined {
    try {
      return this.#parts.pricers.inForce(at).periods.at(at).from;
    } catch (error) {
      if (error instanceof TallystickError) return undefined;
      throw error;
    }
  }

  /** @throws TallystickError `charging.account-unknown` */
  account(id: string): Readonly<ChargingAccount> {
    const account = this.#state.accounts.get(id);
    if (account === undefined) throw accountUnknown();
    return account;
  }

  accounts(): Iterable<Readonly<ChargingAccount>> {
    return this.#state.accounts.values();
  }

  sessionsOf(id: string): Readonly<ChargingSession>[] {
    return [...this.account(id).sessions].flatMap((name) => {
      const session = this.#state.sessions.get(name);
      return session === undefined ? [] : [session];
    });
  }

  slicesOf(id: string): EdgeSlice[] {
    return [...this.#state.slices.values()].filter(({ account }) => account === id);
  }

  /**
   * What was raised after a number, the oldest first. Only what is durable: a number that a crash
   * takes back would be given to another notice.
   */
  async noticesAfter(number: number, countMax: number): Promise<NumberedNotice[]> {
    const found = this.#state.notices.after(number, countMax);
    await this.settled();
    return found;
  }

  get noticesTakenUpTo(): number {
    return this.#state.noticesTaken ?? 0;
  }

  /** Of the notices that nobody has taken over; those that were too many are gone. */
  noticesWaiting(): WaitingNotices {
    const { notices, nextNotice } = this.#state;
    const taken = this.noticesTakenUpTo;
    const [oldest] = notices.after(taken, 1);
    const next = oldest?.number ?? nextNotice;
    return {
      waiting: nextNotice - next,
      dropped: Math.max(0, next - taken - 1),
      ...(oldest === undefined ? {} : { oldestAt: oldest.at }),
    };
  }

  /** Notices up to this number are somebody else's now; with 0 they are kept from now on until then. */
  async noticesTaken(upTo: number): Promise<void> {
    const known = this.#state.noticesTaken;
    if (known !== undefined && upTo <= known) return;
    await this.#durable({ type: "notices-taken", at: this.#parts.now(), upTo });
  }

  /** When everything that was answered or raised so far is durable. */
  settled(): Promise<void> {
    return this.#parts.log.settled();
  }

  /** Ended sessions that nobody has taken over yet, the oldest first. */
  recordsAfter(number: number, countMax: number): { number: number; record: SessionRecord }[] {
    const found: { number: number; record: SessionRecord }[] = [];
    for (const [at, record] of this.#state.records) {
      if (found.length === countMax) break;
      if (at > number) found.push({ number: at, record });
    }
    return found;
  }

  /** Records up to this number are somebody else's now. */
  async recordsTaken(upTo: number): Promise<void> {
    const first = this.#state.records.keys().next().value;
    if (first === undefined || first > upTo) return;
    await this.#durable({ type: "records-taken", at: this.#parts.now(), upTo });
  }

  /**
   * Looks at some sessions for what time does to them, going on where it stopped.
   * @returns how many changed
   */
  async expireSome(countMax: number): Promise<number> {
    const { pricers, now, retention = RETENTION } = this.#parts;
    const entries: Entry[] = [];
    for (let looked = 0; looked < countMax; looked++) {
      this.#sweep ??= this.#state.sessions.values();
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = undefined;
        break;
      }
      const entry = dueEntry(this.#state, pricers, next.value, now(), retention);
      if (entry !== undefined) entries.push(entry);
    }
    await this.#durable(...entries);
    return entries.length;
  }

  get wantsSnapshot(): boolean {
    return this.#parts.log.wantsSnapshot;
  }

  compact(): Promise<void> {
    return this.#parts.log.compact();
  }

  async close(): Promise<void> {
    await this.#parts.log.close();
  }

  /** Applied in one turn, durable together; a repetition waits for what it repeats. */
  async #durable(...entries: (Entry | undefined)[]): Promise<void> {
    let last: Promise<void> | undefined;
    for (const entry of entries) {
      if (entry === undefined) continue;
      this.#state.apply(entry);
      last = this.#parts.log.append(entry);
    }
    await (last ?? this.#parts.log.settled());
  }

  #paymentAnswer({ account, reference }: Payment): PaymentAnswer {
    return this.account(account).payments.get(reference)?.answer as PaymentAnswer;
  }

  /** Answered from memory, whatever the state of accounts, tariffs and log. */
  #answerEmergency({ kind, session, request, use }: SessionRequest): ChargingAnswer | undefined {
    const isCall = isEmergency(use, this.#emergencyNumbers);
    if (!isCall && !this.#emergencies.has(session)) return undefined;
    if (kind === "commit") this.#emergencies.delete(session);
    else this.#emergencies.add(session);
    if (this.#emergencies.size > EMERGENCIES_MAX) {
      this.#emergencies.delete(this.#emergencies.values().next().value as string);
    }
    return emergencyAnswer(session, request, kind === "commit" ? "committed" : "granted");
  }
}

/** The state that a log's content amounts to; also how a snapshot is made. */
export async function recoverState({ snapshot, entries }: LogContent): Promise<ChargingState> {
  const reader = new StateReader();
  let state = reader.state;
  if (snapshot !== undefined) {
    for await (const line of snapshot) reader.take(line);
    state = reader.done();
  }
  for await (const entry of entries) state.apply(entry);
  return state;
}
