import { TallystickError } from "../errors.ts";
import { readStamp } from "../records/local-stamp.ts";
import type { ZoneClock } from "../records/zone-clock.ts";

/** Half-open, in milliseconds since 1970 UTC. */
export interface Period {
  fromMs: number;
  toMs: number;
}

/**
 * "2014-12-01/2015-01-01", days or times, in the zone unless they carry an offset.
 * @throws TallystickError `period.not-a-period`
 */
export function readPeriod(text: string, zone: ZoneClock): Period {
  const [from, to, more] = text.split("/").map((part) => instantOf(part.trim(), zone));
  if (from === undefined || to === undefined || more !== undefined || from >= to) {
    throw new TallystickError(
      "period.not-a-period",
      `${JSON.stringify(text.slice(0, 60))} is no period. Write FROM/TO, such as 2014-12-01/2015-01-01; TO is not part of it.`,
    );
  }
  return { fromMs: from, toMs: to };
}

function instantOf(text: string, zone: ZoneClock): number | undefined {
  const stamp = readStamp(text);
  if (stamp === undefined) return undefined;
  if (stamp.offsetMinutes !== undefined) return stamp.localMs - stamp.offsetMinutes * 60_000;
  return zone.instantsOf(stamp.localMs)[0] ?? zone.readingsOfSkipped(stamp.localMs)[0];
}
