import { assert } from "../../core/errors.ts";
import { keys } from "../store/key-spaces.ts";
import type { StoreSession } from "../store/store-session.ts";
import type {
  AllTotals,
  ControlClass,
  CountedUse,
  IngestedFile,
  StoredTotals,
} from "../store/stored-types.ts";
import { together, withTotals } from "./control-totals.ts";

/**
 * A record that waited in suspense counts as something else from now on: in its file, in its hour and
 * over all files, in the unit of work that decides about it. What came in stays what it was.
 */
export async function moveTotals(
  session: StoreSession,
  counted: CountedUse,
  outcome: ControlClass,
): Promise<void> {
  if (outcome === "suspended") return;
  const { file, hour, durationMilliseconds, octets } = counted;
  const one = { records: 1, durationMilliseconds, octets };
  const moved = <Totals extends StoredTotals>(totals: Totals): Totals => {
    const without = withTotals(totals, { in: one, classes: { suspended: one } }, -1);
    return withTotals(without, { in: one, classes: { [outcome]: one } });
  };
  const places = [keys.file(file), keys.hour(hour, file), keys.node("control-totals")] as const;
  await session.prefetch(places);
  for (const key of places) {
    const totals = session.peek<IngestedFile | StoredTotals | AllTotals>(key);
    assert(totals !== undefined, `"${key}" counts the record`);
    session.put(
      key,
      "leftSuspense" in totals
        ? { ...moved(totals), leftSuspense: together(totals.leftSuspense, one) }
        : moved(totals),
    );
  }
}
