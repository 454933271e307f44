import { type CgratesRow, rowError } from "./cgrates-files.ts";
import type { CgratesNotes } from "./cgrates-notes.ts";

const ANY = "*any";

/** By category: its newest profile for the subject, then those that it falls back to. */
export function profilesOf(
  rows: readonly CgratesRow[],
  { subject = ANY, tenant = rows[0]?.fields[0] }: { subject?: string; tenant?: string },
  notes: CgratesNotes,
): Map<string, CgratesRow[]> {
  const newest = new Map<string, CgratesRow>();
  for (const row of rows) {
    const [of, category = "", who = "", activation = ""] = row.fields;
    if (of !== tenant) {
      notes.leaveOut(row, "import.other-tenant", `The profile is of the tenant "${of}".`);
      continue;
    }
    if (Number.isNaN(Date.parse(activation))) {
      throw rowError(row, "import.row-unusable", `"${activation}" is no instant.`);
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
