import { TallystickError } from "../core/errors.ts";
import type { Problem } from "../core/formats/inspect-line.ts";
import { UsageColumns, type UsageLines } from "../core/formats/usage-columns.ts";

/**
 * What says that the file is not as it was made, or that every time in it may be wrong; with what to
 * do. Repeated records and other totals than declared concern records: they are told and go on.
 */
const STRUCTURAL: Record<string, string> = {
  "xml.truncated": "",
  "xml.not-well-formed": "",
  "asterisk.zone-contradicts-ids":
    ' Name the zone of the switch as "zone" in node.json and start the node again.',
};
/** How a row looks that was cut off; where the file does not end with a line's end, it was. */
const CUT_ROWS = ["usage.not-json", "asterisk.column-count", "csv.unterminated-quote"];

/**
 * Reads a file once from beginning to end before anything of it is taken in, so that one that is
 * cut is refused as a whole.
 * @param endsLine whether its last byte ends a line
 * @throws TallystickError with the structural problem's own code, `ingest.file-cut`, and what the
 *   format's parser throws
 */
export async function requireWholeFile(
  name: string,
  lines: UsageLines,
  endsLine: boolean,
): Promise<void> {
  let isReported = false;
  let lastRejection: string | undefined;
  for await (const block of lines) {
    if (block instanceof UsageColumns) {
      const last = block.count - 1;
      const line = block.isPlain[last] === 1 ? undefined : block.lineAt(last);
      lastRejection = line !== undefined && "rejected" in line ? line.rejected.code : undefined;
      continue;
    }
    for (const line of Array.isArray(block) ? block : [block]) {
      if ("file" in line) {
        isReported = true;
        requireStructure(name, line.file.problems);
      } else lastRejection = "rejected" in line ? line.rejected.code : undefined;
    }
  }
  const isCut = !endsLine && lastRejection !== undefined && CUT_ROWS.includes(lastRejection);
  if (isReported && !isCut) return;
  throw new TallystickError(
    "ingest.file-cut",
    "The file ends in the middle of a record. Send it whole. Nothing of it was taken in.",
    { file: name },
  );
}

function requireStructure(file: string, problems: readonly Problem[]): void {
  for (const { code, message } of problems) {
    const advice = STRUCTURAL[code];
    if (advice === undefined) continue;
    throw new TallystickError(code, `${message}${advice} Nothing of it was taken in.`, { file });
  }
}
