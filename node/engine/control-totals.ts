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

/** Control totals of a run of records, added in numbers; what could pass 2^53 is added apart. */
export class RunningTotals {
  readonly #records = new Map<ControlClass, number>();
  readonly #milliseconds = new Map<ControlClass, number>();
  readonly #octets = new Map<ControlClass, bigint>();
  #all = 0;

  add(outcome: ControlClass, record: UsageRecord | undefined): void {
    this.#all++;
    this.#records.set(outcome, (this.#records.get(outcome) ?? 0) + 1);
    if (record === undefined) return;
    const { durationSeconds } = record;
    if (durationSeconds !== undefined && durationSeconds !== 0) {
      const milliseconds = (this.#milliseconds.get(outcome) ?? 0) + millisecondsOf(durationSeconds);
      this.#milliseconds.set(outcome, milliseconds);
    }
    const { totalOctets, uplinkOctets, downlinkOctets } = record;
    if (totalOctets === undefined && uplinkOctets === undefined && downlinkOctets === undefined) {
      return;
    }
    const octets =
      totalOctets !== undefined
        ? BigInt(totalOctets)
        : BigInt(uplinkOctets ?? 0) + BigInt(downlinkOctets ?? 0);
    this.#octets.set(outcome, (this.#octets.get(outcome) ?? 0n) + octets);
  }

  /** The file's state with these records counted, in and in their classes. */
  addedTo(state: IngestedFile): IngestedFile {
    const classes = { ...state.classes };
    let taken = state.in;
    for (const outcome of this.#records.keys()) {
      const own: ControlTotals = {
        records: this.#records.get(outcome) ?? 0,
        durationMilliseconds: String(this.#milliseconds.get(outcome) ?? 0),
        octets: String(this.#octets.get(outcome) ?? 0n),
      };
      classes[outcome] = together(classes[outcome], own);
      taken = together(taken, own);
    }
    return { ...state, done: state.done + this.#all, in: taken, classes };
  }
}

/** Exact: a duration has at most three decimals. A run has at most some thousand records of 1e9 s. */
function millisecondsOf(seconds: number): number {
  const rounded = Math.round(seconds * 1000);
  return rounded / 1000 === seconds ? rounded : Number(parseDecimalScaled(seconds.toString(), 3));
}
