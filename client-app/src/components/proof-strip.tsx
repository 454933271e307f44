import type { CheckedBill } from "../model/checked-bill.ts";
import { ledgerAgreement } from "../model/ledger-words.ts";
import { proofPoints } from "../model/proof-points.ts";
import { useWording } from "../state/locale.tsx";
import { Icon } from "./icon.tsx";

interface ProofStripProps {
  bill: CheckedBill;
  readingLedger: boolean;
  onRetryLedger: () => void;
}

/** What was proven about the bill as a whole, and what it does not show. */
export function ProofStrip({ bill, readingLedger, onRetryLedger }: ProofStripProps) {
  const { dates } = useWording();
  const ledger = bill.ledger === undefined ? undefined : ledgerAgreement(bill.ledger);
  return (
    <section className="proof-strip" aria-labelledby="proof-title">
      <h2 id="proof-title">What was checked in your browser</h2>
      <ul>
        {proofPoints(bill, dates).map(({ name, ok, words, detail }) => (
          <ProofPoint key={name} ok={ok} words={words} detail={detail} />
        ))}
        {readingLedger || ledger === undefined ? (
          <li className="proof-point pending">
            <span className="spinner" aria-hidden="true" />
            <span className="proof-words">Asking the ledger …</span>
          </li>
        ) : (
          <ProofPoint
            ok={ledger.ok}
            words={ledger.words}
            detail={
              ledger.ok === null
                ? undefined
                : bill.ledger?.kind === "embedded"
                  ? "Your browser asked it directly. As one company runs it alone, its word is that company's word."
                  : "Your browser asked each of them directly."
            }
            action={ledger.ok === null ? { label: "Ask again", run: onRetryLedger } : undefined}
          />
        )}
      </ul>
    </section>
  );
}

interface ProofPointProps {
  ok: boolean | null;
  words: string;
  detail?: string | undefined;
  action?: { label: string; run: () => void } | undefined;
}

function ProofPoint({ ok, words, detail, action }: ProofPointProps) {
  const tone = ok === true ? "right" : ok === false ? "wrong" : "open";
  return (
    <li className={`proof-point tone-${tone}`}>
      <Icon name={tone} />
      <span className="proof-words">
        <strong>{words}</strong>
        {detail === undefined ? null : <span className="quiet">{detail}</span>}
        {action === undefined ? null : (
          <button type="button" className="link-button" onClick={action.run}>
            {action.label}
          </button>
        )}
      </span>
    </li>
  );
}
