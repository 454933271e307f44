import { BOOK_KIND } from "../../core/commitment/domain.ts";
import {
  emptyTotals,
  imbalanceOf,
  isNothing,
  nothing,
  together,
  withTotals,
} from "../intake/control-totals.ts";
import { type CountedCharges, countRows, FILE_DIGITS } from "../intake/count-rows.ts";
import { below, keys } from "../store/key-spaces.ts";
import type { StoreReader } from "../store/store.ts";
import { getJson, scanJson } from "../store/stored-json.ts";
import { scanRows } from "../store/stored-rows.ts";
import {
  type AllTotals,
  type BookState,
  CONTROL_CLASSES,
  type ControlTotals,
  type CountedUse,
  type IngestedFile,
  type StoredTotals,
  type SuspendedRecord,
} from "../store/stored-types.ts";
import type { StoreProblem } from "./check-store.ts";

/** What the store really holds of a file. */
interface Found extends CountedCharges {
  suspended: ControlTotals;
  dropped: ControlTotals;
  hours: StoredTotals;
}

/**
 * Control totals against each other and against what is stored: every file balances, its hours add up
 * to it and all files to the sum, and there are as many charges, suspended and dropped records of it
 * as it says. One pass, with one sum a file in memory.
 */
export async function checkTotals(store: StoreReader): Promise<StoreProblem[]> {
  const problems: StoreProblem[] = [];
  const tell = (message: string) =>
    problems.push({ code: "fsck.control-totals", book: "-", sequence: "-", message });
  const found = await whatIsStored(store);
  let sum = emptyTotals();
  for await (const { value: file } of scanJson<IngestedFile>(store, below("file/"))) {
    const { name, sha256, classes } = file;
    sum = withTotals({ ...sum, files: sum.files + 1 }, file);
    const stored = found.get(sha256.slice(0, FILE_DIGITS)) ?? nothingFound();
    found.delete(sha256.slice(0, FILE_DIGITS));
    if (!isNothing(imbalanceOf(file))) tell(`The totals of the file ${name} do not balance.`);
    if (!areEqual(file, stored.hours)) tell(`The hours of the file ${name} do not add up to it.`);
    const { charged = 0, pricedAtZero = 0, neverCharged } = file.dropped ?? {};
    if (neverCharged !== undefined) stored.dropped = together(stored.dropped, neverCharged);
    const told = [classes.charged.records - charged, classes.pricedAtZero.records - pricedAtZero];
    if (told[0] !== stored.charged || told[1] !== stored.pricedAtZero) {
      tell(
        `The file ${name} says ${told[0]} charged and ${told[1]} priced at zero; the books hold ${stored.charged} and ${stored.pricedAtZero} of it.`,
      );
    }
    for (const outcome of ["suspended", "dropped"] as const) {
      if (isNothing(together(classes[outcome], stored[outcome], -1))) continue;
      tell(
        `The file ${name} says ${classes[outcome].records} ${outcome}; ${stored[outcome].records} of it are stored, or of other quantities.`,
      );
    }
  }
  for (const file of found.keys())
    tell(`There are records of a file ${file}… that nobody took in.`);
  if (!(await hasItsPlacesByAge(store))) {
    tell("The places of suspended records by age are not those of the records that wait.");
  }
  const all = await getJson<AllTotals>(store, keys.node("control-totals"));
  if (all?.files !== sum.files && (all !== undefined || sum.files > 0)) {
    tell(`The store says ${all?.files ?? 0} files and holds ${sum.files}.`);
  } else if (all !== undefined && !areEqual(all, sum)) {
    tell("The totals over all files are not the sum of the files.");
  }
  return problems;
}

/** As many, and the oldest one at its place. */
async function hasItsPlacesByAge(store: StoreReader): Promise<boolean> {
  let waiting = 0;
  let oldest = "";
  for await (const { value } of scanJson<SuspendedRecord>(store, below("suspense/"))) {
    const place = keys.suspenseStart(Date.parse(value.record.start), value.record.id);
    if (waiting++ === 0 || place < oldest) oldest = place;
  }
  let first = "";
  for await (const { key } of store.scan({ ...below("suspense-start/"), keysOnly: true })) {
    if (first === "") first = key;
    waiting--;
  }
  return waiting === 0 && first === oldest;
}

async function whatIsStored(store: StoreReader): Promise<Map<string, Found>> {
  const files = new Map<string, Found>();
  const of = (sha256: string): Found => {
    const file = sha256.slice(0, FILE_DIGITS);
    const known = files.get(file) ?? nothingFound();
    files.set(file, known);
    return known;
  };
  for await (const { value: book } of scanJson<BookState>(store, below("book/"))) {
    if (book.kind !== BOOK_KIND.charges) continue;
    for await (const rows of scanRows(store, book.domain, 1n, BigInt(book.pendingNext))) {
      countRows(rows, of);
    }
  }
  for (const outcome of ["suspended", "dropped"] as const) {
    const prefix = outcome === "suspended" ? "suspense/" : "dropped/";
    for await (const { value } of scanJson<{ counted: CountedUse }>(store, below(prefix))) {
      const { file, durationMilliseconds, octets } = value.counted;
      const one = { records: 1, durationMilliseconds, octets };
      of(file)[outcome] = together(of(file)[outcome], one);
    }
  }
  for await (const { key, value } of scanJson<StoredTotals>(store, below("hour/"))) {
    const file = of(key.slice(key.lastIndexOf("/") + 1));
    file.hours = withTotals(file.hours, value);
  }
  return files;
}

const nothingFound = (): Found => ({
  charged: 0,
  pricedAtZero: 0,
  suspended: nothing(),
  dropped: nothing(),
  hours: { in: nothing(), classes: {} },
});

function areEqual(a: StoredTotals, b: StoredTotals): boolean {
  const difference = withTotals(emptyTotals(), a);
  const { in: taken, classes } = withTotals(difference, b, -1);
  return isNothing(taken) && CONTROL_CLASSES.every((name) => isNothing(classes[name]));
}
