import { isCurrency } from "../money/currency.ts";

/** Names that operators' exports use; spaces, dots, hyphens and case do not matter. */
const NAMES = {
  line: ["line", "line_no", "line_number", "line_id", "id", "no", "nr", "item", "position"],
  service: ["service", "service_type", "usage_type", "type"],
  direction: ["direction", "dir"],
  otherParty: [
    "other_party",
    "number",
    "phone_number",
    "called_number",
    "number_called",
    "b_number",
    "destination_number",
    "dialled_number",
    "dialed_number",
    "to",
  ],
  start: [
    "start_local",
    "start",
    "start_time",
    "start_utc",
    "started_at",
    "datetime",
    "date_time",
    "date_and_time",
    "timestamp",
  ],
  date: ["date", "call_date"],
  time: ["time", "call_time"],
  zone: ["zone", "time_zone", "timezone", "tz", "utc_offset"],
  duration: ["duration_s", "duration_seconds", "duration", "duration_sec", "seconds", "length"],
  billedMinutes: ["billed_minutes", "minutes", "billed_min", "charged_minutes"],
  units: ["units", "billed_units", "quantity", "messages", "segments"],
  amount: ["amount", "charge", "price", "cost", "total", "net_amount"],
  currency: ["currency", "currency_code"],
} as const;

type Column = keyof typeof NAMES;

export interface BillColumns {
  index: Partial<Record<Column, number>>;
  /** Columns of the header line; a row has as many. */
  count: number;
  /** From the header ("amount_usd"). */
  currency?: string;
  /** The header says that times are UTC ("start_utc"). */
  utc: boolean;
}

export function separatorOf(header: string): string {
  const counted = [",", ";", "\t"].map((separator) => header.split(separator).length);
  return [",", ";", "\t"][counted.indexOf(Math.max(...counted))] ?? ",";
}

export function findColumns(header: string[]): { columns: BillColumns } | { missing: string } {
  const columns: BillColumns = { index: {}, count: header.length, utc: false };
  header.forEach((text, index) => {
    let name = text
      .trim()
      .toLowerCase()
      .replace(/[\s.\-/]+/g, "_");
    const suffix = /^(.+)_([a-z]{3})$/.exec(name);
    const code = suffix?.[2]?.toUpperCase() ?? "";
    if (isCurrency(code) && (NAMES.amount as readonly string[]).includes(suffix?.[1] ?? "")) {
      columns.currency = code;
      name = suffix?.[1] ?? name;
    }
    for (const column of Object.keys(NAMES) as Column[]) {
      const known = (NAMES[column] as readonly string[]).includes(name);
      if (known && columns.index[column] === undefined) columns.index[column] = index;
    }
    if (name === "start_utc") columns.utc = true;
  });
  const { index } = columns;
  if (index.amount === undefined) return { missing: "the amount" };
  if (index.start === undefined && index.date === undefined) return { missing: "the start" };
  if (index.otherParty === undefined && index.service === undefined) {
    return { missing: "the other party" };
  }
  return { columns };
}
