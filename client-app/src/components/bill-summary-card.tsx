import type { BillSummary } from "../model/bill-summary.ts";
import type { CheckedBill } from "../model/checked-bill.ts";
import { formatCount } from "../model/money-words.ts";
import { allChecksHold } from "../model/proof-points.ts";
import { formatEpoch, formatPeriod } from "../model/time-words.ts";
import { TONE_WORDS, TONES } from "../model/verdict-words.ts";
import { useWording } from "../state/locale.tsx";
import { ToneIcon } from "./icon.tsx";

interface BillSummaryCardProps {
  bill: CheckedBill;
  summary: BillSummary;
  periodChoice?: React.ReactNode;
  /** Shows only the lines that look wrong. */
  onShowWrong: () => void;
}

/** The month at a glance: what it costs, how much of it holds, in words and as one bar. */
export function BillSummaryCard({
  bill,
  summary,
  periodChoice,
  onShowWrong,
}: BillSummaryCardProps) {
  const { money, dates, locale } = useWording();
  const title = bill.epoch === undefined ? "Your bill" : formatEpoch(bill.epoch, dates.locale);
  return (
    <section className="summary-card" aria-labelledby="bill-title">
      <div className="summary-amount">
        <div className="summary-title">
          <h1 id="bill-title">{title}</h1>
          {periodChoice}
        </div>
        <p className="total">{money(summary.totalNano)}</p>
        <p className="quiet">
          {formatCount(summary.lines, locale)} {summary.lines === 1 ? "line" : "lines"},{" "}
          {formatPeriod(bill.from, bill.to, dates)}
        </p>
        {bill.kind === "evidence" && bill.fileName !== undefined ? (
          <p className="quiet">Shown for whoever holds this file; it need not be your bill.</p>
        ) : null}
      </div>
      <div className="summary-verdicts">
        <p className="headline" aria-live="polite">
          {headline(bill, summary, money)}
        </p>
        <VerdictBar summary={summary} />
        <ul className="legend">
          {TONES.filter((tone) => summary.byTone[tone] > 0).map((tone) => (
            <li key={tone} className={`tone-${tone}`}>
              <ToneIcon tone={tone} size={18} />
              {tone === "wrong" ? (
                <button type="button" className="link-button" onClick={onShowWrong}>
                  {TONE_WORDS[tone].sentence(summary.byTone[tone])}
                </button>
              ) : (
                <span>{TONE_WORDS[tone].sentence(summary.byTone[tone])}</span>
              )}
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

function headline(
  bill: CheckedBill,
  summary: BillSummary,
  money: (nano: bigint) => string,
): React.ReactNode {
  const broken = bill.kind === "evidence" && bill.checks.some(({ ok }) => ok === false);
  if (bill.checks.some(({ name, ok }) => name === "yours" && ok !== true)) {
    return <strong>This bill is not shown to be yours.</strong>;
  }
  if (summary.lines === 0) {
    return broken ? "This evidence shows no lines, and does not hold." : "No charges this month.";
  }
  const returned =
    summary.returnedNano === 0n ? null : (
      <span className="returned">{money(summary.returnedNano)} came back.</span>
    );
  if (summary.byTone.wrong > 0) {
    return (
      <>
        {summary.disputedNano === 0n ? (
          "Something on this bill is not as it should be."
        ) : (
          <>
            You may have been charged <strong>{money(summary.disputedNano)} too much</strong>.
          </>
        )}{" "}
        {returned}
      </>
    );
  }
  if (broken) return "The evidence for this bill as a whole does not hold. See below why.";
  if (bill.kind === "file" && bill.device === undefined) {
    return "Add your phone's call log, and every line is compared with it.";
  }
  if ((summary.byVerdict.unconfirmed ?? 0) > 0) {
    return bill.ledger === undefined
      ? "Your bill is being checked against the ledger …"
      : "The ledger does not answer, so this bill is not confirmed yet.";
  }
  if (
    bill.kind === "evidence" &&
    !(allChecksHold(bill) && summary.byVerdict["not-checked"] === undefined)
  ) {
    return (
      <>Nothing on this bill is shown to be wrong, but not all of it could be checked. {returned}</>
    );
  }
  if (summary.byTone.review + summary.byTone.open > 0) {
    return <>Nothing on this bill is shown to be wrong. {returned}</>;
  }
  if (returned !== null) return <>What was wrong is corrected. {returned}</>;
  if (bill.kind === "file") return "Every line agrees with your phone.";
  return "Everything on this bill is in order.";
}

/** Shares of the lines; the legend beside it says the same in words. */
function VerdictBar({ summary }: { summary: BillSummary }) {
  return (
    <div className="verdict-bar" aria-hidden="true">
      {TONES.map((tone) => {
        const count = summary.byTone[tone];
        return count === 0 ? null : (
          <span key={tone} className={`bar-${tone}`} style={{ flexGrow: count }} />
        );
      })}
    </div>
  );
}
