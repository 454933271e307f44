import assert from "node:assert/strict";
import { EventBuffer } from "../../node/core/aggregation/event-block.ts";
import { buildEventsTree } from "../../node/core/aggregation/event-digests.ts";
import { groupEvents, recordOfGroup } from "../../node/core/aggregation/event-group.ts";
import { proveEvent } from "../../node/core/aggregation/event-proof.ts";
import { EventsHasher } from "../../node/core/aggregation/events-hasher.ts";
import { AggregationPolicy } from "../../node/core/aggregation/policy.ts";
import { checkEvent } from "../../node/core/evidence/check-event.ts";
import { verifyBundle } from "../../node/core/evidence/verify-bundle.ts";
import { NAME_KEY } from "../core/formats/name-key.ts";
import { ANNA, EngineScene } from "./engine-scene.ts";

const KEY = new Uint8Array(32).fill(0x33);
const WINDOW = Date.parse("2026-10-05T10:00:00Z");

describe("a charge of events, from the events to the bill", () => {
  it("is rated, committed and shown like any other, and each of its events with it", async () => {
    const policy = new AggregationPolicy({
      name: "meter",
      service: "data",
      groupBy: ["device"],
      window: "hour",
      quantity: "sum",
    });
    const events = new EventBuffer(NAME_KEY);
    const device = events.nameNumber(ANNA);
    for (let i = 0; i < 60; i++) events.push(device, device, WINDOW + i * 60_000, i, 50_000 + i);
    const [group] = groupEvents(policy, events);
    assert.ok(group !== undefined);
    const { header } = new EventsHasher().hash(events, group.rows, KEY);
    const record = recordOfGroup(policy, group, { window: WINDOW, supplement: 0 }, header);

    const scene = await EngineScene.withAccounts();
    const taken = await scene.ingest("aggregated", [record]);
    assert.equal(taken.classes.charged.records, 1);
    await scene.commit();
    await scene.assertConsistent();
    const bundle = await scene.pipeline.evidence("anna", "2026-10");
    const report = verifyBundle(bundle, { sources: [], seals: {}, tariffs: {} });
    const included = report.lines[0]?.checks.find(({ name }) => name === "included");
    assert.equal(included?.ok, true);

    const tree = buildEventsTree(
      KEY,
      Array.from({ length: 60 }, (_, i) => ({
        device: ANNA,
        time: BigInt(WINDOW + i * 60_000),
        sequence: BigInt(i),
        quantity: BigInt(50_000 + i),
      })),
    );
    const shown = (sequence: bigint) => {
      const event = { device: ANNA, time: BigInt(WINDOW + 7 * 60_000), sequence };
      return checkEvent(bundle, proveEvent(record.id, KEY, tree, event));
    };
    for (const [sequence, isPresent] of [
      [7n, true],
      [8n, false],
    ] as const) {
      const { line, present, checks } = shown(sequence);
      assert.equal(line, "1");
      assert.equal(present, isPresent);
      assert.ok(
        checks.every(({ ok }) => ok === true),
        JSON.stringify(checks),
      );
    }
  });
});
