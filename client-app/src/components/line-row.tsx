import { useId } from "react";
import { type BillLineView, wordsOf } from "../model/bill-line-view.ts";
import type { CheckedBill } from "../model/checked-bill.ts";
import { lineBadge, lineTitle } from "../model/line-words.ts";
import { formatClock, formatDay, formatDuration } from "../model/time-words.ts";
import { useWording } from "../state/locale.tsx";
import type { DisputeControl } from "../state/use-disputes.ts";
import type { EventLogControl } from "../state/use-event-log.ts";
import type { LineProofs } from "../state/use-line-proof.ts";
import { Icon, serviceIcon } from "./icon.tsx";
import { LineDetail } from "./line-detail.tsx";
import { VerdictBadge } from "./verdict-badge.tsx";

interface LineRowProps {
  bill: CheckedBill;
  line: BillLineView;
  open: boolean;
  onToggle: () => void;
  disputes: DisputeControl;
  events: EventLogControl;
  proofs: LineProofs;
}

export function LineRow({ bill, line, open, onToggle, disputes, events, proofs }: LineRowProps) {
  const id = useId();
  const { money, dates } = useWording();
  const { title, kind } = lineTitle(line);
  const dispute = disputes.of(line);
  return (
    <li className={open ? "line open" : "line"}>
      <h3>
        <button
          type="button"
          className="line-button"
          aria-expanded={open}
          aria-controls={`${id}-detail`}
          onClick={onToggle}
        >
          <span className="line-service">
            <Icon name={serviceIcon(line.service)} />
          </span>
          <span className="line-who">
            <span className="line-title">{title}</span>
            <span className="quiet">{kind}</span>
          </span>
          <span className="line-when">
            {line.start === undefined ? null : (
              <>
                <span>{formatDay(line.start, dates)}</span>
                <span className="quiet">{formatClock(line.start, dates)}</span>
              </>
            )}
          </span>
          <span className="line-long">
            {line.durationMilliseconds === undefined
              ? (line.quantityWords ?? "")
              : formatDuration(line.durationMilliseconds)}
          </span>
          <span className="line-verdict">
            <VerdictBadge
              words={lineBadge(line, dispute?.state, money)}
              meaning={wordsOf(line).meaning}
            />
          </span>
          <span className="line-amount">{money(line.amountNano)}</span>
          <span className="line-chevron">
            <Icon name="chevron" />
          </span>
        </button>
      </h3>
      <div id={`${id}-detail`} hidden={!open}>
        {open ? (
          <LineDetail bill={bill} line={line} disputes={disputes} events={events} proofs={proofs} />
        ) : null}
      </div>
    </li>
  );
}
