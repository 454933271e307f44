import { strict as assert } from "node:assert";
import { mkdtempSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCheckpoint, writeCheckpoint } from "../../node/adapters/checkpoint-file.ts";
import { EventFiles } from "../../node/adapters/event-files.ts";
import { forgetBefore, forgetDue } from "../../node/cli/event-retention.ts";
import type { Output } from "../../node/cli/output.ts";
import { AggregationPolicy } from "../../node/core/aggregation/policy.ts";
import { eventsKeptUntil } from "../../node/engine/aggregate/event-retention.ts";
import { runCommand } from "./run-command.ts";

const START = Date.parse("2026-10-01T00:00:00Z");
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const POLICY = {
  name: "lamps",
  service: "event",
  groupBy: ["device"],
  window: "hour",
  quantity: "count",
  ageSecondsMax: 3600,
  challengeDays: 10,
};
const TAKEN = Date.parse("2026-10-05T00:00:00Z");
/** Billed by the end of November, challenged for ten days. */
const UNTIL = Date.parse("2026-12-11T00:00:00Z");

const silent = { record: async () => {}, say: async () => {}, remark: () => {} };

describe("how long events are kept", function () {
  this.timeout(240_000);
  let path: string;
  let folder: EventFiles | undefined;
  const at = (name: string) => join(path, name);
  const output = silent as unknown as Output;

  beforeEach(async () => {
    path = mkdtempSync(join(tmpdir(), "tallystick-retention-"));
    writeFileSync(at("policy.json"), JSON.stringify(POLICY));
    const lines = [0, 1, 2].map((hour) => `lamp-1,${START + hour * HOUR}`);
    writeFileSync(at("a.csv"), `device,time\n${lines.join("\n")}\n`);
    await aggregate(at("a.csv"), "--close");
    folder = new EventFiles(at("events"));
  });
  afterEach(() => {
    folder?.release();
    rmSync(path, { recursive: true, force: true });
  });

  const aggregate = (...args: string[]) =>
    runCommand([
      "aggregate",
      "--into",
      at("events"),
      "--policy",
      at("policy.json"),
      "--json",
      ...args,
    ]);
  const closed = () => readdirSync(at("events/closed")).length;

  /** As if a node had taken them. */
  function deliver(count: number): void {
    for (const file of folder?.waiting().slice(0, count) ?? []) folder?.delivered(file, TAKEN);
  }

  /** As if the newest event were of this time. */
  function newestEvent(time: number): void {
    const checkpoint = readCheckpoint(at("events"));
    assert.ok(checkpoint !== undefined);
    writeCheckpoint(at("events"), { ...checkpoint, watermark: time });
  }

  it("is until the bill can no longer be challenged, by the clock and by the newest event", async () => {
    assert.ok(folder !== undefined);
    deliver(3);
    for (const [clock, newest] of [
      [UNTIL - 1, UNTIL - 1],
      [UNTIL - 1, UNTIL + 400 * DAY],
      [UNTIL + 400 * DAY, UNTIL - 1],
    ] as const) {
      newestEvent(newest);
      await forgetDue(folder, output, clock);
      assert.equal(closed(), 3);
      await assert.rejects(forgetBefore(folder, "2026-10-02", output, clock), {
        code: "events.still-challengeable",
      });
      assert.equal(closed(), 3);
    }
    newestEvent(UNTIL);
    await forgetDue(folder, output, UNTIL);
    assert.deepEqual([closed(), readdirSync(at("events/done")).length], [0, 0]);
  });

  it("has no end while a record waits to be taken in", async () => {
    assert.ok(folder !== undefined);
    deliver(2);
    newestEvent(UNTIL + 4000 * DAY);
    await assert.rejects(forgetBefore(folder, "2026-10-02", output, UNTIL + 4000 * DAY), {
      code: "events.still-challengeable",
    });
    assert.equal(closed(), 3, "all or none");
    await forgetDue(folder, output, UNTIL + 4000 * DAY);
    assert.equal(closed(), 1);
    assert.equal(folder.waiting().length, 1);
  });

  it("removes of older windows only, on the operator's word", async () => {
    assert.ok(folder !== undefined);
    deliver(3);
    newestEvent(UNTIL);
    const [first = ""] = folder.listClosed();
    await forgetBefore(folder, "2026-10-01", output, UNTIL);
    assert.equal(closed(), 3);
    // By hand, as if a window were of the day before.
    renameSync(at(`events/closed/${first}.0`), at(`events/closed/${START - HOUR}-0.0`));
    renameSync(at(`events/done/${first}.0.ndjson`), at(`events/done/${START - HOUR}-0.0.ndjson`));
    utimesSync(at(`events/done/${START - HOUR}-0.0.ndjson`), TAKEN / 1000, TAKEN / 1000);
    await forgetBefore(folder, "2026-10-01", output, UNTIL);
    assert.equal(closed(), 2);
  });

  it("is as long as late events are compared with what is charged", () => {
    const policy = new AggregationPolicy({ ...POLICY, ageSecondsMax: 400 * 86_400 });
    const until = eventsKeptUntil(policy, `${START}-0`, TAKEN);
    assert.equal(until, START + HOUR + 400 * DAY);
    assert.equal(eventsKeptUntil(policy, `${START}-0`, undefined), Number.POSITIVE_INFINITY);
  });

  it("may be changed for a folder that is in use, and nothing else of the policy", async () => {
    folder?.release();
    folder = undefined;
    writeFileSync(at("policy.json"), JSON.stringify({ ...POLICY, challengeDays: 400 }));
    assert.equal((await aggregate("--close")).exitCode, 0);
    writeFileSync(at("policy.json"), JSON.stringify({ ...POLICY, awaitSeconds: 1 }));
    const refused = await aggregate("--close");
    assert.equal(refused.lines.at(-1)?.error?.code, "policy.changed");
  });
});
