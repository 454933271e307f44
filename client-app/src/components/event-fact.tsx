import { useEffect } from "react";
import {
  type EventFinding,
  findingHolds,
  findingSentences,
  outcomeWords,
} from "../model/event-finding.ts";
import { formatClock, formatDay } from "../model/time-words.ts";
import { useWording } from "../state/locale.tsx";
import type { EventLogControl } from "../state/use-event-log.ts";
import { ErrorNotice } from "./error-notice.tsx";
import { Fact } from "./line-detail.tsx";

interface EventFactProps {
  line: string;
  events: EventLogControl;
}

const TITLE = "Which events it stands for";

/** Of a line that stands for events: what the device's own log says of them. */
export function EventFact({ line, events }: EventFactProps) {
  const check = events.of(line);
  const { log, compare } = events;
  const isAsked = log !== undefined && check === undefined;
  useEffect(() => {
    if (isAsked) void compare(line);
  }, [isAsked, compare, line]);
  if (check?.state === "done") return <Finding finding={check.finding} />;
  if (check?.state === "failed") {
    return (
      <Fact icon="events" title={TITLE} ok={null}>
        <ErrorNotice
          error={check.error}
          action={{ label: "Try again", run: () => void compare(line) }}
        />
      </Fact>
    );
  }
  return (
    <Fact icon="events" title={TITLE} ok={null}>
      <p role="status">
        {log === undefined
          ? "This line stands for many events of a device. Add the device's own log above to see which."
          : "Comparing with your device's log …"}
      </p>
    </Fact>
  );
}

function Finding({ finding }: { finding: EventFinding }) {
  const { dates, locale } = useWording();
  const { differing, counts } = finding;
  const all = counts.otherQuantity + counts.notInCharge + counts.notShown;
  return (
    <Fact icon="events" title={TITLE} ok={findingHolds(finding)}>
      {findingSentences(finding, locale).map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      <p className="quiet">
        From {formatDay(finding.from, dates)}, {formatClock(finding.from, dates)} to{" "}
        {formatDay(finding.to, dates)}, {formatClock(finding.to, dates)}; proven by what the line
        committed to.
      </p>
      {differing.length === 0 ? null : (
        <table className="comparison">
          <thead>
            <tr>
              <th scope="col">Event</th>
              <th scope="col">Your log</th>
              <th scope="col">Bill</th>
            </tr>
          </thead>
          <tbody>
            {differing.map((event) => (
              <tr key={`${event.device} ${event.time} ${event.sequence}`}>
                <th scope="row">
                  {event.device}, {formatDay(Number(event.time), dates)},{" "}
                  {formatClock(Number(event.time), dates)}
                </th>
                <td>{event.quantity ?? "there"}</td>
                <td className="differs">{outcomeWords(event)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {all > differing.length ? <p className="quiet">And {all - differing.length} more.</p> : null}
    </Fact>
  );
}
