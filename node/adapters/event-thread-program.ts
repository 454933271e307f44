/* What a thread of event-thread.ts runs: one lane, a call at a time. */
import { randomFillSync } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { AggregationPolicy } from "../core/aggregation/policy.ts";
import { assert, TallystickError } from "../core/errors.ts";
import { EventLane } from "../engine/aggregate/event-lane.ts";
import type { ThreadAnswer, ThreadBegin, ThreadCall } from "./event-thread.ts";
import { LaneFiles } from "./lane-files.ts";
import { newNameKey } from "./new-name-key.ts";

/** Where there are threads there is memory: 32 MB of events. Each further round reads the whole part again. */
const ROUND_EVENTS = 1_048_576;

const port = parentPort;
assert(port !== null, "runs in a thread");
const { policy, folder, lane, state } = workerData as ThreadBegin;
const own = new EventLane(
  {
    policy: new AggregationPolicy(policy),
    folder: new LaneFiles(folder, lane),
    random: (bytes) => randomFillSync(new Uint8Array(bytes)),
    nameKey: newNameKey(),
    roundEvents: ROUND_EVENTS,
  },
  state,
);

port.on("message", ({ method, args }: ThreadCall) => {
  let answer: ThreadAnswer;
  try {
    const work = own[method] as (...all: unknown[]) => unknown;
    answer = { value: work.apply(own, args) };
  } catch (error) {
    const { code, message, syscall } = error as NodeJS.ErrnoException;
    const place = error instanceof TallystickError ? error.place : undefined;
    answer = { error: { message, code, syscall, place } };
  }
  port.postMessage(answer);
});
