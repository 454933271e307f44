import { parseDecimalScaled } from "../core/money/decimal.ts";
import type { UsageRecord } from "../core/records/usage-record.ts";
import {
  CONTROL_CLASSES,
  type ControlClass,
  type ControlTotals,
  type IngestedFile,
} from "./stored-types.ts";

/*
 * Control totals: in = charged + priced at zero + suspended + duplicate + rejected + not billable,
 * in records, milliseconds and octets, for each file.
 */

const nothing = (): ControlTotals => ({ records: 0, durationMilliseconds: "0", octets: "0" });

export function emptyFile(file: { name: string; sha256: string }): IngestedFile {
  return {
    name: file.name,
    sha256: file.sha256,
    done: 0,
    complete: false,
    in: nothing(),
    classes: Object.fromEntries(CONTROL_CLASSES.map((name) => [name, nothing()])) as Record<
      ControlClass,
      ControlTotals
    >,
    problems: [],
  };
}

/** The file's state with one more record counted, in and in its class. */
export function addToTotals(
  state: IngestedFile,
  outcome: ControlClass,
  record: UsageRecord | undefined,
): IngestedFile {
  return {
    ...state,
    in: plus(state.in, record),
    classes: { ...state.classes, [outcome]: plus(state.classes[outcome], record) },
  };
}

function plus(totals: ControlTotals, record: UsageRecord | undefined): ControlTotals {
  const milliseconds =
    record?.durationSeconds === undefined
      ? 0n
      : parseDecimalScaled(record.durationSeconds.toString(), 3);
  const octets =
    record?.totalOctets !== undefined
      ? BigInt(record.totalOctets)
      : BigInt(record?.uplinkOctets ?? 0) + BigInt(record?.downlinkOctets ?? 0);
  return {
    records: totals.records + 1,
    durationMilliseconds: (BigInt(totals.durationMilliseconds) + milliseconds).toString(),
    octets: (BigInt(totals.octets) + octets).toString(),
  };
}
