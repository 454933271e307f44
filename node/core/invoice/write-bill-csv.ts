import { Temporal } from "temporal-polyfill";
import { readInvoiceDocument } from "./invoice-document.ts";

const cell = (text: string): string =>
  /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

const localTime = (instant: string, zone: string): string =>
  Temporal.Instant.from(instant)
    .toZonedDateTimeISO(zone)
    .toString({ timeZoneName: "never", fractionalSecondDigits: 0 });

/** The invoice's lines as the CSV that `check-bill` reads; times are local with their offset. */
export function billCsv(documentText: string): string {
  const document = readInvoiceDocument(documentText);
  const amount = `amount_${document.currency.toLowerCase()}`;
  const header = [
    "line",
    "service",
    "direction",
    "other_party",
    "start_local",
    "duration_s",
    amount,
  ];
  const rows = document.lines.map((line) => [
    line.line,
    line.service,
    line.direction,
    line.otherParty ?? "",
    localTime(line.start, document.period.zone),
    line.durationSeconds ?? "",
    line.amount,
  ]);
  return `${[header, ...rows].map((row) => row.map(cell).join(",")).join("\n")}\n`;
}
