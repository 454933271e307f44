import { writeFile } from "node:fs/promises";
import type { EventFiles } from "../adapters/event-files.ts";
import { newNameKey } from "../adapters/new-name-key.ts";
import { measuredEvents } from "../core/aggregation/event-block.ts";
import { buildEventsTree } from "../core/aggregation/event-digests.ts";
import { proveEvent } from "../core/aggregation/event-proof.ts";
import { TallystickError } from "../core/errors.ts";
import { EXIT, type ExitCode, type Output, UsageError } from "./output.ts";

export interface ProofOptions {
  prove?: string;
  device?: string;
  time?: string;
  sequence?: string;
  out?: string;
}

/** Shows of one event that it is, or is not, in a record's charge. */
export async function proveOneEvent(
  folder: EventFiles,
  options: ProofOptions,
  output: Output,
): Promise<ExitCode> {
  const { prove: record = "", device, time, sequence = "0", out } = options;
  if (device === undefined || time === undefined) {
    throw new UsageError("--prove asks for --device and --time of the event.");
  }
  const event = { device, time: readInstant(time), sequence: readWhole(sequence, "--sequence") };
  for (const name of folder.listClosed()) {
    for (const { key, data } of folder.readClosed(name, (group) => group.record === record)) {
      const keyBytes = Uint8Array.from(Buffer.from(key, "base64"));
      const tree = buildEventsTree(keyBytes, measuredEvents(data, newNameKey()));
      const proof = proveEvent(record, keyBytes, tree, event);
      const text = `${JSON.stringify(proof, null, 1)}\n`;
      if (out !== undefined) await writeFile(out, text, { mode: 0o600 });
      await output.record({ proof });
      const isIn = proof.present !== undefined;
      await output.say(
        out === undefined ? text : `The event ${isIn ? "is" : "is not"} in the charge; see ${out}.`,
      );
      return isIn ? EXIT.yes : EXIT.no;
    }
  }
  throw new TallystickError(
    "events.unknown-record",
    `No closed window holds the events of "${record}": they may have been forgotten.`,
  );
}

function readWhole(text: string, option: string): bigint {
  if (/^\d{1,15}$/.test(text)) return BigInt(text);
  throw new UsageError(`${option} takes a whole number, not "${text}".`);
}

function readInstant(text: string): bigint {
  if (/^\d{1,15}$/.test(text)) return BigInt(text);
  const time = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (time >= 0) return BigInt(time);
  throw new UsageError(`--time takes milliseconds or an ISO 8601 instant, not "${text}".`);
}
