import { billFinalAt } from "../bill/bill-final-at.ts";
import type { BillState } from "../bill/bill-state.ts";
import { billingEpoch } from "../bill/billing-epoch.ts";
import type { AgreementTerms, LedgerReader } from "../commit/ledger.ts";
import type { EngineContext } from "../operator.ts";
import { below, keys } from "../store/key-spaces.ts";
import { readCharge } from "../store/read-charges.ts";
import { getJson, scanJson } from "../store/stored-json.ts";
import type { StoredClaim } from "../store/stored-types.ts";
import { type FinalBill, isOver, readRetention, whatIsLeft } from "./retention-state.ts";

export type RetentionLedger = Pick<
  LedgerReader,
  "agreementTerms" | "ledgerTime" | "evidenceAgeMaxSeconds"
>;

/** What is to become of one billed month. */
export interface RetainedMonth {
  epoch: string;
  /** `erasing` from the moment at which its evidence is refused. */
  state: "kept" | "over" | "erasing" | "erased";
  /** When its bill became final on the ledger; seconds. */
  finalAt?: bigint;
  /** When it goes at the earliest; windows in ledger time can make it later. */
  overAt?: bigint;
  /** Why it does not go although its time is over. */
  because?: "bill-not-final" | "windows-open" | "claim-open" | "earlier-month-kept";
}

export interface RetentionPlan {
  months: RetainedMonth[];
  /** The newest month that may go now, with all before it. */
  mayGo?: string;
  /** Of months whose bill is final, to be noted. */
  bills: Record<string, FinalBill>;
}

/**
 * What may go, and when: a month goes when its bill stands on the ledger for so long that evidence of it can not
 * be demanded any more and the agreement's windows are over one after the other, and after what the operator's
 * configuration says. Months go in their order, and none with a charge that a claim is open about.
 */
export async function planRetention(
  context: EngineContext,
  ledger: RetentionLedger,
  afterSeconds: bigint,
): Promise<RetentionPlan> {
  const { store, profile, time } = context;
  const state = await readRetention(store);
  const [now, ledgerNow] = [await time.seconds(), await ledger.ledgerTime()];
  const windows = await windowsOf(context, ledger);
  const claimed = await claimedEpoch(context);
  const months: RetainedMonth[] = [];
  const bills: Record<string, FinalBill> = {};
  let mayGo: string | undefined;
  let isFirstKept = false;
  for await (const { key, value: bill } of scanJson<BillState>(store, below("bill/"))) {
    const epoch = key.slice("bill/".length);
    if (bill.phase !== "done") continue;
    if (isOver(state, epoch)) {
      months.push({ epoch, state: whatIsLeft(state) === "nothing" ? "erased" : "erasing" });
      continue;
    }
    const noted = state.bills[epoch] ?? (await finalBill(context, epoch, bill, windows, ledgerNow));
    if (noted === undefined) {
      months.push({ epoch, state: "kept", because: "bill-not-final" });
      isFirstKept = true;
      continue;
    }
    bills[epoch] = noted;
    const finalAt = BigInt(noted.blockTime);
    const evidence = BigInt(noted.evidenceSeconds);
    const overAt = finalAt + (evidence > afterSeconds ? evidence : afterSeconds);
    const month = { epoch, finalAt, overAt };
    const windowsEnd = BigInt(noted.ledgerTime) + BigInt(noted.windowsSeconds);
    if (now <= overAt) {
      months.push({ ...month, state: "kept" });
      isFirstKept = true;
    } else if (
      ledgerNow <= windowsEnd ||
      isFirstKept ||
      (claimed !== undefined && claimed <= epoch)
    ) {
      const because = isFirstKept
        ? "earlier-month-kept"
        : ledgerNow <= windowsEnd
          ? "windows-open"
          : "claim-open";
      months.push({ ...month, state: "kept", because });
      isFirstKept = true;
    } else {
      months.push({ ...month, state: "over" });
      mayGo = epoch;
    }
  }
  return { months, bills, ...(mayGo === undefined ? {} : { mayGo }) };

  async function finalBill(
    { store }: EngineContext,
    epoch: string,
    bill: BillState,
    windows: Pick<FinalBill, "windowsSeconds" | "evidenceSeconds"> | undefined,
    ledgerTime: bigint,
  ): Promise<FinalBill | undefined> {
    if (windows === undefined) return undefined;
    const end = BigInt(Math.floor(billingEpoch(epoch, profile.zone).toMilliseconds / 1000));
    const blockTime =
      bill.leaves.count === 0
        ? end
        : await billFinalAt(store, profile.agreement.invoiceBook, epoch);
    if (blockTime === undefined) return undefined;
    return { ...windows, blockTime: blockTime.toString(), ledgerTime: ledgerTime.toString() };
  }
}

/** Undefined of an agreement that is not in force: what was noted while it was still holds. */
async function windowsOf(
  { profile }: EngineContext,
  ledger: RetentionLedger,
): Promise<Pick<FinalBill, "windowsSeconds" | "evidenceSeconds"> | undefined> {
  const terms = await ledger.agreementTerms(profile.agreement.id);
  if (terms === undefined) return undefined;
  const evidence = await ledger.evidenceAgeMaxSeconds();
  return {
    windowsSeconds: windowsSeconds(terms).toString(),
    evidenceSeconds: (evidence + terms.demandSeconds).toString(),
  };
}

/** All windows one after the other: object, claim, open, credit, each step of a dispute, pay. */
const windowsSeconds = (terms: AgreementTerms): bigint =>
  terms.challengeSeconds +
  2n * terms.claimSeconds +
  terms.creditSeconds +
  DISPUTE_STEPS * terms.disputeSeconds +
  terms.paymentSeconds;

/** A dispute is opened, answered, taken to the arbiter and decided. */
const DISPUTE_STEPS = 4n;

/** The oldest month with a charge that a claim is open about. */
async function claimedEpoch({ store }: EngineContext): Promise<string | undefined> {
  let oldest: string | undefined;
  for await (const { value: id } of scanJson<string>(store, below("claim-open/"))) {
    const claim = await getJson<StoredClaim>(store, keys.claim(id));
    if (claim === undefined) continue;
    const { domain, sequence, leafIndex } = claim;
    const epoch = (await readCharge(store, domain, BigInt(sequence), leafIndex))?.epoch;
    if (epoch !== undefined && (oldest === undefined || epoch < oldest)) oldest = epoch;
  }
  return oldest;
}
