import type { Hex } from "../core/bytes.ts";
import type { Bundle } from "../core/evidence/bundle.ts";
import type { BillProgress } from "./bill/bill-desk.ts";
import type { BillRun } from "./bill/run-bill.ts";
import { getInvoice } from "./bill/stored-invoice.ts";
import type { CheckDesk } from "./check/check-desk.ts";
import type { ClaimAnswer } from "./claims/judge-claim.ts";
import type { Settled } from "./commit/outbox-journal.ts";
import {
  type AccountDispute,
  type AccountPeriod,
  disputesOf,
  periodsOf,
} from "./evidence/account-views.ts";
import type { EvidenceShelf } from "./evidence/evidence-shelf.ts";
import type { EvidencePublisher } from "./evidence/publish-evidence.ts";
import type { PublishProgress } from "./evidence/publishing-state.ts";
import type { ControlViews } from "./intake/control-views.ts";
import type { Correction } from "./intake/correct-charge.ts";
import { type DropDecision, dropRecords } from "./intake/drop-record.ts";
import type { UsageFile } from "./intake/ingest-usage.ts";
import { changeWaiting, waitingRecords } from "./intake/waiting-records.ts";
import { openStages, type PipelineParts, type PipelineStages } from "./pipeline-stages.ts";
import { type PipelineStatus, readStatus } from "./pipeline-status.ts";
import { forgetRating } from "./rate/forget-rating.ts";
import type { RetentionDesk } from "./retention/retention-desk.ts";
import { postStatement } from "./settle/settle-statement.ts";
import { openBooks } from "./store/open-books.ts";
import type {
  Account,
  ControlClass,
  IngestedFile,
  StoredClaim,
  StoredCorrection,
  StoredDemand,
  StoredInvoice,
  StoredTick,
  SuspendedRecord,
} from "./store/stored-types.ts";
import { OneAtATime } from "./store/turns.ts";

/**
 * The life of a usage record, in the order of ARCHITECTURE.md and of this file:
 *
 *   accounts, tariff
 *      │
 *   ingest (dedupe, guide, rate, number) ─▶ seal ─▶ commit ─▶ bill ─▶ evidence ─▶ claims, demands
 *      │                                     ▲                                         │
 *   suspense ─▶ recycle, drop                └──────────────── credits ◀───────────────┘
 *
 *   beside it: statement, retention, checks, status
 *
 * All that writes goes through one turn at a time; what only reads does not wait. A file under way pauses
 * between units of work for what has a rhythm to keep: sealing, finality, claims, demands, tariffs.
 */
export class OperatorPipeline {
  readonly #parts: PipelineParts;
  readonly #turns: OneAtATime;
  readonly #stages: PipelineStages;

  private constructor(parts: PipelineParts, turns: OneAtATime, stages: PipelineStages) {
    this.#parts = parts;
    this.#turns = turns;
    this.#stages = stages;
  }

  /** Opens the books that are not open yet and takes up what a crash left. */
  static async open(parts: PipelineParts): Promise<OperatorPipeline> {
    await openBooks(parts.context);
    const turns = new OneAtATime();
    const stages = await openStages(parts, turns);
    await stages.commits.recover();
    return new OperatorPipeline(parts, turns, stages);
  }

  /** Whether anybody who writes has something to do. */
  get isBusy(): boolean {
    return this.#turns.isBusy;
  }

  // Accounts and tariff

  /**
   * Adds accounts or replaces what they have; an account keeps its secret.
   * @throws TallystickError `accounts.…` when plans, pools or sponsors do not fit; nothing is changed
   */
  putAccounts(accounts: Omit<Account, "accessSecret">[]): Promise<void> {
    const { accounts: desk, ingest } = this.#stages;
    return this.#turns.run(() => desk.put(accounts, ingest.rating));
  }

  accounts(): Promise<Account[]> {
    return this.#stages.accounts.list();
  }

  /** Another number after each change of the accounts. */
  get accountsRevision(): number {
    return this.#stages.accounts.revision;
  }

