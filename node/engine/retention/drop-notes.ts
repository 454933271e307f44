import { epochOfInstant } from "../bill/billing-epoch.ts";
import { nothing, together } from "../intake/control-totals.ts";
import type { EngineContext } from "../operator.ts";
import { below, keys } from "../store/key-spaces.ts";
import type { StoreOperation } from "../store/store.ts";
import { encodeJson, getJson, readJson } from "../store/stored-json.ts";
import type {
  ControlTotals,
  CountedUse,
  DroppedRecord,
  IngestedFile,
  StoredCorrection,
} from "../store/stored-types.ts";
import { isOver, RETENTION_KEY, type RetentionState } from "./retention-state.ts";

/** Notes that one step looks at. */
const LOOKED_MAX = 4_096;
const PREFIXES = ["correction/", "dropped/"] as const;

/** Where the first step begins. */
export const FIRST_NOTE: string = PREFIXES[0];

/**
 * One step of dropping what is noted of single records: corrections once all months are over in which they charged
 * or credited something, and records that somebody decided never to charge, once the month is over in which it was
 * decided: until then their use could have been billed. Of the latter, how many and how much stays noted with their
 * source file, in the same write: control totals go on adding up. A crash leaves a step undone or done.
 */
export async function dropNotes(
  { store, profile }: EngineContext,
  state: RetentionState,
): Promise<RetentionState> {
  const from = state.notesFrom ?? FIRST_NOTE;
  const prefix = PREFIXES.find((one) => from.startsWith(one)) ?? FIRST_NOTE;
  const operations: StoreOperation[] = [];
  const files = new Map<string, ControlTotals>();
  let looked = 0;
  let next: string | undefined = PREFIXES[PREFIXES.indexOf(prefix as never) + 1];
  for await (const { key, value } of store.scan({ from, to: below(prefix).to })) {
    if (looked++ === LOOKED_MAX) {
      next = key;
      break;
    }
    if (prefix === "correction/") {
      const months = monthsOf(readJson<StoredCorrection>(key, value), profile.zone);
      if (!months.every((month) => isOver(state, month))) continue;
    } else {
      const { droppedAt, counted } = readJson<DroppedRecord>(key, value);
      if (!isOver(state, epochOfInstant(Date.parse(droppedAt), profile.zone))) continue;
      files.set(
        counted.file,
        together(files.get(counted.file) ?? nothing(), quantitiesOf(counted)),
      );
    }
    operations.push({ type: "delete", key });
  }
  for (const [sha256, use] of files) {
    const key = keys.file(sha256);
    const file = await getJson<IngestedFile>(store, key);
    if (file === undefined) continue;
    const { charged = 0, pricedAtZero = 0, neverCharged = nothing() } = file.dropped ?? {};
    const dropped = { charged, pricedAtZero, neverCharged: together(neverCharged, use) };
    operations.push({ type: "put", key, value: encodeJson({ ...file, dropped }) });
  }
  const { notesFrom: _, ...rest } = state;
  const after = next === undefined ? rest : { ...rest, notesFrom: next };
  operations.push({ type: "put", key: RETENTION_KEY, value: encodeJson(after) });
  await store.write(operations);
  return after;
}

/** In which it charged or credited something; when it was made, where that was nothing. */
function monthsOf({ at, credit, charge, sponsors = [] }: StoredCorrection, zone: string): string[] {
  const months = [credit, charge, ...sponsors].flatMap((entry) => entry?.epoch ?? []);
  return months.length === 0 ? [epochOfInstant(Date.parse(at), zone)] : months;
}

const quantitiesOf = ({ durationMilliseconds, octets }: CountedUse): ControlTotals => ({
  records: 1,
  durationMilliseconds,
  octets,
});
