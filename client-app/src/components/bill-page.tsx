import { type ReactNode, useMemo, useRef, useState } from "react";
import { filterLines, filtersOf, type LineFilter, summarise } from "../model/bill-summary.ts";
import type { CheckedBill } from "../model/checked-bill.ts";
import type { NodeApi } from "../node-api/node-api.ts";
import type { Session } from "../node-api/shapes.ts";
import type { CheckerControl } from "../state/use-checker.ts";
import type { DisputeControl } from "../state/use-disputes.ts";
import { useEventLog } from "../state/use-event-log.ts";
import { BillSummaryCard } from "./bill-summary-card.tsx";
import { CreditList } from "./credit-list.tsx";
import { DeviceLogPanel } from "./device-log-panel.tsx";
import { DeviceOnlyList } from "./device-only-list.tsx";
import { EventLogPanel } from "./event-log-panel.tsx";
import { Icon } from "./icon.tsx";
import { LineList } from "./line-list.tsx";
import { OtherFile } from "./other-file.tsx";
import { ProofStrip } from "./proof-strip.tsx";
import { UnreadRows } from "./unread-rows.tsx";
import { VerdictFilter } from "./verdict-filter.tsx";

interface BillPageProps {
  bill: CheckedBill;
  checker: CheckerControl;
  disputes: DisputeControl;
  sample: Session["sample"];
  api: NodeApi | undefined;
  /** Of the link, which opens its own published files. */
  secret: Uint8Array | undefined;
  periodChoice: ReactNode;
  onSave: () => void;
  /** Back to the bill of the link, when another one was dropped in. */
  onBackToOwn?: () => void;
}

export function BillPage(props: BillPageProps) {
  const { bill, checker, disputes, sample, api, periodChoice, onSave, onBackToOwn } = props;
  const [filter, setFilter] = useState<LineFilter>("all");
  const summary = useMemo(() => summarise(bill.lines), [bill]);
  const filters = useMemo(() => filtersOf(summary), [summary]);
  const offered = filter === "wrong" || filters.some((one) => one.filter === filter);
  const current = offered ? filter : "all";
  const linesRef = useRef<HTMLElement>(null);
  const lines = useMemo(() => filterLines(bill.lines, current), [bill, current]);
  const fromFile = bill.fileName !== undefined;
  const events = useEventLog(checker, bill, api);

  const openOther = (file: File) => checker.openFile(file, bill.zone, props.secret);

  return (
    <>
      {fromFile && onBackToOwn !== undefined ? (
        <button type="button" className="link-button back" onClick={onBackToOwn}>
          <Icon name="back" size={18} /> Back to your own bill
        </button>
      ) : null}
      <BillSummaryCard
        bill={bill}
        summary={summary}
        periodChoice={fromFile ? undefined : periodChoice}
        onShowWrong={() => {
          setFilter("wrong");
          linesRef.current?.scrollIntoView({ block: "start" });
        }}
      />
      {bill.kind === "evidence" ? (
        <ProofStrip
          bill={bill}
          readingLedger={checker.readingLedger}
          onRetryLedger={() => void checker.retryLedger()}
          onSave={fromFile ? undefined : onSave}
        />
      ) : (
        <UnreadRows checks={bill.checks} />
      )}
      <DeviceLogPanel
        device={bill.device}
        onFiles={(files) => void checker.compare(files)}
        onForget={() => void checker.forgetDevice()}
        onSample={
          sample === undefined || api === undefined || fromFile
            ? undefined
            : async () => {
                await checker.compare([await api.sample(sample.deviceLogUrl, "sample-calls.xml")]);
              }
        }
      />
      {bill.lines.some(({ standsForEvents }) => standsForEvents === true) ? (
        <EventLogPanel events={events} />
      ) : null}
      <section className="lines" aria-labelledby="lines-title" ref={linesRef}>
        <div className="lines-head">
          <h2 id="lines-title">Your lines</h2>
          <VerdictFilter filters={filters} current={current} onChoose={setFilter} />
        </div>
        <LineList
          bill={bill}
          lines={lines}
          disputes={disputes}
          events={events}
          proofs={checker.proofOf}
        />
      </section>
      {bill.credits.length === 0 ? null : <CreditList bill={bill} />}
      {bill.device === undefined || bill.device.only.length === 0 ? null : (
        <DeviceOnlyList device={bill.device} />
      )}
      <OtherFile
        onFile={(file) => void openOther(file)}
        onSampleBill={
          sample?.billUrl === undefined || api === undefined || fromFile
            ? undefined
            : async () => openOther(await api.sample(sample.billUrl ?? "", "sample-bill.csv"))
        }
      />
    </>
  );
}
