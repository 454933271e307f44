import { TallystickError } from "../../../node/core/errors.ts";
import { headOf } from "../../../node/core/formats/file-head.ts";
import { isRecord } from "../../../node/core/formats/inspect-line.ts";
import { type Format, recogniseFormat } from "../../../node/core/formats/registry.ts";
import { type DeviceEntry, deviceEntry } from "../../../node/core/verdicts/device-entry.ts";
import type { OnProgress } from "./checker.ts";
import { fileChunks } from "./file-chunks.ts";

export interface DeviceLog {
  name: string;
  entries: DeviceEntry[];
  /** What the file's reader remarked, in words. */
  problems: string[];
}

/**
 * Reads a device's own log, whatever known format it has.
 * @param name tells it apart from the others
 * @throws TallystickError `format.…`, `device-log.is-a-bill`, `device-log.empty`, and the format's own
 */
export async function readDeviceLog(
  file: File,
  name: string,
  zone: string,
  onProgress: OnProgress,
): Promise<DeviceLog> {
  const head = await headOf(fileChunks(file, () => {}));
  const format = recognise(head, file.name);
  if (format.kind !== "usage") {
    throw new TallystickError(
      "device-log.is-a-bill",
      "This file is a bill, not a phone's log. Use “Open another bill” for it.",
      { file: file.name },
    );
  }
  let read = 0;
  const chunks = fileChunks(file, (bytes) => {
    read += bytes;
    onProgress({ words: `Reading ${file.name}`, done: read, total: file.size });
  });
  const log: DeviceLog = { name, entries: [], problems: [] };
  for await (const line of format.parse(chunks, { file: file.name, zone })) {
    if (isRecord(line)) log.entries.push(deviceEntry(line, name));
    else if ("file" in line) {
      if (line.file.rejected > 0) {
        log.problems.push(`${line.file.rejected} entries could not be read.`);
      }
      log.problems.push(...line.file.problems.map((problem) => problem.message));
    }
  }
  if (log.entries.length === 0) {
    throw new TallystickError(
      "device-log.empty",
      "There is no call or message in this file. Export the call log again and try that file.",
      { file: file.name },
    );
  }
  return log;
}

/** The same refusal as everywhere, in the words of someone with a phone instead of a command line. */
function recognise(head: Uint8Array, file: string): Format {
  try {
    return recogniseFormat(head, file);
  } catch (cause) {
    if (!(cause instanceof TallystickError)) throw cause;
    throw new TallystickError(
      cause.code,
      "This is no call log that this page can read. Save the log with the app “SMS Backup & Restore” and choose that XML file.",
      cause.place,
      cause,
    );
  }
}
