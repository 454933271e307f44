import type { Rejection } from "../core/formats/inspect-line.ts";
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

/** So many say what is wrong with a file; a file of nonsense would fill the store. */
const REJECTIONS_MAX = 20;

/** The file's state with these rejections told, as far as there is room. */
export function withRejections(state: IngestedFile, found: readonly Rejection[]): IngestedFile {
  const told = state.rejections ?? [];
  if (found.length === 0 || told.length >= REJECTIONS_MAX) return state;
  return { ...state, rejections: [...told, ...found].slice(0, REJECTIONS_MAX) };
}

interface RunOfClass {
  records: number;
  milliseconds: number;
  octets: bigint;
}

/** Control totals of a run of records, added in numbers; what could pass 2^53 is added apart. */
export class RunningTotals {
  readonly #classes = new Map<ControlClass, RunOfClass>();
  #all = 0;

  add(outcome: ControlClass, record: UsageRecord | undefined): void {
    this.#all++;
    let run = this.#classes.get(outcome);
    if (run === undefined) {
      run = { records: 0, milliseconds: 0, octets: 0n };
      this.#classes.set(outcome, run);
    }
    run.records++;
    if (record === undefined) return;
    const { durationSeconds } = record;
    if (durationSeconds !== undefined) run.milliseconds += millisecondsOf(durationSeconds);
    const { totalOctets, uplinkOctets, downlinkOctets } = record;
    if (totalOctets === undefined && uplinkOctets === undefined && downlinkOctets === undefined) {
      return;
    }
    run.octets +=
      totalOctets !== undefined
        ? BigInt(totalOctets)
        : BigInt(uplinkOctets ?? 0) + BigInt(downlinkOctets ?? 0);
  }

  /** The file's state with these records counted, in and in their classes. */
  addedTo(state: IngestedFile): IngestedFile {
    const classes = { ...state.classes };
    let taken = state.in;
    for (const [outcome, { records, milliseconds, octets }] of this.#classes) {
      const own: ControlTotals = {
        records,
        durationMilliseconds: String(milliseconds),
        octets: String(octets),
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
