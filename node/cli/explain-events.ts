import { readFile } from "node:fs/promises";
import { LineCutter } from "../core/aggregation/cut-lines.ts";
import {
  type EventProof,
  parseEventHeader,
  parseEventProof,
} from "../core/aggregation/event-proof.ts";
import { NameTable } from "../core/aggregation/name-table.ts";
import { EventLineReader } from "../core/aggregation/read-events.ts";
import { TallystickError } from "../core/errors.ts";
import { accessToken } from "../core/evidence/access-link.ts";
import type { Bundle, BundleCharge } from "../core/evidence/bundle.ts";
import {
  bindsHeader,
  type ComparedEvent,
  compareEvent,
  type EventOutcome,
  type OwnEvent,
} from "../core/evidence/compare-events.ts";
import { NodeClient } from "./node-client.ts";
import type { Output } from "./output.ts";
import { UsageError } from "./output.ts";

const ASKED_AT_A_TIME = 500;

export interface EventQuestion {
  bundle: Bundle;
  charge: BundleCharge;
  /** The device's own log, as `aggregate` reads events. */
  logFile: string;
  /** Of the link. */
  secret: Uint8Array;
  nodeUrl: string;
}

/**
 * Compares a device's own log with the events that a line stands for: the node shows of each whether it is
 * among them, and nothing that it says is believed.
 * @returns whether every event in the line's time is in the charge as the device has it, and no other is
 */
export async function explainEvents(question: EventQuestion, output: Output): Promise<boolean> {
  const { bundle, charge, logFile, secret, nodeUrl } = question;
  const { line } = charge;
  const node = new NodeClient(nodeUrl, accessToken(secret));
  const path = `/v1/events?${new URLSearchParams({ period: bundle.period.epoch })}`;
  const ask = async (events: OwnEvent[]) => {
    const asked = events.map(({ device, time, sequence }) => ({ device, time, sequence }));
    const { body } = await node.send("POST", path, { line, events: asked });
    const proofs = Array.isArray(body.proofs) ? body.proofs : [];
    return {
      header: parseEventHeader(body.header),
      proofs: proofs.map((proof) => parseEventProof(JSON.stringify(proof))),
    };
  };
  const { header } = await ask([]);
  if (!bindsHeader(charge, header)) {
    throw new TallystickError(
      "events.bad-proof",
      "What the node says of the line's events is not what the line binds.",
    );
  }
  const own = (await readLog(logFile)).filter((event) => isInTime(event, header));
  const compared: ComparedEvent[] = [];
  for (let from = 0; from < own.length; from += ASKED_AT_A_TIME) {
    const events = own.slice(from, from + ASKED_AT_A_TIME);
    const { proofs } = await ask(events);
    compared.push(...events.map((event, i) => compareEvent(bundle, line, event, proofs[i])));
  }
  return tell(ofTheLine(compared), header, line, output);
}

async function tell(
  compared: ComparedEvent[],
  header: EventProof["header"],
  line: string,
  output: Output,
): Promise<boolean> {
  for (const { checks, ...event } of compared) {
    await output.record({ event: { line, ...event } });
    if (event.outcome === "in-charge") continue;
    const when = new Date(Number(event.time)).toISOString();
    await output.say(`Event of ${event.device} at ${when}: ${wordsOf(event)}.`);
  }
  const count = (outcome: EventOutcome) => compared.filter((one) => one.outcome === outcome).length;
  const shown = count("in-charge") + count("other-quantity");
  const events = {
    line,
    inLog: compared.length,
    inCharge: shown,
    otherQuantity: count("other-quantity"),
    notInCharge: count("not-in-charge"),
    notShown: count("not-shown"),
    charged: Number(header.count),
    chargedOnly: Number(header.count) - shown,
  };
  await output.record({ events });
  const [from, to] = [header.from, header.to].map((time) => new Date(Number(time)).toISOString());
  await output.say(
    `Line ${line} stands for ${events.charged} events from ${from} to ${to}. Your log has ${events.inLog} of that time: ${events.inCharge} are among them (${events.otherQuantity} with another quantity), ${events.notInCharge} are not. ${events.chargedOnly} are charged that your log does not have.`,
  );
  return compared.length === count("in-charge") && events.chargedOnly === 0;
}

/**
 * A log of many devices has events of other lines in it: those of devices of which the line has nothing.
 * Where it has nothing of any device, all of them are told.
 */
function ofTheLine(compared: ComparedEvent[]): ComparedEvent[] {
  const isShown = ({ outcome }: ComparedEvent) =>
    outcome === "in-charge" || outcome === "other-quantity";
  const devices = new Set(compared.filter(isShown).map(({ device }) => device));
  return devices.size === 0 ? compared : compared.filter(({ device }) => devices.has(device));
}

function wordsOf({ outcome, quantity, chargedQuantity }: Omit<ComparedEvent, "checks">): string {
  if (outcome === "other-quantity")
    return `charged with ${chargedQuantity}, your log has ${quantity}`;
  return outcome === "not-in-charge" ? "NOT in the charge" : "not shown by the node";
}

function isInTime({ time }: OwnEvent, header: EventProof["header"]): boolean {
  const at = BigInt(time);
  return at >= BigInt(header.from) && at <= BigInt(header.to);
}

/** @throws TallystickError `events.unusable-log` with the line that can not be read */
async function readLog(file: string): Promise<OwnEvent[]> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    const message = `The log can not be read (${error.code}). Check its name.`;
    throw new TallystickError("file.not-readable", message, { file });
  });
  const cutter = new LineCutter();
  const lines = Buffer.concat([cutter.push(bytes), cutter.end()]);
  if (cutter.header === undefined) throw new UsageError(`${file} holds no events.`);
  const hasQuantity = /(^|,)\s*quantity\s*(,|$)/i.test(cutter.header);
  const names = new NameTable();
  const events: OwnEvent[] = [];
  const reader = new EventLineReader(cutter.header, names, {
    event: (device, _gateway, time, sequence, quantity) => {
      events.push({
        device: new TextDecoder().decode(names.names[device]),
        time: String(time),
        sequence: String(sequence),
        ...(hasQuantity ? { quantity: String(quantity) } : {}),
      });
      return undefined;
    },
    rejected: (line, code) => {
      const message = `A line of the log can not be read (${code}).`;
      throw new TallystickError("events.unusable-log", message, { file, line: line + 1 });
    },
  });
  reader.read(lines);
  return events;
}