  /**
   * Takes versions of the tariff that were published since; from their start on records are priced by
   * them. Between two files; within one it is done for each unit of work.
   * @param isAsked a version that could not be taken is tried at once
   */
  async followTariff(isAsked = false): Promise<void> {
    await this.#turns.runBrief(async () => {
      const rating = await this.#stages.rated.look(isAsked);
      if (rating !== undefined) this.#stages.ingest.takeRating(rating);
    });
  }

  // Ingest, and what waits in suspense

  ingest(
    file: UsageFile,
    onProgress?: (records: number) => void,
  ): Promise<IngestedFile & { already: boolean }> {
    const { ingest, commits } = this.#stages;
    // It may be refused while it waits for its turn; it is told when it has it.
    file.whole?.catch(() => {});
    const onDurable = (records: number) => {
      if (this.#parts.buildsAhead !== false) commits.buildAhead();
      onProgress?.(records);
    };
    return this.#turns.run(() => ingest.ingest(file, onDurable, this.#turns));
  }

  /** Loads ahead what a file that is on its way will need; only a gain, and nothing where it is loaded. */
  prepareIntake(): Promise<void> {
    const { ingest } = this.#stages;
    return ingest.isPrepared ? Promise.resolve() : this.#turns.run(() => ingest.prepare());
  }

  suspense(): Promise<SuspendedRecord[]> {
    return waitingRecords(this.#parts.context.store);
  }

  /**
   * Changes a suspended record before it is recycled.
   * @returns false when it does not wait
   * @throws TallystickError `usage.bad-record` when the change makes it no usage record
   */
  correctSuspended(recordId: string, change: Partial<SuspendedRecord["record"]>): Promise<boolean> {
    return this.#turns.run(() => changeWaiting(this.#parts.context.store, recordId, change));
  }

  /** @returns undefined when it does not wait */
  async recycle(recordId: string): Promise<ControlClass | undefined> {
    return (await this.recycleAll([recordId])).get(recordId);
  }

  /** One unit of work, all of it durable or nothing. @returns what became of those that waited */
  recycleAll(recordIds: readonly string[]): Promise<Map<string, ControlClass>> {
    return this.#turns.run(() => this.#stages.ingest.recycle(recordIds));
  }

  /** @returns the ids of those that waited */
  drop(recordIds: readonly string[], decision: DropDecision): Promise<string[]> {
    return this.#turns.run(() => dropRecords(this.#parts.context, recordIds, decision));
  }

  /** Corrects a charge that is committed, by a credit and another charge. @throws as `correctCharge` */
  correct(correction: Correction): Promise<StoredCorrection & { already: boolean }> {
    return this.#turns.run(() => this.#stages.ingest.correct(correction));
  }

  /** Control totals and suspense, to be looked at. */
  get control(): ControlViews {
    return this.#stages.control;
  }

  // Seal and commit

  /**
   * Closes what waits in each book, empty or not, and hands the commitments to the outbox.
   * @throws TallystickError `commit.refused` while the ledger does not take an earlier tick; `seal.…`
   */
  seal(): Promise<StoredTick> {
    return this.#stages.commits.seal();
  }

  /** @throws TallystickError `commit.refused` when the ledger will not take it */
  untilFinal(tick: StoredTick): Promise<void> {
    return this.#stages.commits.untilFinal(tick);
  }

  /** Notes how ticks ended since, and hands over what waits. @returns how many are open still */
  noteFinal(): Promise<number> {
    return this.#stages.commits.noteFinal();
  }

  /** For the outbox to tell of settlements: a repaired ledger gives batches other block times. */
  noteSettled(settled: Settled): Promise<void> {
    return this.#stages.commits.noteSettled(settled);
  }

  /** @throws TallystickError `commit.refused` while the ledger does not take a tick */
  requireCommitsTaken(): Promise<void> {
    return this.#stages.commits.requireTaken();
  }

  /** Ends what is done ahead of anybody's asking. */
  stopAhead(): Promise<void> {
    return this.#stages.commits.stop();
  }

  // Bill

  /**
   * Closes the period of accounts with plans, then bills; step by step, so that files and batches go on
   * in between. What the closing made is to be committed first: then this is called again.
   */
  async bill(epoch: string): Promise<BillRun> {
    const { bills, ingest } = this.#stages;
    const bill = await bills.run(epoch);
    await forgetRating(this.#parts.context, () => ingest.rating, this.#turns);
    return bill;
  }

  /** The bill that is on its way, or that was interrupted. */
  billProgress(): Promise<BillProgress | undefined> {
    return this.#stages.bills.progress();
  }

  /** @throws what ended the period's bill, when it was the last one */
  billOutcome(epoch: string): Promise<BillRun | BillProgress | undefined> {
    return this.#stages.bills.outcome(epoch);
  }

  /** Ends a bill after the step at hand; it goes on when it is asked for again. */
  stopBill(): Promise<void> {
    return this.#stages.bills.stop();
  }

  invoice(account: string, epoch: string): Promise<StoredInvoice | undefined> {
    return getInvoice(this.#parts.context.store, account, epoch);
  }

  // Evidence, shown and published

  /** @param line of the bill, when only that one is asked for */
  evidence(account: string, epoch: string, line?: number): Promise<Bundle> {
    return this.#stages.evidence.build(account, epoch, line === undefined ? {} : { line });
  }

  /**
   * One step of writing a billed month's evidence to a folder for a web server; until it is done.
   * @param folder that the shelf stands for
   */
  publishEvidence(epoch: string, shelf: EvidenceShelf, folder: string): Promise<PublishProgress> {
    return this.#stages.publisher.step(epoch, shelf, folder);
  }

  /** Who writes a month's evidence, for whoever has it written by itself. */
  get publisher(): EvidencePublisher {
    return this.#stages.publisher;
  }

  /** The newest edition of an account's month in a folder, when it holds all that there is. */
  publishedEdition(account: string, epoch: string, folder: string): Promise<number | undefined> {
    return this.#stages.publisher.edition(account, epoch, folder);
  }

  periodsOf(account: string): Promise<AccountPeriod[]> {
    return periodsOf(this.#parts.context, account);
  }

  disputesOf(account: string): Promise<AccountDispute[]> {
    return disputesOf(this.#parts.context, account);
  }

  // Claims and demands for evidence

  /** One round at the claims desk. @returns as `ClaimDesk.work`: how long a credit can wait for its batch */
  workClaims(): Promise<number | undefined> {
    return this.#turns.runBrief(() => this.#stages.claims.work());
  }

  answerClaim(id: Hex, answer: ClaimAnswer): Promise<void> {
    return this.#turns.run(() => this.#stages.claims.answer(id, answer));
  }

  claims(): Promise<StoredClaim[]> {
    return this.#stages.claims.list();
  }

  /** One round at the desk of demands for evidence; nothing where the ledger has no such contract. */
  workDemands(): Promise<void> {
    if (this.#parts.ledgerSection.contracts.demands === undefined) return Promise.resolve();
    return this.#turns.runBrief(() => this.#stages.demands.work());
  }

  demands(): Promise<StoredDemand[]> {
    return this.#stages.demands.list();
  }

  // Statement, retention, and what looks at all of it

  postStatement(chargeBook: Hex, creditBook: Hex): Promise<string> {
    return postStatement(this.#parts.context.store, this.#parts.outbox, chargeBook, creditBook);
  }

  /** What becomes of months whose bill can not be challenged any more. */
  get retention(): RetentionDesk {
    return this.#stages.retention;
  }

  /** Reads the whole store again, while all else goes on. */
  get checks(): CheckDesk {
    return this.#stages.checks;
  }

  /** Figures for people and monitoring: books, suspense, files, claims. */
  status(): Promise<PipelineStatus> {
    return readStatus(this.#parts.context, this.#stages);
  }
}
