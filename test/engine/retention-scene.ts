import assert from "node:assert/strict";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import { BERT, calls, DAY, EngineScene } from "./engine-scene.ts";

export const RETAINED = 60n * DAY;

/** Calls of one day, a minute apart. */
export const callsOn = (
  day: string,
  prefix: string,
  count: number,
  changes: Partial<UsageRecord> = {},
) =>
  calls(prefix, count, changes).map((one, at) => ({
    ...one,
    start: new Date(Date.parse(`${day}T06:00:00.000Z`) + 60_000 * at).toISOString(),
  }));

/** What else happens before a month's end. */
export interface AlsoDone {
  october?: (scene: EngineScene) => Promise<unknown>;
  /** Into the batch that both months share. */
  shared?: (scene: EngineScene) => Promise<unknown>;
  november?: (scene: EngineScene) => Promise<unknown>;
}

/** October and November billed and final; November's first charges share a batch with October's last. */
export async function twoMonths(also: AlsoDone = {}): Promise<EngineScene> {
  const scene = await EngineScene.withAccounts({ batchChargesMax: 64, retainedSeconds: RETAINED });
  await scene.ingest("october", [
    ...calls("a", 70),
    ...calls("b", 9, { aParty: BERT }),
    ...calls("single", 1, { bParty: "+49800111" }),
  ]);
  await scene.commit();
  await also.october?.(scene);
  scene.at("2026-11-01T09:00:00Z");
  await scene.ingest("both", [
    ...callsOn("2026-10-31", "late", 2),
    ...callsOn("2026-11-01", "early", 3, { aParty: BERT }),
  ]);
  await also.shared?.(scene);
  await scene.commit();
  await scene.pipeline.bill("2026-10");
  await scene.commit();
  scene.at("2026-11-20T09:00:00Z");
  await scene.ingest("november", callsOn("2026-11-10", "n", 5));
  await scene.commit();
  await also.november?.(scene);
  scene.at("2026-12-02T09:00:00Z");
  await scene.pipeline.bill("2026-11");
  await scene.commit();
  // The bills are seen to be final.
  await scene.pipeline.retention.step();
  return scene;
}

/** Lets the ledger's own time, which counts a gap as a heartbeat, run for half a day, and then the clock. */
export async function longAfter(scene: EngineScene, until = "2027-01-05T00:00:00Z"): Promise<void> {
  const { heartbeatSeconds } = scene.network.genesis;
  for (let beat = 0n; beat < DAY / 2n; beat += heartbeatSeconds) {
    scene.at(scene.network.head().time + heartbeatSeconds);
    await scene.commit();
  }
  scene.at(until);
}

export async function eraseAll({ pipeline }: EngineScene) {
  for (let step = 0; step < 100; step++) {
    const progress = await pipeline.retention.step();
    if (progress.done) return progress;
  }
  return assert.fail("it does not end");
}

export const keysUnder = async ({ store }: EngineScene, prefix: string): Promise<string[]> => {
  const found: string[] = [];
  for await (const { key } of store.scan({ from: prefix, to: `${prefix}\u{10ffff}` }))
    found.push(key);
  return found;
};

export async function contentsOf({ store }: EngineScene): Promise<Map<string, Uint8Array>> {
  const contents = new Map<string, Uint8Array>();
  for await (const { key, value } of store.scan({ from: "", to: "\u{10ffff}" })) {
    contents.set(key, Uint8Array.from(value));
  }
  return contents;
}
