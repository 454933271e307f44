import type { DeviceComparison } from "../model/checked-bill.ts";
import { formatNumber } from "../model/party-words.ts";
import { formatClock, formatDay, formatDuration } from "../model/time-words.ts";
import { useWording } from "../state/locale.tsx";

const SHOWN_MAX = 200;

/** What the phone has and the bill has not; mostly free or received calls. */
export function DeviceOnlyList({ device }: { device: DeviceComparison }) {
  const { dates } = useWording();
  const count = device.only.length;
  return (
    <details className="device-only">
      <summary>
        {count === 1
          ? "1 entry of your phone is not on this bill"
          : `${count} entries of your phone are not on this bill`}
      </summary>
      <p className="quiet">
        Calls that you received, missed or made for free usually are not billed. They cost you
        nothing here.
      </p>
      <ul>
        {device.only.slice(0, SHOWN_MAX).map(({ entry, because }) => (
          <li key={`${entry.start} ${entry.number} ${because}`}>
            <span>
              {formatDay(entry.start, dates)}, {formatClock(entry.start, dates)}
            </span>
            <span>
              {entry.kind}
              {entry.number === undefined ? "" : `, ${formatNumber(entry.number)}`}
              {entry.durationMilliseconds === undefined
                ? ""
                : `, ${formatDuration(entry.durationMilliseconds)}`}
            </span>
            <span className="quiet">{because}</span>
          </li>
        ))}
      </ul>
      {count > SHOWN_MAX ? <p className="quiet">… and {count - SHOWN_MAX} more.</p> : null}
    </details>
  );
}
