import { readFile } from "node:fs/promises";
import { newNameKey } from "../adapters/new-name-key.ts";
import { readOwnEvents } from "../core/aggregation/read-own-events.ts";
import { TallystickError } from "../core/errors.ts";
import { accessToken } from "../core/evidence/access-link.ts";
import type { Bundle, BundleCharge } from "../core/evidence/bundle.ts";
import {
  type AskEvents,
  agrees,
  compareEventLog,
  type EventLogComparison,
} from "../core/evidence/compare-event-log.ts";
import type { ComparedEvent } from "../core/evidence/compare-events.ts";
import { NodeClient } from "./node-client.ts";
import type { Output } from "./output.ts";

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
 * Compares a device's own log with the events that a line stands for.
 * @returns whether every event in the line's time is in the charge as the device has it, and no other is
 */
export async function explainEvents(question: EventQuestion, output: Output): Promise<boolean> {
  const { bundle, charge, logFile, secret, nodeUrl } = question;
  const node = new NodeClient(nodeUrl, accessToken(secret));
  const path = `/v1/events?${new URLSearchParams({ period: bundle.period.epoch })}`;
  const ask: AskEvents = async (events) =>
    (await node.send("POST", path, { line: charge.line, events })).body;
  const comparison = await compareEventLog(bundle, charge, await readLog(logFile), ask);
  await tell(comparison, output);
  return agrees(comparison.counts);
}

async function tell(
  { line, header, compared, counts }: EventLogComparison,
  output: Output,
): Promise<void> {
  for (const { checks, ...event } of compared) {
    await output.record({ event: { line, ...event } });
    if (event.outcome === "in-charge") continue;
    const when = new Date(Number(event.time)).toISOString();
    await output.say(`Event of ${event.device} at ${when}: ${wordsOf(event)}.`);
  }
  await output.record({ events: { line, ...counts } });
  const [from, to] = [header.from, header.to].map((time) => new Date(Number(time)).toISOString());
  await output.say(
    `Line ${line} stands for ${counts.charged} events from ${from} to ${to}. Your log has ${counts.inLog} of that time: ${counts.inCharge} are among them (${counts.otherQuantity} with another quantity), ${counts.notInCharge} are not. ${counts.chargedOnly} are charged that your log does not have.`,
  );
}

function wordsOf({ outcome, quantity, chargedQuantity }: Omit<ComparedEvent, "checks">): string {
  if (outcome === "other-quantity")
    return `charged with ${chargedQuantity}, your log has ${quantity}`;
  return outcome === "not-in-charge" ? "NOT in the charge" : "not shown by the node";
}

async function readLog(file: string) {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    const message = `The log can not be read (${error.code}). Check its name.`;
    throw new TallystickError("file.not-readable", message, { file });
  });
  return readOwnEvents(bytes, file, newNameKey());
}
