import type { ReactNode } from "react";
import {
  type BillLineView,
  disputedNanoOf,
  disputeKindOf,
  type LineProof,
} from "../model/bill-line-view.ts";
import type { CheckedBill } from "../model/checked-bill.ts";
import { ledgerAgreement } from "../model/ledger-words.ts";
import { committedWords, numberWords } from "../model/line-facts.ts";
import { useWording } from "../state/locale.tsx";
import type { DisputeControl } from "../state/use-disputes.ts";
import type { EventLogControl } from "../state/use-event-log.ts";
import type { LineProofs } from "../state/use-line-proof.ts";
import { useLineProof } from "../state/use-line-proof.ts";
import { DeviceFindingFact } from "./device-finding-fact.tsx";
import { DisputePanel } from "./dispute-panel.tsx";
import { ErrorNotice } from "./error-notice.tsx";
import { EventFact } from "./event-fact.tsx";
import { Icon, type IconName } from "./icon.tsx";
import { TechnicalDetails } from "./technical-details.tsx";

interface LineDetailProps {
  bill: CheckedBill;
  line: BillLineView;
  disputes: DisputeControl;
  events: EventLogControl;
  proofs: LineProofs;
}

/** Of a bill without proofs. */
const NO_PROOF: LineProof = { checks: [], priceSentences: [] };

/** Everything that is known about one line, each fact with where it comes from. */
export function LineDetail(props: LineDetailProps) {
  const { bill, line, proofs } = props;
  const check = useLineProof(proofs, bill, line);
  switch (check.state) {
    case "done":
      return <ProvenDetail {...props} proof={check.proof ?? NO_PROOF} />;
    case "failed":
      return <ErrorNotice error={check.error} action={undefined} />;
    case "running":
      return (
        <p className="line-detail quiet" role="status">
          Looking it up …
        </p>
      );
  }
}

function ProvenDetail({
  bill,
  line,
  disputes,
  events,
  proof,
}: LineDetailProps & { proof: LineProof }) {
  const { money, dates } = useWording();
  const committed = committedWords(line, proof, bill, dates);
  const number = numberWords(line, proof, bill, money);
  const ledger = bill.ledger === undefined ? undefined : ledgerAgreement(bill.ledger);
  const dispute = disputes.of(line);
  const disputable = disputeKindOf(line) !== undefined && disputedNanoOf(line) > 0n;
  return (
    <div className="line-detail">
      <div className="facts">
        <PriceFact line={line} proof={proof} />
        <DeviceFindingFact line={line} device={bill.device} />
        {line.standsForEvents === true && events.canAsk ? (
          <EventFact line={line.line} events={events} />
        ) : null}
        <Fact icon="seal" title="Recorded before the bill" ok={committed.ok}>
          <p>{committed.words}</p>
        </Fact>
        {number === undefined ? null : (
          <Fact icon="numbers" title="Nothing missing, nothing added" ok={number.ok}>
            <p>{number.words}</p>
          </Fact>
        )}
        {ledger === undefined || line.evidence === undefined ? null : (
          <Fact icon="ledger" title="Confirmed by the ledger" ok={ledger.ok}>
            <p>{ledger.words}</p>
          </Fact>
        )}
      </div>
      {dispute !== undefined || disputable ? (
        <DisputePanel bill={bill} line={line} dispute={dispute} disputes={disputes} />
      ) : null}
      {line.evidence === undefined ? null : (
        <TechnicalDetails evidence={line.evidence} proof={proof} />
      )}
    </div>
  );
}

interface FactProps {
  icon: IconName;
  title: string;
  /** null: could not be checked. */
  ok: boolean | null;
  children: ReactNode;
}

export function Fact({ icon, title, ok, children }: FactProps) {
  const tone = ok === true ? "right" : ok === false ? "wrong" : "open";
  return (
    <section className={`fact tone-${tone}`}>
      <h4>
        <Icon name={icon} />
        <span>{title}</span>
        <span className="fact-mark">
          <Icon name={tone} size={16} />
          <span className="visually-hidden">
            {ok === true ? "in order" : ok === false ? "not in order" : "not checked"}
          </span>
        </span>
      </h4>
      {children}
    </section>
  );
}

function PriceFact({ line, proof }: { line: BillLineView; proof: LineProof }) {
  const { money } = useWording();
  const { evidence } = line;
  if (evidence === undefined) return null;
  const { expectedNano: expected, returnedNano: returned } = evidence;
  const check = proof.checks.find(({ name }) => name === "priced");
  const ok = evidence.verdict === "corrected" ? true : (check?.ok ?? null);
  return (
    <Fact icon="tag" title="Why it costs this" ok={ok}>
      {proof.priceSentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      {check?.ok === null ? <p>{check.because}</p> : null}
      <dl className="pairs">
        <div>
          <dt>On the bill</dt>
          <dd>{money(line.amountNano)}</dd>
        </div>
        <div>
          <dt>Calculated here</dt>
          <dd className={check?.ok === false ? "differs" : undefined}>
            {expected === undefined ? "not possible" : money(expected)}
          </dd>
        </div>
        {returned === undefined ? null : (
          <div>
            <dt>Came back</dt>
            <dd>{money(returned)}</dd>
          </div>
        )}
      </dl>
    </Fact>
  );
}
