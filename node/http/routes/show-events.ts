import { z } from "zod";
import { newNameKey } from "../../adapters/new-name-key.ts";
import { measuredEvents } from "../../core/aggregation/event-block.ts";
import { buildEventsTree } from "../../core/aggregation/event-digests.ts";
import { type EventProof, headerOfTree, proveEvent } from "../../core/aggregation/event-proof.ts";
import { type BundleCharge, isClosed } from "../../core/evidence/bundle.ts";
import { HttpError } from "../http-error.ts";

/** Finds the events of a charge by the root that it binds. */
export interface EventSource {
  find(
    root: string,
    from: number,
  ): { record: string; key: string; events: number; data: Uint8Array } | undefined;
}

/** A thousand events of the longest names. */
export const EVENTS_BODY = "256kb";
const ASKED_MAX = 1_000;
/** Of more events the tree takes seconds, in which the node would answer nobody else. */
const SHOWN_MAX = 50_000;

const whole = z.string().regex(/^(0|[1-9][0-9]{0,14})$/);
const askedSchema = z.strictObject({
  /** As the bill numbers it. */
  line: z.string().min(1).max(20),
  /** None: only what the line binds of all its events. */
  events: z
    .array(z.strictObject({ device: z.string().min(1).max(64), time: whole, sequence: whole }))
    .max(ASKED_MAX),
});
type Asked = z.infer<typeof askedSchema>;

/** @throws HttpError 400 `events.unusable-request` */
export function readEventsAsked(body: unknown): Asked {
  const parsed = askedSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new HttpError(
    400,
    "events.unusable-request",
    `Send {"line","events":[{"device","time","sequence"}]} with at most ${ASKED_MAX} events, numbers as text.`,
  );
}

/**
 * What a line binds of all its events, and of each that was asked for a proof that it is among them, or is
 * not. Of other events the reader learns nothing.
 * @throws HttpError 404 `events.unknown-line`, `events.not-kept`, 413 `events.too-many`
 */
export function showEvents(
  source: EventSource,
  charges: readonly BundleCharge[],
  line: string,
  events: Asked["events"],
): { header: EventProof["header"]; proofs: EventProof[] } {
  const charge = charges.find((one) => one.line === line);
  const [use, party] = [charge?.charge, charge?.party];
  if (use === undefined || party === undefined || isClosed(use) || isClosed(party)) {
    throw new HttpError(404, "events.unknown-line", "The period's bill has no such line.");
  }
  const found = /^0x0*$/.test(party.eventsRoot)
    ? undefined
    : source.find(party.eventsRoot, Number(use.start));
  if (found === undefined) {
    throw new HttpError(
      404,
      "events.not-kept",
      "The line stands for no events, or this node does not keep them: their bill may be too old to be challenged.",
    );
  }
  if (found.events > SHOWN_MAX) {
    throw new HttpError(
      413,
      "events.too-many",
      `The line stands for ${found.events} events, more than are shown here. Ask the operator for the proof.`,
    );
  }
  const key = Uint8Array.from(Buffer.from(found.key, "base64"));
  const tree = buildEventsTree(key, measuredEvents(found.data, newNameKey()));
  const proofs = events.map(({ device, time, sequence }) =>
    proveEvent(found.record, key, tree, {
      device,
      time: BigInt(time),
      sequence: BigInt(sequence),
    }),
  );
  return { header: headerOfTree(tree), proofs };
}
