import { type CgratesRow, rowError } from "./cgrates-files.ts";
import { cgratesInstant } from "./cgrates-instant.ts";
import type { CgratesNotes } from "./cgrates-notes.ts";

const ANY = "*any";

/** By category: its newest profile for the subject, then those that it falls back to. */
export function profilesOf(
  written: readonly CgratesRow[],
  options: { subject?: string; tenant?: string; timeZone: string },
  notes: CgratesNotes,
): Map<string, CgratesRow[]> {
  const rows = written.map((row) => asToday(row, options.timeZone));
  const { subject = ANY, tenant = rows[0]?.fields[0] } = options;
  const newest = new Map<string, CgratesRow>();
  for (const row of rows) {
    const [of, category = "", who = "", activation = ""] = row.fields;
    if (of !== tenant) {
      notes.leaveOut(row, "import.other-tenant", `The profile is of the tenant "${of}".`);
      continue;
    }
    const key = JSON.stringify([category, who]);
    const before = newest.get(key);
    const older = before === undefined || (before.fields[3] as string) <= activation ? before : row;
    if (older !== undefined) {
      notes.leaveOut(
        older,
        "import.older-profile",
        "A newer profile follows; this one is not in the document.",
      );
    }
    if (older !== row) newest.set(key, row);
  }
  const named = subjectIn([...newest.values()], subject, notes);
  const chains = new Map<string, CgratesRow[]>();
  const used = new Set<CgratesRow>();
  const categories = new Set([...newest.values()].map(({ fields }) => fields[1] as string));
  for (const category of categories) {
    const find = (who: string) => newest.get(JSON.stringify([category, who]));
    const chain: CgratesRow[] = [];
    const waiting = find(named) === undefined ? [ANY] : [named];
    for (let who = waiting.shift(); who !== undefined; who = waiting.shift()) {
      const row = find(who);
      if (row === undefined || chain.includes(row)) continue;
      chain.push(row);
      used.add(row);
      waiting.push(...(row.fields[5] ?? "").split(";").filter((one) => one !== ""));
    }
    if (chain.length > 0) chains.set(category, chain);
  }
  for (const row of newest.values()) {
    if (used.has(row)) continue;
    const who = row.fields[2];
    notes.note(
      row,
      "import.other-subject",
      `The prices of "${who}" are another document: --subject ${who}.`,
    );
  }
  return chains;
}

/**
 * A row with its activation as an instant. Plans of before 2018 tell a direction too, second or third in
 * the row; of other directions than out there is no price.
 */
function asToday(row: CgratesRow, timeZone: string): CgratesRow {
  const direction = row.fields.slice(0, 3).findIndex((one) => one === "*out" || one === "*in");
  const fields = row.fields.filter((_, index) => index !== direction);
  if (row.fields[direction] === "*in") {
    throw rowError(row, "import.not-expressible", "Prices of calls that come in can not be said.");
  }
  const activation = cgratesInstant(fields[3] ?? "", timeZone);
  if (activation === undefined) {
    throw rowError(
      row,
      "import.row-unusable",
      `ActivationTime, "${fields[3]}", is no fixed instant; write one, such as 2026-01-01T00:00:00Z.`,
    );
  }
  return { ...row, fields: fields.map((one, index) => (index === 3 ? activation : one)) };
}

/** Where nobody has the prices of everybody, those of the only subject that there is. */
function subjectIn(rows: readonly CgratesRow[], wanted: string, notes: CgratesNotes): string {
  const subjects = [...new Set(rows.map(({ fields }) => fields[2] as string))];
  const [only] = subjects;
  if (subjects.includes(wanted) || subjects.includes(ANY) || only === undefined) return wanted;
  const row = rows[0] as CgratesRow;
  if (wanted !== ANY || subjects.length > 1) {
    throw rowError(
      row,
      "import.subject-unknown",
      `There are no prices of "${wanted}"; there are those of ${subjects.join(", ")}: name one with --subject.`,
    );
  }
  notes.note(row, "import.only-subject", `These are the prices of "${only}", the only subject.`);
  return only;
}
