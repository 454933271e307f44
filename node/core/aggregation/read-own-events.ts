import { TallystickError } from "../errors.ts";
import { LineCutter } from "./cut-lines.ts";
import { NameTable } from "./name-table.ts";
import { EventLineReader } from "./read-events.ts";

/** An event as the subscriber's own device has it. */
export interface OwnEvent {
  device: string;
  time: string;
  sequence: string;
  /** Absent where the device keeps none. */
  quantity?: string;
}

/**
 * A device's own log: events as `aggregate` reads them. All of it or nothing: a line that is left out
 * would look as if the device did not have it.
 * @param nameKey secret, as in NameTable
 * @throws TallystickError `events.unusable-log` with the line that can not be read; as `LineCutter`
 */
export function readOwnEvents(bytes: Uint8Array, file: string, nameKey: Uint32Array): OwnEvent[] {
  const cutter = new LineCutter();
  const parts = [cutter.push(bytes), cutter.end()];
  if (cutter.header === undefined) {
    throw new TallystickError("events.unusable-log", "The log holds no events.", { file });
  }
  const hasQuantity = /(^|,)\s*quantity\s*(,|$)/i.test(cutter.header);
  const names = new NameTable(nameKey);
  const decoder = new TextDecoder();
  const events: OwnEvent[] = [];
  /** Lines of the parts before, and the one that names the columns. */
  let before = 1;
  const reader = new EventLineReader(cutter.header, names, {
    event: (device, _gateway, time, sequence, quantity) => {
      events.push({
        device: decoder.decode(names.names[device]),
        time: String(time),
        sequence: String(sequence),
        ...(hasQuantity ? { quantity: String(quantity) } : {}),
      });
      return undefined;
    },
    rejected: (line, code) => {
      const message = `A line of the log can not be read (${code}).`;
      throw new TallystickError("events.unusable-log", message, { file, line: line + before });
    },
  });
  for (const part of parts) before += reader.read(part);
  return events;
}
