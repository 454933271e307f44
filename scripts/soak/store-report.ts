import { appendFileSync, readFileSync } from "node:fs";

/** What a writer of a store says of itself. The words of one that was killed are there up to its last one. */
export interface StoreReport {
  /** The newest batch that was begun, and the newest that was acknowledged; 0 for none. */
  begun: number;
  acknowledged: number;
  /** Units of the index of records seen that were acknowledged, by the number of the newest. */
  units: number;
  compactions: number;
  /** Writes past the system's memory. */
  direct: number;
  /** How far each file of the store is synced: log files and files of values, by their paths in it. */
  synced: Map<string, number>;
}

type Word = "begun" | "acknowledged" | "unit" | "compacted" | "direct" | "synced";

/** Returns when the system has the words: who is killed behind that does not take them along. */
export function report(file: string, word: Word, what: number | string, bytes = 0): void {
  appendFileSync(file, `${word} ${what} ${bytes}\n`);
}

export function readReport(file: string): StoreReport {
  const report: StoreReport = {
    begun: 0,
    acknowledged: 0,
    units: 0,
    compactions: 0,
    direct: 0,
    synced: new Map(),
  };
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const [word, what = "", bytes] = line.split(" ");
    if (word === "begun") report.begun = Number(what);
    if (word === "acknowledged") report.acknowledged = Number(what);
    if (word === "unit") report.units = Number(what);
    if (word === "compacted") report.compactions++;
    if (word === "direct") report.direct++;
    if (word === "synced") report.synced.set(what, Number(bytes));
  }
  return report;
}
