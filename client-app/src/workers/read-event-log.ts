import { type OwnEvent, readOwnEvents } from "../../../node/core/aggregation/read-own-events.ts";
import { TallystickError } from "../../../node/core/errors.ts";
import { NAME_KEY_WORDS } from "../../../node/core/formats/keyed-hash.ts";
import type { OnProgress } from "./checker.ts";
import { fileChunks } from "./file-chunks.ts";

/** A month of one event a minute is 3 MB. */
const LOG_BYTES_MAX = 128 * 1_048_576;

/**
 * Reads a device's own log of events.
 * @throws TallystickError `events.log-too-large`, and as `readOwnEvents`
 */
export async function readEventLog(file: File, onProgress: OnProgress): Promise<OwnEvent[]> {
  if (file.size > LOG_BYTES_MAX) {
    throw new TallystickError(
      "events.log-too-large",
      "This log is larger than this page reads. Choose the part of it that the bill is about.",
      { file: file.name },
    );
  }
  const bytes = new Uint8Array(file.size);
  let read = 0;
  for await (const chunk of fileChunks(file, () => {})) {
    bytes.set(chunk, read);
    read += chunk.length;
    onProgress({ words: `Reading ${file.name}`, done: read, total: file.size });
  }
  return readOwnEvents(bytes, file.name, crypto.getRandomValues(new Uint32Array(NAME_KEY_WORDS)));
}
