import { byId, type CgratesRow, type CgratesRows, rowError } from "./cgrates-files.ts";
import type { CgratesNotes } from "./cgrates-notes.ts";
import { ANY_TIME, type CgratesTiming, readTiming } from "./cgrates-timings.ts";

const ANY = "*any";

/** One row of a rating plan: a destination rate, at some times, with a weight. */
export interface Entry {
  row: CgratesRow;
  /** Row of DestinationRates. */
  rate: CgratesRow;
  timing: CgratesTiming;
  weight: number;
}

/** The tables of a plan, followed from a profile down to the rates. */
export class CgratesPlan {
  readonly #notes: CgratesNotes;
  readonly #destinations: Map<string, CgratesRow[]>;
  readonly #rates: Map<string, CgratesRow[]>;
  readonly #destinationRates: Map<string, CgratesRow[]>;
  readonly #plans: Map<string, CgratesRow[]>;
  readonly #timingRows: Map<string, CgratesRow[]>;
  readonly #timings = new Map([[ANY, ANY_TIME]]);

  constructor(rows: CgratesRows, notes: CgratesNotes) {
    this.#notes = notes;
    this.#destinations = byId(rows["Destinations.csv"]);
    this.#rates = byId(rows["Rates.csv"]);
    this.#destinationRates = byId(rows["DestinationRates.csv"]);
    this.#plans = byId(rows["RatingPlans.csv"]);
    this.#timingRows = byId(rows["Timings.csv"]);
  }

  /** Read when a price names it: other timings of the table are of actions, such as "*asap". */
  #timingOf(id: string): CgratesTiming | undefined {
    const known = this.#timings.get(id);
    const row = this.#timingRows.get(id)?.at(-1);
    if (known !== undefined || row === undefined) return known;
    const timing = readTiming(row);
    this.#timings.set(id, timing);
    return timing;
  }

  /** The rows of the rate that a row of DestinationRates names. */
  rateOf(row: CgratesRow): CgratesRow[] {
    return required(this.#rates, row.fields[2] as string, row, "rate");
  }

  /** By prefix, "" being any destination: the subject's plan first, then its fallbacks. */
  entriesOf(chain: readonly CgratesRow[]): Map<string, Entry[]> {
    const all = new Map<string, Entry[]>();
    for (const profile of chain) {
      // A plan that knows a leading part of a number is not fallen back from.
      const covered = [...all.keys()];
      for (const [prefix, entries] of this.#entriesOfPlan(profile)) {
        if (covered.some((one) => prefix.startsWith(one))) continue;
        all.set(prefix, entries);
      }
    }
    return all;
  }

  #entriesOfPlan(profile: CgratesRow): Map<string, Entry[]> {
    const found = new Map<string, Entry[]>();
    const id = profile.fields[4] as string;
    for (const row of required(this.#plans, id, profile, "rating plan")) {
      const [, destinationRates = "", timing = "", weight = ""] = row.fields;
      const when = this.#timingOf(timing === "" ? ANY : timing);
      if (when === undefined) {
        throw rowError(row, "import.reference-unknown", `There is no timing "${timing}".`);
      }
      if (!/^-?\d{1,9}(\.\d{1,9})?$/.test(weight === "" ? "0" : weight)) {
        throw rowError(row, "import.row-unusable", `"${weight}" is no weight.`);
      }
      for (const rate of required(
        this.#destinationRates,
        destinationRates,
        row,
        "destination rate",
      )) {
        const entry = { row, rate, timing: when, weight: Number(weight) };
        for (const prefix of this.#prefixesOf(rate)) {
          found.set(prefix, [...(found.get(prefix) ?? []), entry]);
        }
      }
    }
    return found;
  }

  #prefixesOf(rate: CgratesRow): string[] {
    const destination = rate.fields[1] as string;
    if (destination === ANY) return [""];
    return required(this.#destinations, destination, rate, "destination").flatMap((row) => {
      const written = row.fields[1] as string;
      const prefix = written.replace(/^\+/, "");
      if (/^[0-9*#]{1,15}$/.test(prefix)) return [prefix];
      this.#notes.leaveOut(
        row,
        "import.not-a-number",
        `"${written}" is no leading part of a number.`,
      );
      return [];
    });
  }
}

/** The highest weight of what holds, then what began last, then what stands last. */
export function winnerOf(
  entries: readonly Entry[],
  holding: readonly CgratesTiming[],
): Entry | undefined {
  let best: Entry | undefined;
  for (const entry of entries) {
    if (!holding.includes(entry.timing)) continue;
    const byWeight = best === undefined ? 1 : entry.weight - best.weight;
    const byStart = entry.timing.fromMinute - (best?.timing.fromMinute ?? 0);
    if (byWeight > 0 || (byWeight === 0 && byStart >= 0)) best = entry;
  }
  return best;
}

function required(
  table: ReadonlyMap<string, CgratesRow[]>,
  id: string,
  by: CgratesRow,
  what: string,
): CgratesRow[] {
  const rows = table.get(id);
  if (rows !== undefined) return rows;
  throw rowError(by, "import.reference-unknown", `There is no ${what} "${id}".`);
}
