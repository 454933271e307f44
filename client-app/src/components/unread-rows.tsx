import type { CheckView } from "../model/bill-line-view.ts";
import { Icon } from "./icon.tsx";

const SHOWN_MAX = 20;

/** Rows of a dropped bill that could not be read; the rest is checked all the same. */
export function UnreadRows({ checks }: { checks: CheckView[] }) {
  if (checks.length === 0) return null;
  return (
    <div className="notice tone-review" role="status">
      <Icon name="review" />
      <div>
        <p>
          {checks.length === 1
            ? "One row of this file could not be read and is not part of the check."
            : `${checks.length} rows of this file could not be read and are not part of the check.`}
        </p>
        <ul className="quiet">
          {checks.slice(0, SHOWN_MAX).map(({ because }) => (
            <li key={because}>{because}</li>
          ))}
        </ul>
      </div>
    </div>
  );
}
