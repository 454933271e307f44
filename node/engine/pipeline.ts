import type { Hex } from "../core/bytes.ts";
import { TallystickError } from "../core/errors.ts";
import type { Bundle } from "../core/evidence/bundle.ts";
import { AccountDesk } from "./account-desk.ts";
import { BillDesk, type BillProgress } from "./bill/bill-desk.ts";
import type { OpenBillKernel } from "./bill/bill-kernel.ts";
import type { OpenClosingKernel } from "./bill/closing-kernel.ts";
import type { BillRun } from "./bill/run-bill.ts";
import { getInvoice } from "./bill/stored-invoice.ts";
import { CheckDesk } from "./check/check-desk.ts";
import { ClaimDesk } from "./claims/answer-claims.ts";
import { DemandDesk } from "./claims/answer-demands.ts";
import type { ClaimAnswer, ClaimPolicy } from "./claims/judge-claim.ts";
import { CommitDesk } from "./commit/commit-desk.ts";
import type { Ledger } from "./commit/ledger.ts";
import type { Outbox } from "./commit/outbox.ts";
import type { Settled } from "./commit/outbox-journal.ts";
import {
  type AccountDispute,
  type AccountPeriod,
  disputesOf,
  periodsOf,
} from "./evidence/account-views.ts";
import { EvidenceBuilder, type LedgerSection } from "./evidence/build-evidence.ts";
import type { OpenEvidenceKernel } from "./evidence/evidence-kernel.ts";
import type { EvidenceShelf, OpenWrittenShelf } from "./evidence/evidence-shelf.ts";
import type { SignInvoice, SignReceipt } from "./evidence/issue-receipt.ts";
import { EvidencePublisher } from "./evidence/publish-evidence.ts";
import type { PublishProgress } from "./evidence/publishing-state.ts";
import { ControlViews } from "./intake/control-views.ts";
import type { Correction } from "./intake/correct-charge.ts";
import { type DropDecision, dropRecords } from "./intake/drop-record.ts";
import { AccountGuide } from "./intake/guide-account.ts";
import { type UsageFile, UsageIngest } from "./intake/ingest-usage.ts";
import { changeWaiting, waitingRecords } from "./intake/waiting-records.ts";
import type { EngineContext } from "./operator.ts";
import { type PipelineStatus, readStatus } from "./pipeline-status.ts";
import type { TariffFollower } from "./rate/follow-tariff.ts";
import { FollowedRating } from "./rate/followed-rating.ts";
import { beginForgetting, type ForgetPlace, forgetSome } from "./rate/forget-rating.ts";
import type { AccountRating } from "./rate/rate-accounts.ts";
import type { TariffShelf } from "./rate/tariff-shelf.ts";
import { RetentionDesk } from "./retention/retention-desk.ts";
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

const RETAINED_SECONDS = 3n * 365n * 86_400n;

export interface PipelineParts {
  context: EngineContext;
  tariffs: TariffShelf;
  outbox: Outbox;
  ledger: Ledger;
  claimPolicy: ClaimPolicy;
  /** Told of a claim that can not be worked; the others go on. */
  onClaimTrouble?: (error: unknown) => void;
  /** Told of a demand that can not be answered; the others go on. */
  onDemandTrouble?: (error: unknown) => void;
  ledgerSection: LedgerSection;
  /** How long a month is kept at least after its bill is final; seconds, three years unless given. */
  retainedSeconds?: bigint;
  /** What computes in a bill run; the node's own thread unless given. */
  openBillKernel?: OpenBillKernel;
  /** Finds versions of the tariff that are published while the node runs. */
  tariffFollower?: TariffFollower;
  openClosingKernel?: OpenClosingKernel;
  /** What makes evidence files; the node's own thread unless given. */
  openEvidenceKernel?: OpenEvidenceKernel;
  /** Folders that evidence was published to, for months whose retention is over; none is found without it. */
  openWrittenShelf?: OpenWrittenShelf;
  /** Whether full batches are built while files come in; they are, unless the process ends before it would seal. */
  buildsAhead?: boolean;
  /** Signs what evidence bundles say of the charges that exist; they say nothing without it. */
  signReceipt?: SignReceipt;
  /** Signs invoices as they are handed out; they carry no signature without it. */
  signInvoice?: SignInvoice;
}

