import type { EventFiles } from "../adapters/event-files.ts";
import { AggregationPolicy } from "../core/aggregation/policy.ts";
import { TallystickError } from "../core/errors.ts";
import { readWindowName } from "../engine/aggregate/event-folder.ts";
import { eventsKeptUntil } from "../engine/aggregate/event-retention.ts";
import { EXIT, type ExitCode, type Output, UsageError } from "./output.ts";

/**
 * Removes the events, keys and records of windows whose bill can no longer be challenged. Time is that of the
 * clock or of the newest event, whichever is earlier: neither a wrong clock nor a wrong device ends it early.
 */
export async function forgetDue(folder: EventFiles, output: Output, now: number): Promise<void> {
  const forgotten = retention(folder, now)
    .filter(({ isOver }) => isOver)
    .map(({ name }) => name);
  for (const name of forgotten) folder.forget(name);
  if (forgotten.length === 0) return;
  await output.record({ forgotten });
  await output.say(
    `Events of ${forgotten.length} closings, whose bills can no longer be challenged, were removed; their charges stay.`,
  );
}

/**
 * The same for windows that began before a day, all or none of them.
 * @throws TallystickError `events.still-challengeable`
 */
export async function forgetBefore(
  folder: EventFiles,
  day: string,
  output: Output,
  now: number,
): Promise<ExitCode> {
  const before = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(before)) {
    throw new UsageError("--forget-before takes a day, such as 2026-10-01.");
  }
  const asked = retention(folder, now).filter(({ name }) => readWindowName(name).window < before);
  const kept = asked.find(({ isOver }) => !isOver);
  if (kept !== undefined) {
    const why = Number.isFinite(kept.until)
      ? `are kept until ${new Date(kept.until).toISOString().slice(0, 10)}, when their bill can no longer be challenged`
      : "belong to records that no node has taken in yet";
    throw new TallystickError(
      "events.still-challengeable",
      `Events of the window ${kept.name} ${why}. Nothing was removed.`,
      { file: folder.path },
    );
  }
  for (const { name } of asked) folder.forget(name);
  await output.record({ forgotten: asked.map(({ name }) => name) });
  await output.say(`Events of ${asked.length} closings were removed; their charges stay.`);
  return EXIT.yes;
}

function retention(folder: EventFiles, clock: number) {
  const checkpoint = folder.readCheckpoint();
  if (checkpoint === undefined) return [];
  const policy = new AggregationPolicy(checkpoint.policy);
  const now = Math.min(clock, checkpoint.watermark);
  return folder.listClosed().map((name) => {
    const until = eventsKeptUntil(policy, name, folder.deliveredAt(name));
    return { name, until, isOver: until <= now };
  });
}
