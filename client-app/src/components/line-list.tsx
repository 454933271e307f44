import { useCallback, useEffect, useRef, useState } from "react";
import type { BillLineView } from "../model/bill-line-view.ts";
import type { CheckedBill } from "../model/checked-bill.ts";
import type { DisputeControl } from "../state/use-disputes.ts";
import type { EventLogControl } from "../state/use-event-log.ts";
import type { LineProofs } from "../state/use-line-proof.ts";
import { LineRow } from "./line-row.tsx";

/** Lines shown at once; a bill of a large company has hundreds of thousands. */
const PAGE_LINES = 100;

interface LineListProps {
  bill: CheckedBill;
  lines: readonly BillLineView[];
  disputes: DisputeControl;
  events: EventLogControl;
  proofs: LineProofs;
}

/** The bill's lines as an accordion: Tab or the arrow keys move, Enter opens. */
export function LineList({ bill, lines, disputes, events, proofs }: LineListProps) {
  const [open, setOpen] = useState<string>();
  const [shown, setShown] = useState(PAGE_LINES);
  const list = useRef<HTMLOListElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another choice of lines starts again at its first page
  useEffect(() => setShown(PAGE_LINES), [lines]);

  const moveFocus = useCallback((event: React.KeyboardEvent<HTMLOListElement>) => {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    const buttons = [...(list.current?.querySelectorAll<HTMLElement>(".line-button") ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    if (step === undefined || at < 0) return;
    event.preventDefault();
    buttons[Math.min(buttons.length - 1, Math.max(0, at + step))]?.focus();
  }, []);

  if (lines.length === 0) {
    return <p className="empty">No line of this bill falls under this choice.</p>;
  }
  return (
    <>
      <ol className="line-list" ref={list} onKeyDown={moveFocus}>
        {lines.slice(0, shown).map((line) => (
          <LineRow
            key={line.line}
            bill={bill}
            line={line}
            open={open === line.line}
            onToggle={() => setOpen(open === line.line ? undefined : line.line)}
            disputes={disputes}
            events={events}
            proofs={proofs}
          />
        ))}
      </ol>
      {lines.length > shown ? (
        <button
          type="button"
          className="button more"
          onClick={() => setShown(shown + 5 * PAGE_LINES)}
        >
          Show more lines ({lines.length - shown} left)
        </button>
      ) : null}
    </>
  );
}
