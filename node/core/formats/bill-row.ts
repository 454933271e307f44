import { TallystickError } from "../errors.ts";
import { isCurrency } from "../money/currency.ts";
import { parseDecimalNano } from "../money/decimal.ts";
import { readStamp } from "../records/local-stamp.ts";
import type { Direction, Service } from "../records/usage-record.ts";
import type { BillLine, BillTime } from "../verdicts/bill-line.ts";
import type { BillColumns } from "./bill-columns.ts";

const SERVICES: Record<string, Service> = {
  voice: "voice",
  call: "voice",
  calls: "voice",
  telephony: "voice",
  sms: "sms",
  text: "sms",
  message: "sms",
  mms: "mms",
  data: "data",
  internet: "data",
  gprs: "data",
  energy: "energy",
  time: "time",
  content: "content",
  event: "event",
};

const DIRECTIONS: Record<string, Direction> = {
  out: "outgoing",
  outgoing: "outgoing",
  outbound: "outgoing",
  mo: "outgoing",
  in: "incoming",
  incoming: "incoming",
  inbound: "incoming",
  mt: "incoming",
  forwarded: "forwarded",
  forward: "forwarded",
  fwd: "forwarded",
  diverted: "forwarded",
  none: "none",
};

const WITHHELD = ["", "withheld", "private", "unknown", "anonymous", "restricted", "hidden", "-"];

/** @throws TallystickError `bill.bad-…` with the field */
export function readBillRow(
  fields: string[],
  columns: BillColumns,
  position: number,
  fallbackCurrency?: string,
): BillLine {
  if (fields.length !== columns.count) {
    throw new TallystickError(
      "bill.column-count",
      `The row has ${fields.length} columns where the header has ${columns.count}.`,
    );
  }
  const cell = (name: keyof BillColumns["index"]): string => {
    const index = columns.index[name];
    return index === undefined ? "" : (fields[index] ?? "").trim();
  };
  const currency = (cell("currency") || columns.currency || fallbackCurrency || "").toUpperCase();
  if (!isCurrency(currency)) {
    throw bad("currency", currency, "a currency, in a column of its own or as amount_usd");
  }
  const duration = readDuration(cell("duration"));
  const minutes = readCount("billed_minutes", cell("billedMinutes"));
  const units = readCount("units", cell("units"));
  const service = readService(cell("service"), duration !== undefined || minutes !== undefined);
  const direction = readDirection(cell("direction"));
  const otherParty = cell("otherParty");
  const billedUnits = minutes ?? units;
  return {
    line: cell("line") || String(position),
    position,
    ...(service === undefined ? {} : { service }),
    ...(direction === undefined ? {} : { direction }),
    ...(WITHHELD.includes(otherParty.toLowerCase()) ? {} : { otherParty }),
    start: readStart(
      cell("start") || `${cell("date")} ${cell("time")}`.trim(),
      cell("zone"),
      columns,
    ),
    ...(duration === undefined ? {} : { durationSeconds: duration }),
    ...(billedUnits === undefined ? {} : { billedUnits }),
    ...(minutes === undefined ? {} : { unitSeconds: 60 }),
    amountNano: readAmount(cell("amount")),
    currency,
  };
}

function readStart(text: string, zone: string, columns: BillColumns): BillTime {
  const stamp = readStamp(text);
  if (stamp === undefined) {
    throw bad("start", text, "a date and time such as 2014-12-03 11:37:49 or 03.12.2014 11:37");
  }
  if (stamp.offsetMinutes !== undefined || (zone === "" && !columns.utc)) return stamp;
  return { ...stamp, zone: zone === "" ? "UTC" : zone };
}

/** Seconds, m:ss or h:mm:ss. */
function readDuration(text: string): number | undefined {
  if (text === "") return undefined;
  if (/^\d{1,9}(\.\d{1,3})?$/.test(text)) return Number(text);
  const parts = /^(?:(\d{1,4}):)?(\d{1,5}):([0-5]\d)$/.exec(text);
  if (parts === null) throw bad("duration", text, "seconds, or minutes:seconds");
  const [, hours = "0", minutes = "0", seconds = "0"] = parts;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

function readCount(field: string, text: string): number | undefined {
  if (text === "") return undefined;
  const whole = /^(\d{1,9})(?:\.0+)?$/.exec(text);
  if (whole === null) throw bad(field, text, "a whole number");
  return Number(whole[1]);
}

function readService(text: string, hasDuration: boolean): Service | undefined {
  if (text === "") return hasDuration ? "voice" : undefined;
  return SERVICES[text.toLowerCase()];
}

function readDirection(text: string): Direction | undefined {
  if (text === "") return undefined;
  const direction = DIRECTIONS[text.toLowerCase()];
  if (direction === undefined) throw bad("direction", text, "out, in or forwarded");
  return direction;
}

function readAmount(text: string): bigint {
  // A comma is a decimal sign only where it can be no other: "0,30", never "1,234".
  const plain = /^-?\d+,(\d{1,2}|\d{4,9})$/.test(text) ? text.replace(",", ".") : text;
  try {
    return parseDecimalNano(plain);
  } catch (cause) {
    throw bad("amount", text, "a decimal number such as 0.30", cause);
  }
}

function bad(field: string, value: string, expected: string, cause?: unknown): TallystickError {
  return new TallystickError(
    `bill.bad-${field.replaceAll("_", "-")}`,
    `${value === "" ? "Nothing stands" : `${JSON.stringify(value.slice(0, 40))} stands`} where ${expected} belongs.`,
    { field },
    cause,
  );
}
