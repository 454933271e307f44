import { type BillLineView, disputedNanoOf, disputeKindOf } from "../model/bill-line-view.ts";
import type { CheckedBill } from "../model/checked-bill.ts";
import { type Dispute, disputeOutcome, disputeSteps } from "../model/dispute-words.ts";
import { formatMoment } from "../model/time-words.ts";
import { useWording } from "../state/locale.tsx";
import type { DisputeControl } from "../state/use-disputes.ts";
import { ErrorNotice } from "./error-notice.tsx";

interface DisputePanelProps {
  bill: CheckedBill;
  line: BillLineView;
  dispute: Dispute | undefined;
  disputes: DisputeControl;
}

/** Offers the dispute with what it will show to whom, then follows it to its end. */
export function DisputePanel({ bill, line, dispute, disputes }: DisputePanelProps) {
  const operator = bill.operator ?? "Your operator";
  const error = disputes.errorOf(line);
  return (
    <section className="dispute" aria-live="polite">
      {dispute === undefined ? (
        <DisputeOffer line={line} operator={operator} disputes={disputes} />
      ) : (
        <DisputeProgress
          bill={bill}
          line={line}
          dispute={dispute}
          disputes={disputes}
          operator={operator}
        />
      )}
      {error === undefined ? null : <ErrorNotice error={error} />}
    </section>
  );
}

interface DisputeOfferProps {
  line: BillLineView;
  operator: string;
  disputes: DisputeControl;
}

function DisputeOffer({ line, operator, disputes }: DisputeOfferProps) {
  const { money } = useWording();
  const kind = disputeKindOf(line);
  const amount = money(disputedNanoOf(line));
  const sending = disputes.isSending(line);
  return (
    <>
      <div>
        <h4>Ask for {amount} back</h4>
        {kind === "mispriced" ? (
          <>
            <p>
              {operator} is told which line you dispute and by how much, and can agree at once. If
              it refuses, the shared ledger calculates the price again, and its result counts.
            </p>
            <p className="quiet">
              What others see: for that calculation, when the call began, how long it lasted, the
              first digits of the number (those that decide the price) and the amount become visible
              to the members of the ledger, for good. Your name, your number and the rest of the
              number you called do not.
            </p>
          </>
        ) : (
          <p>
            {operator} is told which line you dispute and by how much. Whether the call took place
            as billed is a matter of fact that no calculation can settle: {operator} agrees, or the
            arbiter named in your contract decides. Your phone's log stays with you until you choose
            to show it. The ombudsman and the courts stay open to you.
          </p>
        )}
      </div>
      <button
        type="button"
        className="button primary"
        disabled={sending || !disputes.available}
        onClick={() => disputes.lodge(line)}
      >
        {sending ? "Sending …" : `Dispute ${amount}`}
      </button>
      {disputes.available ? null : (
        <p className="quiet">
          To dispute a line, open the bill with the personal link that your operator sent you.
        </p>
      )}
    </>
  );
}

interface DisputeProgressProps {
  bill: CheckedBill;
  line: BillLineView;
  dispute: Dispute;
  disputes: DisputeControl;
  operator: string;
}

function DisputeProgress({ bill, line, dispute, disputes, operator }: DisputeProgressProps) {
  const { money, dates } = useWording();
  const silent = disputes.isSilent(line);
  const due = dispute.dueNano ?? dispute.claimedNano;
  const credit = bill.credits.find((one) => one.line === dispute.creditLine);
  // A credit stands in the evidence of the month that it was given in, which may be a later one.
  const lastEntry = dispute.history.at(-1);
  const creditedAt = credit?.committedAt ?? (lastEntry && Date.parse(lastEntry.at));
  const repriced =
    dispute.kind === "mispriced" && line.evidence?.expectedNano !== undefined
      ? money(line.amountNano - BigInt(due))
      : undefined;
  return (
    <>
      <h4>Your dispute</h4>
      <p className="outcome">
        {disputeOutcome(dispute, {
          operator,
          claimed: money(BigInt(dispute.claimedNano)),
          due: money(BigInt(due)),
          ...(repriced === undefined ? {} : { repriced }),
          silent,
          ...(creditedAt === undefined ? {} : { creditedOn: formatMoment(creditedAt, dates) }),
        })}
      </p>
      {silent ? (
        <button type="button" className="button primary" onClick={() => disputes.conclude(line)}>
          Have it recorded
        </button>
      ) : null}
      <ol className="steps">
        {disputeSteps(dispute, operator).map((step) => (
          <li key={step.title} className={`step ${step.state}`}>
            {step.title}
            <span className="visually-hidden"> ({STEP_WORDS[step.state]})</span>
          </li>
        ))}
      </ol>
      {dispute.history.length === 0 ? null : (
        <details>
          <summary>What happened when</summary>
          <ul className="history">
            {dispute.history.map((entry) => (
              <li key={`${entry.at} ${entry.words}`}>
                <span className="quiet">{formatMoment(Date.parse(entry.at), dates)}</span>{" "}
                {entry.words}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

const STEP_WORDS = {
  done: "done",
  now: "happening now",
  waiting: "later",
  failed: "did not happen",
};
