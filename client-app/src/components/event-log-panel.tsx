import { formatCount } from "../model/money-words.ts";
import { useWording } from "../state/locale.tsx";
import type { EventLogControl } from "../state/use-event-log.ts";
import { ErrorNotice } from "./error-notice.tsx";
import { FileDrop } from "./file-drop.tsx";
import { Icon } from "./icon.tsx";

/** Where a device's own log of events comes in, on a bill with lines that stand for many of them. */
export function EventLogPanel({ events }: { events: EventLogControl }) {
  const { locale } = useWording();
  const { log, error, canAsk } = events;
  if (!canAsk) {
    return (
      <div className="notice tone-open" role="status">
        <Icon name="open" />
        <p>
          Some lines stand for many events of a device. Which ones, only your operator's server can
          show: open the bill with the personal link to compare them with your device's own log.
        </p>
      </div>
    );
  }
  if (log !== undefined) {
    return (
      <section className="device-in-use" aria-label="Your device's events">
        <Icon name="events" />
        <div>
          <p>
            <strong>{log.name}</strong> has {formatCount(log.events, locale)}{" "}
            {log.events === 1 ? "event" : "events"}.
          </p>
          <p className="quiet">
            Open a line that stands for events to see which of them are in it.
          </p>
        </div>
        <button type="button" className="button" onClick={() => void events.forget()}>
          Remove
        </button>
      </section>
    );
  }
  return (
    <FileDrop
      title="Compare with your device's events"
      accept=".csv,text/csv"
      buttonLabel="Choose your event log"
      onFiles={([file]) => file !== undefined && void events.take(file)}
    >
      <p>
        Some lines stand for many events of a device. Drop the device's own log here (CSV with the
        columns device, time, quantity), and each such line tells which of them it stands for. When
        you open a line, your operator's server is asked about the events of that time.
      </p>
      {error === undefined ? null : <ErrorNotice error={error} />}
    </FileDrop>
  );
}
