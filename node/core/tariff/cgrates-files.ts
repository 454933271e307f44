import { TallystickError } from "../errors.ts";
import { CsvRowReader, isFault } from "../formats/csv-rows.ts";

/*
 * The files of a CGRateS tariff plan as their documentation describes them: one table a file, `#`
 * before comments, the columns in a fixed order.
 */

/** The tables that hold prices, and how many columns each has at least. */
export const CGRATES_TABLES = {
  "Destinations.csv": 2,
  "Rates.csv": 6,
  "DestinationRates.csv": 5,
  "Timings.csv": 6,
  "RatingPlans.csv": 4,
  "RatingProfiles.csv": 5,
} as const;
export type CgratesTable = keyof typeof CGRATES_TABLES;

export interface CgratesRow {
  file: CgratesTable;
  line: number;
  fields: string[];
}

/** A plan whose prices hold anywhere, at any time, goes without these. */
const OPTIONAL: ReadonlySet<string> = new Set<CgratesTable>(["Destinations.csv", "Timings.csv"]);

export type CgratesRows = Record<CgratesTable, CgratesRow[]>;

/**
 * @param files the tables' bytes by their names; Timings and Destinations may be missing
 * @throws TallystickError `import.file-missing`, `import.row-unusable`
 */
export function readCgratesFiles(files: ReadonlyMap<string, Uint8Array>): CgratesRows {
  const rows = {} as CgratesRows;
  for (const [file, columns] of Object.entries(CGRATES_TABLES) as [CgratesTable, number][]) {
    const bytes = files.get(file);
    if (bytes === undefined && files.has("RateProfiles.csv") && !OPTIONAL.has(file)) {
      throw new TallystickError(
        "import.format-unknown",
        "RateProfiles of CGRateS 1.0 are not read; export the plan with Rates, DestinationRates, RatingPlans and RatingProfiles (0.11).",
        { file: "RateProfiles.csv" },
      );
    }
    if (bytes === undefined && !OPTIONAL.has(file)) {
      throw new TallystickError("import.file-missing", "The tariff plan lacks this file.", {
        file,
      });
    }
    rows[file] = bytes === undefined ? [] : [...rowsOf(file, bytes, columns)];
  }
  return rows;
}

function* rowsOf(file: CgratesTable, bytes: Uint8Array, columns: number): Generator<CgratesRow> {
  const reader = new CsvRowReader();
  for (const item of [...reader.push(bytes), ...reader.end()]) {
    if (isFault(item)) {
      throw new TallystickError("import.row-unusable", item.message, { file, line: item.line });
    }
    const fields = item.fields.map((field) => field.trim());
    if (fields[0]?.startsWith("#") || fields.every((field) => field === "")) continue;
    if (fields.length < columns) {
      throw new TallystickError(
        "import.row-unusable",
        `The row has ${fields.length} columns; ${columns} are needed, with commas between them.`,
        { file, line: item.line },
      );
    }
    yield { file, line: item.line, fields };
  }
}

/** An error about a row, by file and line. */
export function rowError(
  { file, line }: Pick<CgratesRow, "file" | "line">,
  code: string,
  message: string,
): TallystickError {
  return new TallystickError(code, message, { file, line });
}

/** Rows of one table by their first column, in the file's order. */
export function byId(rows: readonly CgratesRow[]): Map<string, CgratesRow[]> {
  const found = new Map<string, CgratesRow[]>();
  for (const row of rows) {
    const id = row.fields[0] as string;
    found.set(id, [...(found.get(id) ?? []), row]);
  }
  return found;
}
