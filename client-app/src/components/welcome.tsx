import type { CheckerControl } from "../state/use-checker.ts";
import { FileDrop } from "./file-drop.tsx";

/** Without a personal link: what to do, and what works without one. */
export function Welcome({ checker }: { checker: CheckerControl }) {
  const open = (file: File) =>
    checker.openFile(file, Intl.DateTimeFormat().resolvedOptions().timeZone);
  return (
    <section className="welcome">
      <h1>Is your phone bill right?</h1>
      <p className="lead">
        Open the personal link from your operator's message, and every line of your bill is checked
        here: against the record that was made before the bill, against the published prices, and
        against your phone's own call log.
      </p>
      <FileDrop
        title="Have a file instead?"
        accept=".json,.csv,application/json,text/csv"
        buttonLabel="Open a file"
        onFiles={([file]) => file && void open(file)}
      >
        <p>
          Drop an evidence file that you saved earlier, or an itemised bill as CSV. It is checked on
          this device and not sent anywhere.
        </p>
      </FileDrop>
    </section>
  );
}
