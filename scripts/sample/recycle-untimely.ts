import { setTimeout as sleep } from "node:timers/promises";
import { TallystickError } from "../../node/core/errors.ts";

const TRIES_MAX = 300;
const PAUSE_MS = 1_000;

interface Waiting {
  suspended: { record: { id: string } }[];
}

/**
 * The sample's month is days long and played in seconds: a node that could not ask the ledger for its time, because
 * that was killed or hung, takes the day's records for those of a day that is still to come, and they wait. Recycles
 * them until none does.
 * @param node asked as its operator
 * @throws TallystickError `sample.clock-behind` when the node does not learn the ledger's time
 */
export async function recycleUntimely(
  // biome-ignore lint/suspicious/noExplicitAny: answers are described by openapi.ts
  node: { ask(method: string, path: string, body?: unknown): Promise<any> },
  { triesMax = TRIES_MAX, pauseMilliseconds = PAUSE_MS } = {},
): Promise<void> {
  for (let tries = 0; tries < triesMax; tries++) {
    const waiting: Waiting = await node.ask("GET", "suspense?code=record.from-the-future");
    const ids = waiting.suspended.map(({ record }) => record.id);
    if (ids.length === 0) return;
    if (tries > 0) await sleep(pauseMilliseconds);
    await node.ask("POST", "suspense/recycle", { ids });
  }
  throw new TallystickError(
    "sample.clock-behind",
    "Records of the sample still wait for a time that the ledger has reached: the node can not ask it.",
  );
}
