import { TallystickError } from "../../core/errors.ts";
import type { InspectLine, Problem, Rejection } from "../../core/formats/inspect-line.ts";
import { UsageColumns, type UsageLines } from "../../core/formats/usage-columns.ts";

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

/** What a first look at a file finds, from beginning to end, before anything of it is taken in. */
export class FileLook {
  /** Of the file as a whole; undefined until it was read to its end. */
  problems: readonly Problem[] | undefined;
  /** Of its last record, when that can not be used. */
  lastRejection: Pick<Rejection, "code" | "line" | "byte"> | undefined;
  records = 0;

  static async at(lines: UsageLines): Promise<FileLook> {
    const look = new FileLook();
    for await (const block of lines) {
      if (block instanceof UsageColumns) look.seeColumns(block);
      else for (const line of Array.isArray(block) ? block : [block]) look.see(line);
    }
    return look;
  }

  see(line: InspectLine): void {
    if ("file" in line) this.problems = line.file.problems;
    else {
      this.records++;
      this.lastRejection = "rejected" in line ? line.rejected : undefined;
    }
  }

  seeColumns(columns: UsageColumns): void {
    const last = columns.count - 1;
    if (last < 0) return;
    this.records += columns.count;
    const line = columns.isPlain[last] === 1 ? undefined : columns.lineAt(last);
    this.lastRejection = line !== undefined && "rejected" in line ? line.rejected : undefined;
  }
}

/**
 * Refuses a file as a whole that is cut.
 * @param endsLine whether its last byte ends a line
 * @throws TallystickError with the structural problem's own code, `ingest.file-cut`
 */
export function requireWholeFile(
  name: string,
  { problems, lastRejection }: Pick<FileLook, "problems" | "lastRejection">,
  endsLine: boolean,
): void {
  requireStructure(name, problems ?? []);
  const cut =
    !endsLine && lastRejection !== undefined && CUT_ROWS.includes(lastRejection.code)
      ? lastRejection
      : undefined;
  if (problems !== undefined && cut === undefined) return;
  const { line, byte } = cut ?? {};
  throw new TallystickError(
    "ingest.file-cut",
    "The file ends in the middle of a record. Send it whole. Nothing of it was taken in.",
    {
      file: name,
      ...(line === undefined ? {} : { line }),
      ...(byte === undefined ? {} : { byte }),
    },
  );
}

function requireStructure(file: string, problems: readonly Problem[]): void {
  for (const { code, message } of problems) {
    const advice = STRUCTURAL[code];
    if (advice === undefined) continue;
    throw new TallystickError(code, `${message}${advice} Nothing of it was taken in.`, { file });
  }
}
