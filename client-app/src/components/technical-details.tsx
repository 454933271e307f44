import type { LineEvidence, LineProof } from "../model/bill-line-view.ts";

interface TechnicalDetailsProps {
  evidence: LineEvidence;
  proof: LineProof;
}

/** For those who ask: every check by name, and the digests it compared. */
export function TechnicalDetails({ evidence, proof }: TechnicalDetailsProps) {
  const digests: [string, string | undefined][] = [
    ["Book", evidence.domain],
    ["Batch", `${evidence.sequence}`],
    ["Leaf index", `${evidence.leafIndex}`],
    ["Leaf", evidence.leaf],
    ["Root of the batch", evidence.root],
    ["Seal on the ledger", evidence.seal],
  ];
  return (
    <details className="technical">
      <summary>Technical details</summary>
      <ul className="check-list">
        {proof.checks.map((check) => (
          <li key={check.name}>
            <span className="check-mark">
              {check.ok === true ? "✓" : check.ok === false ? "✗" : "–"}
            </span>
            <span>
              <code>{check.name}</code> {check.because}
            </span>
          </li>
        ))}
      </ul>
      <dl className="digests">
        {digests.map(([name, value]) =>
          value === undefined ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <code>{value}</code>
              </dd>
            </div>
          ),
        )}
      </dl>
    </details>
  );
}