/**
 * The life of a usage record, in the order of ARCHITECTURE.md:
 *
 *   ingest  (dedupe, guide, rate, number)  ->  seal  ->  commit  ->  bill  ->  evidence
 *                                               claims  ->  credits  ->  seal …   ->  statement
 *
 * All that writes goes through one turn at a time; what only reads does not wait. A file under way pauses
 * between units of work for what has a rhythm to keep: sealing, finality, claims, demands, tariffs.
 */
export class OperatorPipeline {
  readonly #parts: PipelineParts;
  readonly #commits: CommitDesk;
  readonly #evidence: EvidenceBuilder;
  readonly #publisher: EvidencePublisher;
  readonly #desk: ClaimDesk;
  readonly #demands: DemandDesk;
  readonly #bills: BillDesk;
  readonly #turns = new OneAtATime();
  readonly #ingest: UsageIngest;
  /** What becomes of months whose bill can not be challenged any more. */
  readonly retention: RetentionDesk;
  /** Reads the whole store again, while all else goes on. */
  readonly checks: CheckDesk;
  /** Control totals and suspense, to be looked at. */
  readonly control: ControlViews;
  readonly #accounts: AccountDesk;
  readonly #rated: FollowedRating;

  private constructor(
    parts: PipelineParts,
    guide: AccountGuide,
    rated: FollowedRating,
    rating: AccountRating,
  ) {
    this.#parts = parts;
    this.#accounts = new AccountDesk(parts.context, parts.tariffs, guide);
    const { store } = parts.context;
    this.control = new ControlViews(store);
    this.retention = new RetentionDesk({
      context: parts.context,
      ledger: parts.ledger,
      turns: this.#turns,
      afterSeconds: parts.retainedSeconds ?? RETAINED_SECONDS,
      eraseFiles: (isOver) => this.#publisher.erase(parts.openWrittenShelf ?? noShelf, isOver),
      forgetEpochs: (isOver) => this.#ingest.forgetEpochs(isOver),
    });
    this.checks = new CheckDesk({ store, ledger: parts.ledger, turns: this.#turns });
    this.#rated = rated;
    this.#ingest = new UsageIngest(parts.context, parts.tariffs, guide, rating, rated);
    this.#commits = new CommitDesk(parts.context, parts.outbox, this.#turns);
    this.#evidence = new EvidenceBuilder(
      parts.context,
      parts.tariffs,
      parts.ledgerSection,
      parts.signReceipt,
      parts.signInvoice,
    );
    this.#publisher = new EvidencePublisher(
      parts.context,
      this.#evidence,
      parts.openEvidenceKernel,
    );
    this.#desk = new ClaimDesk(parts.context, {
      ...parts,
      policy: parts.claimPolicy,
      ...(parts.onClaimTrouble === undefined ? {} : { onTrouble: parts.onClaimTrouble }),
    });
    const { context, tariffs, openBillKernel, openClosingKernel } = parts;
    this.#bills = new BillDesk({
      context,
      tariffs,
      rating: () => this.#ingest.rating,
      turn: (task) => this.#turns.run(task),
      ...(openClosingKernel === undefined ? {} : { openClosingKernel }),
      ...(openBillKernel === undefined ? {} : { openKernel: openBillKernel }),
    });
    this.#demands = new DemandDesk(parts.context, {
      ...parts,
      ...(parts.onDemandTrouble === undefined ? {} : { onTrouble: parts.onDemandTrouble }),
    });
  }

  /** Opens the books that are not open yet and takes up what a crash left. */
  static async open(parts: PipelineParts): Promise<OperatorPipeline> {
    await openBooks(parts.context);
    const guide = await AccountGuide.load(parts.context.store);
    const rated = new FollowedRating(parts.context, parts.tariffs, parts.tariffFollower);
    const pipeline = new OperatorPipeline(parts, guide, rated, await rated.load());
    await pipeline.#commits.recover();
    return pipeline;
  }

  /**
   * Adds accounts or replaces what they have; an account keeps its secret.
   * @throws TallystickError `accounts.…` when plans, pools or sponsors do not fit; nothing is changed
   */
  putAccounts(accounts: Omit<Account, "accessSecret">[]): Promise<void> {
    return this.#turns.run(() => this.#accounts.put(accounts, this.#ingest.rating));
  }

  /** Whether anybody who writes has something to do. */
  get isBusy(): boolean {
    return this.#turns.isBusy;
  }

  /** Another number after each change of the accounts. */
  get accountsRevision(): number {
    return this.#accounts.revision;
  }

  /**
   * Takes versions of the tariff that were published since; from their start on records are priced by
   * them. Between two files; within one it is done for each unit of work.
   * @param isAsked a version that could not be taken is tried at once
   */
  async followTariff(isAsked = false): Promise<void> {
    await this.#turns.runBrief(async () => {
      const rating = await this.#rated.look(isAsked);
      if (rating !== undefined) this.#ingest.takeRating(rating);
    });
  }

  ingest(
    file: UsageFile,
    onProgress?: (records: number) => void,
  ): Promise<IngestedFile & { already: boolean }> {
    // It may be refused while it waits for its turn; it is told when it has it.
    file.whole?.catch(() => {});
    const onDurable = (records: number) => {
      if (this.#parts.buildsAhead !== false) this.#commits.buildAhead();
      onProgress?.(records);
    };
    return this.#turns.run(() => this.#ingest.ingest(file, onDurable, this.#turns));
  }

  /** @returns undefined when it does not wait */
  async recycle(recordId: string): Promise<ControlClass | undefined> {
    return (await this.recycleAll([recordId])).get(recordId);
  }

  /** One unit of work, all of it durable or nothing. @returns what became of those that waited */
  recycleAll(recordIds: readonly string[]): Promise<Map<string, ControlClass>> {
    return this.#turns.run(() => this.#ingest.recycle(recordIds));
  }

  /** Corrects a charge that is committed, by a credit and another charge. @throws as `correctCharge` */
  correct(correction: Correction): Promise<StoredCorrection & { already: boolean }> {
    return this.#turns.run(() => this.#ingest.correct(correction));
  }

  /** @returns the ids of those that waited */
  drop(recordIds: readonly string[], decision: DropDecision): Promise<string[]> {
    return this.#turns.run(() => dropRecords(this.#parts.context, recordIds, decision));
  }

  /**
   * Closes what waits in each book, empty or not, and hands the commitments to the outbox.
   * @throws TallystickError `commit.refused` while the ledger does not take an earlier tick; `seal.…`
   */
  seal(): Promise<StoredTick> {
    return this.#commits.seal();
  }

  /** @throws TallystickError `commit.refused` when the ledger will not take it */
  untilFinal(tick: StoredTick): Promise<void> {
    return this.#commits.untilFinal(tick);
  }

  /** Notes how ticks ended since, and hands over what waits. @returns how many are open still */
  noteFinal(): Promise<number> {
    return this.#commits.noteFinal();
  }

  /** For the outbox to tell of settlements: a repaired ledger gives batches other block times. */
  noteSettled(settled: Settled): Promise<void> {
    return this.#commits.noteSettled(settled);
  }

  /**
   * Closes the period of accounts with plans, then bills; step by step, so that files and batches go on
   * in between. What the closing made is to be committed first: then this is called again.
   */
  async bill(epoch: string): Promise<BillRun> {
    const bill = await this.#bills.run(epoch);
    await this.#forgetRating();
    return bill;
  }

  /** The bill that is on its way, or that was interrupted. */
  billProgress(): Promise<BillProgress | undefined> {
    return this.#bills.progress();
  }

  /** @throws what ended the period's bill, when it was the last one */
  billOutcome(epoch: string): Promise<BillRun | BillProgress | undefined> {
    return this.#bills.outcome(epoch);
  }

  /** Ends a bill after the step at hand; it goes on when it is asked for again. */
  stopBill(): Promise<void> {
    return this.#bills.stop();
  }

  /** Ends what is done ahead of anybody's asking. */
  stopAhead(): Promise<void> {
    return this.#commits.stop();
  }

  /** Drops counters that no record reaches any more; between two steps others may write. */
  async #forgetRating(): Promise<void> {
    const { context } = this.#parts;
    let place = await this.#turns.run(() => beginForgetting(context, this.#ingest.rating));
    while (place !== undefined) {
      const from: ForgetPlace = place;
      place = await this.#turns.run(() => forgetSome(context, this.#ingest.rating, from));
    }
  }

  /** @param line of the bill, when only that one is asked for */
  evidence(account: string, epoch: string, line?: number): Promise<Bundle> {
    return this.#evidence.build(account, epoch, line === undefined ? {} : { line });
  }

  /**
   * One step of writing a billed month's evidence to a folder for a web server; until it is done.
   * @param folder that the shelf stands for
   */
  publishEvidence(epoch: string, shelf: EvidenceShelf, folder: string): Promise<PublishProgress> {
    return this.#publisher.step(epoch, shelf, folder);
  }

  /** Who writes a month's evidence, for whoever has it written by itself. */
  get publisher(): EvidencePublisher {
    return this.#publisher;
  }

  /** The newest edition of an account's month in a folder, when it holds all that there is. */
  publishedEdition(account: string, epoch: string, folder: string): Promise<number | undefined> {
    return this.#publisher.edition(account, epoch, folder);
  }

  /** One round at the claims desk. @returns true when a credit waits for the next batch */
  workClaims(): Promise<boolean> {
    return this.#turns.runBrief(() => this.#desk.work());
  }

  /** One round at the desk of demands for evidence; nothing where the ledger has no such contract. */
  workDemands(): Promise<void> {
    if (this.#parts.ledgerSection.contracts.demands === undefined) return Promise.resolve();
    return this.#turns.runBrief(() => this.#demands.work());
  }

  demands(): Promise<StoredDemand[]> {
    return this.#demands.list();
  }

  answerClaim(id: Hex, answer: ClaimAnswer): Promise<void> {
    return this.#turns.run(() => this.#desk.answer(id, answer));
  }

  claims(): Promise<StoredClaim[]> {
    return this.#desk.list();
  }

  /** The oldest tick that the ledger does not take. */
  async refusedTick(): Promise<StoredTick | undefined> {
    return (await this.#commits.standing()).refused;
  }

  /** Figures for people and monitoring: books, suspense, files, claims. */
  async status(): Promise<PipelineStatus> {
    const { store, profile } = this.#parts.context;
    return await readStatus(store, profile, {
      totals: await this.control.overall(),
      claims: await this.claims(),
      ticks: await this.#commits.standing(),
      bill: await this.billProgress(),
      retention: await this.retention.progress(),
    });
  }

  postStatement(chargeBook: Hex, creditBook: Hex): Promise<string> {
    return postStatement(this.#parts.context.store, this.#parts.outbox, chargeBook, creditBook);
  }

  accounts(): Promise<Account[]> {
    return this.#accounts.list();
  }

  invoice(account: string, epoch: string): Promise<StoredInvoice | undefined> {
    return getInvoice(this.#parts.context.store, account, epoch);
  }

  periodsOf(account: string): Promise<AccountPeriod[]> {
    return periodsOf(this.#parts.context, account);
  }

  disputesOf(account: string): Promise<AccountDispute[]> {
    return disputesOf(this.#parts.context, account);
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
}

const noShelf: OpenWrittenShelf = async (folder) => {
  throw new TallystickError("publish.not-erased", "This node opens no folders.", { file: folder });
};
