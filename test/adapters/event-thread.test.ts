import { strict as assert } from "node:assert";
import { mkdtempSync, readdirSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventFiles } from "../../node/adapters/event-files.ts";
import { EventThread } from "../../node/adapters/event-thread.ts";
import { AggregationPolicy } from "../../node/core/aggregation/policy.ts";
import type { LaneState } from "../../node/engine/aggregate/event-lane.ts";

const START = Date.parse("2026-10-01T00:00:00Z");
const POLICY = new AggregationPolicy({
  name: "lamps",
  service: "event",
  groupBy: ["device"],
  window: "hour",
  quantity: "sum",
});
const NAME = `${START}-0`;

describe("a lane in a thread of its own", function () {
  this.timeout(30_000);
  let path: string;
  let folder: EventFiles;
  let thread: EventThread;
  const state: LaneState = {
    watermark: 0,
    now: START + 86_400_000,
    closed: {},
    parts: {},
    partsOfNew: 4,
  };

  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), "tallystick-thread-"));
    folder = new EventFiles(path);
    thread = new EventThread({ policy: POLICY.document, folder: path, lane: 5, state });
  });
  afterEach(async () => {
    await thread.end();
    folder.release();
    rmSync(path, { recursive: true, force: true });
  });

  const take = async (text: string) => {
    await thread.begin("device,time,quantity");
    return thread.take(Uint8Array.from(Buffer.from(text)));
  };

  it("answers as the lane does, and writes files of its own", async () => {
    const taken = await take(`a,${START},1\nb,${START + 5},2\nb,x,2\n`);
    assert.deepEqual(taken, {
      lines: 3,
      events: 2,
      rejections: { "events.bad-time": { count: 1, firstLine: 3 } },
    });
    const { bytes, parts, watermark } = await thread.flush();
    assert.deepEqual([Object.keys(bytes), parts, watermark], [[NAME], { [NAME]: 4 }, START + 5]);
    assert.deepEqual(readdirSync(join(path, "open")), [`${NAME}.5`]);
    await thread.beginClosing(NAME, 4);
    for (let part = 0; part < 4; part++) await thread.closePart(part);
    const { charges, events } = await thread.finishClosing();
    assert.deepEqual([charges, events], [2, 2]);
    assert.deepEqual(readdirSync(join(path, "closed")), [`${NAME}.5`]);
  });

  it("is given its lines, and leaves the caller without them", async () => {
    await thread.begin("device,time,quantity");
    const lines = Uint8Array.from(Buffer.from(`a,${START},1\n`));
    await thread.take(lines);
    assert.equal(lines.length, 0);
  });

  it("tells its errors with their codes, and takes the next call", async () => {
    await assert.rejects(thread.begin("colour"), {
      code: "events.no-header",
      name: "TallystickError",
    });
    await take(`a,${START},1\n`);
    await thread.flush();
    truncateSync(join(path, "open", `${NAME}.5`), 20);
    await thread.beginClosing(NAME, 1);
    await assert.rejects(thread.closePart(0), { code: "events.damaged-file" });
    rmSync(join(path, "open"), { recursive: true });
    await thread.take(Uint8Array.from(Buffer.from(`a,${START + 3_600_000},1\n`)));
    await assert.rejects(thread.flush(), { code: "ENOENT", syscall: "open" });
  });
});
