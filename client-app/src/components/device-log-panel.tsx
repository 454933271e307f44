import { useState } from "react";
import type { DeviceComparison } from "../model/checked-bill.ts";
import { formatLapse } from "../model/time-words.ts";
import { ErrorNotice } from "./error-notice.tsx";
import { FileDrop } from "./file-drop.tsx";
import { Icon } from "./icon.tsx";

interface DeviceLogPanelProps {
  device: DeviceComparison | undefined;
  onFiles: (files: File[]) => void;
  onForget: () => void;
  onSample: (() => Promise<void>) | undefined;
}

/** Where the phone's own log comes in; once it is there, what it was. */
export function DeviceLogPanel({ device, onFiles, onForget, onSample }: DeviceLogPanelProps) {
  const [error, setError] = useState<unknown>();
  if (device !== undefined) return <DeviceLogInUse device={device} onForget={onForget} />;
  return (
    <FileDrop
      title="Compare with your phone"
      accept=".xml,.csv,.ndjson,.jsonl,text/xml,application/xml,text/csv"
      multiple
      buttonLabel="Choose your call log"
      onFiles={onFiles}
      extra={
        onSample === undefined ? null : (
          <button
            type="button"
            className="button"
            onClick={() => {
              setError(undefined);
              onSample().catch(setError);
            }}
          >
            Use the sample log
          </button>
        )
      }
    >
      <p>
        Drop your phone's call log here, and each line gets its verdict. On Android, the app “SMS
        Backup &amp; Restore” saves it as a file. The log is read on this device and not sent
        anywhere.
      </p>
      {error === undefined ? null : <ErrorNotice error={error} />}
    </FileDrop>
  );
}

function DeviceLogInUse({ device, onForget }: { device: DeviceComparison; onForget: () => void }) {
  const offset = device.clockOffsetSeconds;
  return (
    <section className="device-in-use" aria-label="Your phone's log">
      <Icon name="phone" />
      <div>
        {device.files.map((file) => (
          <p key={file.name}>
            Compared with <strong>{file.name}</strong>, {file.entries}{" "}
            {file.entries === 1 ? "entry" : "entries"}.
            {file.problems.map((problem) => (
              <span key={problem} className="quiet remark">
                {problem}
              </span>
            ))}
          </p>
        ))}
        {device.sharedEntries === 0 ? null : (
          <p className="quiet">
            {device.sharedEntries === 1
              ? "1 entry stands"
              : `${device.sharedEntries} entries stand`}{" "}
            in several of these files and counted once.
          </p>
        )}
        {offset === 0 ? null : (
          <p className="quiet">
            Your phone's clock is {formatLapse(Math.abs(offset) * 1000)}{" "}
            {offset > 0 ? "behind" : "ahead of"} the bill's; this was taken into account.
          </p>
        )}
      </div>
      <button type="button" className="button" onClick={onForget}>
        Remove
      </button>
    </section>
  );
}
