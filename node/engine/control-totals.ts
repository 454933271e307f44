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

/** Control totals over files. */
export interface FileTotals {
  files: number;
  in: ControlTotals;
  classes: Record<ControlClass, ControlTotals>;
}

export function sumOfFiles(files: Iterable<Pick<IngestedFile, "in" | "classes">>): FileTotals {
  const { in: all, classes } = emptyFile({ name: "", sha256: "" });
  const sum: FileTotals = { files: 0, in: all, classes };
  for (const file of files) {
    sum.files++;
    sum.in = together(sum.in, file.in);
    for (const name of CONTROL_CLASSES) {
      sum.classes[name] = together(sum.classes[name], file.classes[name]);
    }
  }
  return sum;
}

const together = (a: ControlTotals, b: ControlTotals): ControlTotals => ({
  records: a.records + b.records,
  durationMilliseconds: (
    BigInt(a.durationMilliseconds) + BigInt(b.durationMilliseconds)
  ).toString(),
  octets: (BigInt(a.octets) + BigInt(b.octets)).toString(),
});

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
