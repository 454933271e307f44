import { strict as assert } from "node:assert";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventFiles } from "../../node/adapters/event-files.ts";
import { decodeEvents, EventBuffer } from "../../node/core/aggregation/event-block.ts";
import { buildEventsTree, eventsRoot } from "../../node/core/aggregation/event-digests.ts";
import { AggregationPolicy } from "../../node/core/aggregation/policy.ts";
import { toHex } from "../../node/core/bytes.ts";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import { type ClosingReport, EventAggregator } from "../../node/engine/aggregate-events.ts";

const HOUR = 3_600_000;
const START = Date.parse("2026-10-01T00:00:00Z");
const POLICY = {
  name: "lamps",
  service: "energy",
  groupBy: ["device"],
  window: "hour",
  quantity: "sum",
};

interface Event {
  device: string;
  time: number;
  sequence: number;
  quantity: number;
}

/** Ten lamps, one event a minute. */
const hourOf = (hour: number): Event[] =>
  Array.from({ length: 600 }, (_, i) => ({
    device: `lamp-${i % 10}`,
    time: START + hour * HOUR + Math.floor(i / 10) * 60_000 + i,
    sequence: hour * 60 + Math.floor(i / 10),
    quantity: (i % 10) + 1,
  }));

describe("aggregating events", () => {
  let path: string;
  let folder: EventFiles;
  let random = 0;
  let closings: ClosingReport[];

  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), "tallystick-events-"));
    closings = [];
  });
  afterEach(() => {
    folder.release();
    rmSync(path, { recursive: true, force: true });
  });

  function start(policy: object = POLICY, now = START + 30 * 24 * HOUR): EventAggregator {
    folder = new EventFiles(path);
    return EventAggregator.open({
      policy: new AggregationPolicy(policy),
      folder,
      partitions: 4,
      random: (length) => new Uint8Array(length).fill(++random),
      now: () => now,
      onClosed: (report) => closings.push(report),
    });
  }

  /** As after kill -9: nothing was flushed, and the lock of the dead process is there. */
  function crash(): void {
    folder.release();
    writeFileSync(join(path, "lock"), "999999999");
  }

  function take(aggregator: EventAggregator, events: Event[], source = "file"): void {
    aggregator.begin(source);
    for (const { device, time, sequence, quantity } of events) {
      aggregator.event(device, "gw", time, sequence, quantity);
    }
  }
  const saved = (aggregator: EventAggregator, bytes: number) =>
    aggregator.checkpoint({ bytes, lines: bytes });

  const records = (): UsageRecord[] =>
    readdirSync(join(path, "out"))
      .sort()
      .flatMap((file) =>
        readFileSync(join(path, "out", file), "utf8")
          .trim()
          .split("\n"),
      )
      .map((line) => JSON.parse(line));

  /** Recomputes the root of every record from the events that are kept. */
  function checkRoots(): number {
    const roots = new Map(records().map(({ id, eventsRoot: root }) => [id, root]));
    let events = 0;
    for (const name of folder.listClosed()) {
      for (const { record, key, data } of folder.readClosed(name, () => true)) {
        const buffer = new EventBuffer();
        decodeEvents(data, buffer);
        const names = buffer.devices.map((bytes) => new TextDecoder().decode(bytes));
        const tree = buildEventsTree(
          Uint8Array.from(Buffer.from(key, "base64")),
          Array.from({ length: buffer.count }, (_, row) => ({
            device: names[buffer.device[row]!]!,
            time: BigInt(buffer.time[row]!),
            sequence: BigInt(buffer.sequence[row]!),
            quantity: BigInt(buffer.quantity[row]!),
          })),
        );
        assert.equal(roots.get(record), toHex(eventsRoot(tree.header)));
        events += tree.events.length;
      }
    }
    return events;
  }

  it("makes one charge a device and hour, and keeps every event behind it", () => {
    const aggregator = start();
    take(aggregator, [...hourOf(0), ...hourOf(1)]);
    saved(aggregator, 1);
    aggregator.closeDue();
    assert.deepEqual(
      closings.map(({ charges, events }) => [charges, events]),
      [[10, 600]],
      "the second hour still waits for its events",
    );
    aggregator.closeDue(true);
    const all = records();
    assert.equal(all.length, 20);
    const lamp = all.find(({ deviceId }) => deviceId === "lamp-2");
    assert.equal(lamp?.energyWattHours, "0.18");
    assert.equal(lamp?.service, "energy");
    assert.equal(checkRoots(), 1200);
  });

  it("charges late events apart, and never what is charged already", () => {
    const aggregator = start();
    take(aggregator, [...hourOf(0), ...hourOf(2)]);
    saved(aggregator, 1);
    aggregator.closeDue();
    const before = records();
    const late = { device: "lamp-3", time: START + 5, sequence: 7777, quantity: 5 };
    take(aggregator, [...hourOf(0).slice(0, 50), late, late], "late");
    saved(aggregator, 1);
    aggregator.closeDue(true);
    const [supplement] = records().filter(
      ({ id }) => !before.some((one) => one.id === id) && id.includes(":1.1:"),
    );
    assert.equal(supplement?.deviceId, "lamp-3");
    assert.equal(supplement?.energyWattHours, "0.005");
    assert.equal(records().filter(({ id }) => id.includes(":1.1:")).length, 1);
    for (const record of before)
      assert.deepEqual(
        records().find(({ id }) => id === record.id),
        record,
      );
    assert.equal(
      closings.reduce((sum, { duplicates }) => sum + duplicates, 0),
      51,
    );
    assert.equal(checkRoots(), 1201);
  });

  it("gives the same charges after a kill at any moment", () => {
    const events = [...hourOf(0), ...hourOf(1), ...hourOf(3)];
    const clean = start();
    take(clean, events);
    saved(clean, events.length);
    clean.closeDue(true);
    const expected = records().map(({ eventsRoot: _, ...record }) => record);
    for (const [savedAt, killedAt, closed] of [
      [0, 400, false],
      [300, 900, false],
      [700, 1500, true],
      [1800, 1800, true],
    ] as const) {
      folder.release();
      rmSync(path, { recursive: true, force: true });
      const first = start();
      take(first, events.slice(0, savedAt));
      saved(first, savedAt);
      if (closed) first.closeDue();
      take(first, events.slice(savedAt, killedAt));
      // Frames that were appended, but of which no checkpoint speaks.
      for (const name of folder.listOpen()) folder.append(name, 0, Uint8Array.of(1, 2, 3));
      crash();
      const second = start();
      const { bytes } = second.progressOf("file");
      assert.equal(bytes, savedAt);
      take(second, events.slice(bytes));
      saved(second, events.length);
      second.closeDue(true);
      const found = records().map(({ eventsRoot: _, ...record }) => record);
      assert.deepEqual(found, expected);
      assert.equal(checkRoots(), events.length);
    }
  });

  it("does a closing again that a kill interrupted, and hands its charges out once", () => {
    for (const step of ["writeCheckpoint", "publish", "removeOpen"] as const) {
      folder?.release();
      rmSync(path, { recursive: true, force: true });
      const first = start();
      take(first, hourOf(0));
      saved(first, 600);
      const dies: EventFiles[typeof step] = () => {
        throw new Error("killed");
      };
      Object.defineProperty(folder, step, { value: dies });
      assert.throws(() => first.closeDue(true), /killed/, step);
      crash();
      const again = start();
      again.closeDue(true);
      again.checkpoint();
      again.closeDue(true);
      assert.equal(records().length, 10, step);
      assert.equal(checkRoots(), 600, step);
      assert.deepEqual(folder.listOpen(), [], step);
    }
  });

  it("keeps slabs of the day apart, in the zone's own time", () => {
    const aggregator = start({
      ...POLICY,
      groupBy: ["gateway", "slab"],
      window: "day",
      slabs: { zone: "Europe/Berlin", begin: ["06:00", "22:00"] },
    });
    take(aggregator, Array.from({ length: 24 }, (_, hour) => hourOf(hour)).flat());
    saved(aggregator, 1);
    aggregator.closeDue(true);
    const parts = records().map(({ quality, energyWattHours }) => [quality, energyWattHours]);
    // 06:00 to 22:00 in Berlin is 04:00 to 20:00 UTC: 16 hours of 3.3 Wh each.
    assert.deepEqual(parts.sort(), [
      ["slab 0", "52.8"],
      ["slab 1", "26.4"],
    ]);
  });

  it("refuses what is too old or from the future, and another policy for the same folder", () => {
    const aggregator = start(POLICY, START + 2 * HOUR);
    take(aggregator, [
      ...hourOf(0),
      { device: "lamp-1", time: START + 48 * HOUR, sequence: 0, quantity: 1 },
      { device: "lamp-1", time: START - 31 * 24 * HOUR, sequence: 0, quantity: 1 },
    ]);
    assert.deepEqual(
      [...aggregator.rejections],
      [
        ["events.from-the-future", 1],
        ["events.too-old", 1],
      ],
    );
    saved(aggregator, 1);
    crash();
    assert.throws(() => start({ ...POLICY, window: "day" }), { code: "policy.changed" });
  });

  it("is for one process, and sees a changed bit", () => {
    const aggregator = start();
    take(aggregator, hourOf(0));
    saved(aggregator, 1);
    aggregator.closeDue(true);
    writeFileSync(join(path, "lock"), String(process.ppid));
    assert.throws(() => new EventFiles(path), { code: "events.folder-in-use" });
    const [name = ""] = folder.listClosed();
    const file = join(path, "closed", name);
    const bytes = readFileSync(file);
    bytes[20] = (bytes[20] as number) ^ 1;
    writeFileSync(file, bytes);
    assert.throws(() => [...folder.readClosed(name, () => true)], { code: "events.damaged-file" });
  });
});
