import type { CheckedBill } from "../model/checked-bill.ts";
import { ledgerAgreement } from "../model/ledger-words.ts";
import { type ProofPoint, proofPoints } from "../model/proof-points.ts";
import { useWording } from "../state/locale.tsx";
import { Icon } from "./icon.tsx";

interface ProofStripProps {
  bill: CheckedBill;
  readingLedger: boolean;
  onRetryLedger: () => void;
  /** Saves the evidence as a file that can be checked later, without any server. */
  onSave: (() => void) | undefined;
}

/** What was proven about the bill as a whole, and what that does not show. */
export function ProofStrip({ bill, readingLedger, onRetryLedger, onSave }: ProofStripProps) {
  const { dates } = useWording();
  const points = [...proofPoints(bill, dates), ledgerPoint(bill)];
  const unanswered = bill.ledger !== undefined && bill.ledger.sources.length === 0;
  return (
    <section className="proof-strip" aria-labelledby="proof-title">
      <h2 id="proof-title" className="visually-hidden">
        What was checked in your browser
      </h2>
      <ul>
        {points.map(({ name, ok, words }) => (
          <li key={name} className={`proof-point tone-${toneOf(ok)}`}>
            {ok === null && readingLedger ? (
              <span className="spinner" aria-hidden="true" />
            ) : (
              <Icon name={toneOf(ok)} />
            )}
            <span>{words}</span>
          </li>
        ))}
      </ul>
      <div className="proof-actions">
        <details>
          <summary>What this means</summary>
          <dl>
            {points.map(({ name, words, meaning }) => (
              <div key={name}>
                <dt>{words}</dt>
                <dd className="quiet">{meaning}</dd>
              </div>
            ))}
          </dl>
        </details>
        {unanswered && !readingLedger ? (
          <button type="button" className="link-button" onClick={onRetryLedger}>
            Ask the ledger again
          </button>
        ) : null}
        {onSave === undefined ? null : (
          <button type="button" className="link-button" onClick={onSave}>
            Save the evidence
          </button>
        )}
      </div>
    </section>
  );
}

const toneOf = (ok: boolean | null) => (ok === true ? "right" : ok === false ? "wrong" : "open");

function ledgerPoint({ ledger }: CheckedBill): ProofPoint {
  if (ledger === undefined) {
    return {
      name: "ledger",
      ok: null,
      words: "Asking the ledger …",
      meaning: "Your browser asks it directly, not by way of your operator's server.",
    };
  }
  const meaning =
    ledger.kind === "embedded"
      ? "Your browser asked it directly. One company runs this ledger alone, so its word is that company's word; keep the evidence file, and any later change will show."
      : "Your browser asked each of them directly, and counts members, not addresses.";
  return { name: "ledger", ...ledgerAgreement(ledger), meaning };
}
