import { TallystickError } from "../../../node/core/errors.ts";
import { parse } from "../../../node/core/formats/bill-csv.ts";
import type { BillLine } from "../../../node/core/verdicts/bill-line.ts";
import { LinePreparer } from "../../../node/core/verdicts/prepared-line.ts";
import type { BillLineView } from "../model/bill-line-view.ts";
import type { CheckedBill } from "../model/checked-bill.ts";
import type { OnProgress } from "./checker.ts";
import { fileChunks } from "./file-chunks.ts";

/** A bill without proofs, with its lines as the comparison reads them. */
export interface BillFile {
  bill: CheckedBill;
  lines: BillLine[];
}

/**
 * Reads an itemised bill (CSV). Rows that can not be read are named in the bill's checks; nothing is
 * left out silently.
 * @throws TallystickError `bill.bad-header`, `bill.empty`
 */
export async function readBillFile(
  file: File,
  zone: string,
  onProgress: OnProgress,
): Promise<BillFile> {
  let read = 0;
  const chunks = fileChunks(file, (bytes) => {
    read += bytes;
    onProgress({ words: `Reading ${file.name}`, done: read, total: file.size });
  });
  const lines: BillLine[] = [];
  const checks: CheckedBill["checks"] = [];
  for await (const entry of parse(chunks, { file: file.name })) {
    if ("line" in entry) lines.push(entry.line);
    else {
      const { line, message } = entry.rejected;
      checks.push({ name: "row", ok: false, because: `Row in line ${line}: ${message}` });
    }
  }
  const [first] = lines;
  if (first === undefined) {
    throw new TallystickError("bill.empty", "There is no readable line in this bill.", {
      file: file.name,
    });
  }
  const preparer = new LinePreparer(zone);
  const views = lines.map((line) => viewOf(line, preparer));
  const starts = views.map(({ start }) => start);
  const bill: CheckedBill = {
    kind: "file",
    fileName: file.name,
    from: starts.reduce((least, start) => Math.min(least, start)),
    to: starts.reduce((most, start) => Math.max(most, start)) + 1,
    zone,
    currency: first.currency,
    lines: views,
    credits: [],
    checks,
  };
  return { bill, lines };
}

function viewOf(line: BillLine, preparer: LinePreparer): BillLineView & { start: number } {
  // In the hour that clocks show twice the first is shown; the comparison tries both.
  const [start = line.start.localMs] = preparer.prepare(line).readings;
  return {
    line: line.line,
    start,
    service: line.service ?? "event",
    direction: line.direction ?? "none",
    ...(line.otherParty === undefined ? {} : { otherParty: line.otherParty }),
    ...(line.durationSeconds === undefined
      ? {}
      : { durationMilliseconds: Math.round(line.durationSeconds * 1000) }),
    amountNano: line.amountNano,
  };
}
