import { TallystickError } from "../core/errors.ts";
import { AccountDesk } from "./account-desk.ts";
import { BillDesk } from "./bill/bill-desk.ts";
import type { OpenBillKernel } from "./bill/bill-kernel.ts";
import type { OpenClosingKernel } from "./bill/closing-kernel.ts";
import { CheckDesk } from "./check/check-desk.ts";
import { ClaimDesk } from "./claims/answer-claims.ts";
import { DemandDesk } from "./claims/answer-demands.ts";
import type { ClaimPolicy } from "./claims/judge-claim.ts";
import { CommitDesk } from "./commit/commit-desk.ts";
import type { Ledger } from "./commit/ledger.ts";
import type { Outbox } from "./commit/outbox.ts";
import { EvidenceBuilder, type LedgerSection } from "./evidence/build-evidence.ts";
import type { OpenEvidenceKernel } from "./evidence/evidence-kernel.ts";
import type { OpenWrittenShelf } from "./evidence/evidence-shelf.ts";
import type { SignInvoice, SignReceipt } from "./evidence/issue-receipt.ts";
import { EvidencePublisher } from "./evidence/publish-evidence.ts";
import { ControlViews } from "./intake/control-views.ts";
import { AccountGuide } from "./intake/guide-account.ts";
import { UsageIngest } from "./intake/ingest-usage.ts";
import type { EngineContext } from "./operator.ts";
import type { TariffFollower } from "./rate/follow-tariff.ts";
import { FollowedRating } from "./rate/followed-rating.ts";
import type { TariffShelf } from "./rate/tariff-shelf.ts";
import { RetentionDesk } from "./retention/retention-desk.ts";
import type { OneAtATime } from "./store/turns.ts";

const RETAINED_SECONDS = 3n * 365n * 86_400n;

/** What an operator's pipeline is made of. */
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

/** The stages of a usage record's life, in its order, and those beside it. */
export interface PipelineStages {
  accounts: AccountDesk;
  rated: FollowedRating;
  ingest: UsageIngest;
  commits: CommitDesk;
  bills: BillDesk;
  evidence: EvidenceBuilder;
  publisher: EvidencePublisher;
  claims: ClaimDesk;
  demands: DemandDesk;
  retention: RetentionDesk;
  checks: CheckDesk;
  control: ControlViews;
}

/** @param turns the engine's: what writes has one each */
export async function openStages(parts: PipelineParts, turns: OneAtATime): Promise<PipelineStages> {
  const { context, tariffs, ledger } = parts;
  const { store } = context;
  const guide = await AccountGuide.load(store);
  const rated = new FollowedRating(context, tariffs, parts.tariffFollower);
  const ingest = new UsageIngest(context, tariffs, guide, await rated.load(), rated);
  const { ledgerSection, signReceipt, signInvoice } = parts;
  const evidence = new EvidenceBuilder(context, tariffs, ledgerSection, signReceipt, signInvoice);
  const publisher = new EvidencePublisher(context, evidence, parts.openEvidenceKernel);
  return {
    accounts: new AccountDesk(context, tariffs, guide),
    rated,
    ingest,
    commits: new CommitDesk(context, parts.outbox, turns),
    bills: openBills(parts, turns, ingest),
    evidence,
    publisher,
    claims: new ClaimDesk(context, {
      ...parts,
      policy: parts.claimPolicy,
      ...(parts.onClaimTrouble === undefined ? {} : { onTrouble: parts.onClaimTrouble }),
    }),
    demands: new DemandDesk(context, {
      ...parts,
      ...(parts.onDemandTrouble === undefined ? {} : { onTrouble: parts.onDemandTrouble }),
    }),
    retention: new RetentionDesk({
      context,
      ledger,
      turns,
      afterSeconds: parts.retainedSeconds ?? RETAINED_SECONDS,
      eraseFiles: (isOver) => publisher.erase(parts.openWrittenShelf ?? noShelf, isOver),
      forgetEpochs: (isOver) => ingest.forgetEpochs(isOver),
    }),
    checks: new CheckDesk({ store, ledger, turns }),
    control: new ControlViews(store),
  };
}

function openBills(
  { context, tariffs, openBillKernel, openClosingKernel }: PipelineParts,
  turns: OneAtATime,
  ingest: UsageIngest,
): BillDesk {
  return new BillDesk({
    context,
    tariffs,
    rating: () => ingest.rating,
    turn: (task) => turns.run(task),
    ...(openClosingKernel === undefined ? {} : { openClosingKernel }),
    ...(openBillKernel === undefined ? {} : { openKernel: openBillKernel }),
  });
}

const noShelf: OpenWrittenShelf = async (folder) => {
  throw new TallystickError("publish.not-erased", "This node opens no folders.", { file: folder });
};
