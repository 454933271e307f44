import { strict as assert } from "node:assert";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventFiles } from "../../node/adapters/event-files.ts";
import { LaneFiles } from "../../node/adapters/lane-files.ts";
import { decodeEvents, EventBuffer } from "../../node/core/aggregation/event-block.ts";
import { buildEventsTree, eventsRoot } from "../../node/core/aggregation/event-digests.ts";
import { AggregationPolicy } from "../../node/core/aggregation/policy.ts";
import { toHex } from "../../node/core/bytes.ts";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import {
  type ClosingReport,
  EventAggregator,
} from "../../node/engine/aggregate/aggregate-events.ts";
import { EventLane } from "../../node/engine/aggregate/event-lane.ts";
import { NearLane } from "../../node/engine/aggregate/lane-team.ts";
import { NAME_KEY, nameKeyOf } from "../core/formats/name-key.ts";

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

  function start(
    policy: object = POLICY,
    {
      now = () => START + 30 * 24 * HOUR,
      parts = 4,
      lanes = 2,
      roundEvents = 1e6,
      nameKey = NAME_KEY,
    } = {},
  ): EventAggregator {
    folder = new EventFiles(path);
    const checked = new AggregationPolicy(policy);
    return EventAggregator.open({
      policy: checked,
      folder,
      parts,
      lanes,
      startLane: (lane, state) => {
        const random_ = (length: number) => new Uint8Array(length).fill(++random);
        const own = {
          policy: checked,
          folder: new LaneFiles(path, lane),
          random: random_,
          nameKey,
          roundEvents,
        };
        return new NearLane(new EventLane(own, state));
      },
      now,
      onClosed: (report) => closings.push(report),
    });
  }

  /** As after kill -9: nothing was flushed, and the lock of the dead process is there. */
  function crash(): void {
    folder.release();
    writeFileSync(join(path, "lock"), "999999999");
  }

  const HEADER = "device,gateway,time,sequence,quantity";
  /** In two pieces, so that each of two lanes gets one. */
  async function take(
    aggregator: EventAggregator,
    events: (Event & { gateway?: string })[],
    source = "file",
  ): Promise<void> {
    await aggregator.begin(source, HEADER);
    const lines = events.map(
      ({ device, gateway = "gw", time, sequence, quantity }) =>
        `${device},${gateway},${time},${sequence},${quantity}\n`,
    );
    const half = Math.ceil(lines.length / 2);
    for (const piece of [lines.slice(0, half), lines.slice(half)]) {
      await aggregator.take(Uint8Array.from(Buffer.from(piece.join(""))));
    }
  }
  const saved = (aggregator: EventAggregator, bytes: number) =>
    aggregator.checkpoint(bytes, HEADER);

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
        const buffer = new EventBuffer(NAME_KEY);
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

  it("makes one charge a device and hour, and keeps every event behind it", async () => {
    const aggregator = start();
    await take(aggregator, [...hourOf(0), ...hourOf(1)]);
    await saved(aggregator, 1);
    await aggregator.closeDue();
    assert.deepEqual(
      closings.map(({ charges, events }) => [charges, events]),
      [[10, 600]],
      "the second hour still waits for its events",
    );
    await aggregator.closeDue(true);
    const all = records();
    assert.equal(all.length, 20);
    const lamp = all.find(({ deviceId }) => deviceId === "lamp-2");
    assert.equal(lamp?.energyWattHours, "0.18");
    assert.equal(lamp?.service, "energy");
    assert.equal(checkRoots(), 1200);
  });

  it("writes the same bytes whatever the key is by which names are found", async () => {
    const written = async (nameKey: Uint32Array): Promise<Map<string, string>> => {
      random = 0;
      // So few events at once that a part is closed in several rounds.
      const options = { parts: 3, roundEvents: 50, nameKey };
      const aggregator = start({ ...POLICY, groupBy: ["device", "gateway"] }, options);
      const events = [...hourOf(0), ...hourOf(1)].map((event, at) => ({
        ...event,
        gateway: `gw-${at % 3}`,
      }));
      await take(aggregator, events);
      await saved(aggregator, 1);
      await aggregator.closeDue();
      const late = { device: "lamp-3", time: START + 5, sequence: 7777, quantity: 5 };
      await take(aggregator, [...events.slice(0, 50), late], "late");
      await saved(aggregator, 2);
      await aggregator.closeDue(true);
      folder.release();
      const files = readdirSync(path, { recursive: true, withFileTypes: true });
      const bytes = files
        .filter((file) => file.isFile())
        .map((file) => join(file.parentPath, file.name))
        .map((file) => [file, readFileSync(file, "hex")] as const);
      rmSync(path, { recursive: true });
      mkdirSync(path);
      return new Map(bytes.sort());
    };
    const first = await written(NAME_KEY);
    assert.ok(first.size > 3, `${[...first.keys()]}`);
    assert.deepEqual(await written(nameKeyOf(7)), first);
  });

  it("awaits events that are late by seconds: they are in the window's own charge", async () => {
    const aggregator = start({ ...POLICY, awaitSeconds: 60 });
    const at = (time: number, sequence: number) => ({
      device: "lamp-1",
      time: START + time,
      sequence,
      quantity: 1,
    });
    await take(aggregator, [at(5, 1), at(HOUR + 59_999, 2)]);
    await saved(aggregator, 1);
    await aggregator.closeDue();
    assert.deepEqual(closings, [], "a minute is not over");
    await take(aggregator, [at(HOUR - 1, 3), at(HOUR + 60_000, 4)]);
    await saved(aggregator, 2);
    await aggregator.closeDue();
    assert.deepEqual(
      records().map(({ id, energyWattHours }) => [id.includes(":0.1:"), energyWattHours]),
      [[true, "0.002"]],
    );
    // By a second more, and it is a supplement.
    await take(aggregator, [at(HOUR - 2, 5)]);
    await saved(aggregator, 3);
    await aggregator.closeDue(true);
    const supplement = records().filter(({ id }) => id.includes(":1.1:"));
    assert.deepEqual(
      supplement.map(({ energyWattHours }) => energyWattHours),
      ["0.001"],
    );
  });

  it("gathers late events of a closed window as long as it awaits others: they make one charge", async () => {
    const aggregator = start({ ...POLICY, awaitSeconds: 60 });
    const at = (time: number, sequence: number) => ({
      device: "lamp-1",
      time: START + time,
      sequence,
      quantity: 1,
    });
    let sequence = 0;
    for (const times of [[5, HOUR + 60_000], [6], [7, HOUR + 119_999], [HOUR + 120_000]]) {
      await take(
        aggregator,
        times.map((time) => at(time, ++sequence)),
      );
      await saved(aggregator, times.length);
      await aggregator.closeDue();
    }
    assert.deepEqual(
      records().map(({ id, energyWattHours }) => [/:\d\.1:/.exec(id)?.[0], energyWattHours]),
      [
        [":0.1:", "0.001"],
        [":1.1:", "0.002"],
      ],
    );
  });

  it("charges late events apart, and never what is charged already", async () => {
    const aggregator = start();
    await take(aggregator, [...hourOf(0), ...hourOf(2)]);
    await saved(aggregator, 1);
    await aggregator.closeDue();
    const before = records();
    const late = { device: "lamp-3", time: START + 5, sequence: 7777, quantity: 5 };
    await take(aggregator, [...hourOf(0).slice(0, 50), late, late], "late");
    await saved(aggregator, 1);
    await aggregator.closeDue(true);
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

  it("gives the same charges after a kill at any moment", async () => {
    const events = [...hourOf(0), ...hourOf(1), ...hourOf(3)];
    const clean = start();
    await take(clean, events);
    await saved(clean, events.length);
    await clean.closeDue(true);
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
      await take(first, events.slice(0, savedAt));
      await saved(first, savedAt);
      if (closed) await first.closeDue();
      await take(first, events.slice(savedAt, killedAt));
      // Frames that were appended, but of which no checkpoint speaks.
      for (const name of readdirSync(join(path, "open"))) {
        appendFileSync(join(path, "open", name), Uint8Array.of(1, 2, 3));
      }
      writeFileSync(join(path, "open", `${START + 9 * HOUR}-0.1`), "never saved");
      crash();
      const second = start();
      const { bytes } = second.progressOf("file");
      assert.equal(bytes, savedAt);
      await take(second, events.slice(bytes));
      await saved(second, events.length);
      await second.closeDue(true);
      const found = records().map(({ eventsRoot: _, ...record }) => record);
      assert.deepEqual(found, expected);
      assert.equal(checkRoots(), events.length);
    }
  });

  it("does a closing again that a kill interrupted, and hands its charges out once", async () => {
    for (const step of ["writeCheckpoint", "publish", "removeOpen"] as const) {
      folder?.release();
      rmSync(path, { recursive: true, force: true });
      const first = start(POLICY, { lanes: 3 });
      await take(first, hourOf(0));
      await saved(first, 600);
      const dies: EventFiles[typeof step] = () => {
        throw new Error("killed");
      };
      Object.defineProperty(folder, step, { value: dies });
      await assert.rejects(first.closeDue(true), /killed/, step);
      crash();
      // With fewer lanes: what the third wrote must not stay.
      const again = start(POLICY, { lanes: 1 });
      await again.closeDue(true);
      await again.closeDue(true);
      assert.equal(records().length, 10, step);
      assert.equal(checkRoots(), 600, step);
      assert.deepEqual(readdirSync(join(path, "open")), [], step);
    }
  });

  it("keeps slabs of the day apart, in the zone's own time", async () => {
    const aggregator = start({
      ...POLICY,
      groupBy: ["gateway", "slab"],
      window: "day",
      slabs: { zone: "Europe/Berlin", begin: ["06:00", "22:00"] },
    });
    await take(aggregator, Array.from({ length: 24 }, (_, hour) => hourOf(hour)).flat());
    await saved(aggregator, 1);
    await aggregator.closeDue(true);
    const parts = records().map(({ quality, energyWattHours }) => [quality, energyWattHours]);
    // 06:00 to 22:00 in Berlin is 04:00 to 20:00 UTC: 16 hours of 3.3 Wh each.
    assert.deepEqual(parts.sort(), [
      ["slab 0", "52.8"],
      ["slab 1", "26.4"],
    ]);
  });

  it("measures a group by its sum, count, minimum, maximum or last event", async () => {
    const events = [7, 3, 9, 4].map((quantity, i) => ({
      device: "lamp-1",
      time: START + i * 60_000,
      sequence: i,
      quantity,
    }));
    for (const [quantity, expected] of [
      ["sum", 23],
      ["count", 4],
      ["minimum", 3],
      ["maximum", 9],
      ["last", 4],
    ] as const) {
      folder?.release();
      rmSync(path, { recursive: true, force: true });
      const aggregator = start({ ...POLICY, service: "event", quantity });
      await take(aggregator, events.toReversed());
      await saved(aggregator, 1);
      await aggregator.closeDue(true);
      assert.deepEqual(
        records().map(({ units }) => units),
        [expected],
        quantity,
      );
    }
  });

  it("groups by gateway, by device and gateway, and by nothing but the hour", async () => {
    const events = hourOf(0).map((event, i) => ({ ...event, gateway: `gw-${i % 3}` }));
    const total = 3300;
    for (const [groupBy, charges] of [
      [["gateway"], 3],
      [["device", "gateway"], 30],
    ] as const) {
      folder?.release();
      rmSync(path, { recursive: true, force: true });
      const aggregator = start({ ...POLICY, service: "event", groupBy });
      await take(aggregator, events);
      await saved(aggregator, 1);
      await aggregator.closeDue(true);
      const ids = records().map(({ id }) => id);
      assert.equal(new Set(ids).size, charges);
      assert.equal(
        records().reduce((sum, { units = 0 }) => sum + units, 0),
        total,
      );
    }
    folder.release();
    rmSync(path, { recursive: true, force: true });
    const aggregator = start({ ...POLICY, service: "event", groupBy: [] });
    await take(aggregator, events);
    await saved(aggregator, 1);
    await aggregator.closeDue(true);
    const found = records();
    assert.equal(new Set(found.map(({ id }) => id)).size, found.length, "no two have the same id");
    assert.ok(found.length <= 4, "one for each part");
    assert.equal(
      found.reduce((sum, { units = 0 }) => sum + units, 0),
      total,
    );
  });

  it("gives the same charges with other numbers of lanes, parts and rounds, changed in between", async () => {
    const events = [...hourOf(0), ...hourOf(1)];
    const clean = start(POLICY, { lanes: 1, parts: 1 });
    await take(clean, events);
    await saved(clean, 1);
    await clean.closeDue(true);
    const plain = () =>
      records()
        .map(({ eventsRoot: _, ...record }) => record)
        .sort((a, b) => (a.id < b.id ? -1 : 1));
    const expected = plain();
    folder.release();
    rmSync(path, { recursive: true, force: true });
    const first = start(POLICY, { lanes: 3, parts: 4 });
    await take(first, events.slice(0, 500));
    await saved(first, 500);
    folder.release();
    const second = start(POLICY, { lanes: 1, parts: 7, roundEvents: 40 });
    await take(second, events.slice(500));
    await saved(second, 1200);
    folder.release();
    const third = start(POLICY, { lanes: 2, parts: 1, roundEvents: 40 });
    await third.closeDue(true);
    assert.deepEqual(plain(), expected);
    assert.equal(checkRoots(), 1200);
  });

  it("counts an event once, whichever lane took it, and the same one of two that differ", async () => {
    const event = { device: "lamp-1", time: START + 1, sequence: 1, quantity: 5 };
    for (const turned of [false, true]) {
      folder?.release();
      rmSync(path, { recursive: true, force: true });
      const aggregator = start();
      const events = [event, { ...event, quantity: 6 }];
      await take(aggregator, turned ? events.toReversed() : events);
      await saved(aggregator, 1);
      await aggregator.closeDue(true);
      assert.deepEqual(
        records().map(({ energyWattHours }) => energyWattHours),
        ["0.005"],
      );
    }
  });

  it("forgets files and windows whose events it would refuse, and takes none of them twice", async () => {
    const aggregator = start({ ...POLICY, ageSecondsMax: 3600 });
    await take(aggregator, hourOf(0), "old");
    await saved(aggregator, 600);
    await take(aggregator, hourOf(2).slice(0, 10), "new");
    await saved(aggregator, 10);
    await aggregator.closeDue(true);
    assert.equal(aggregator.progressOf("old").bytes, 600, "an hour and a window are not over");
    await take(aggregator, hourOf(4).slice(-1), "newest");
    await saved(aggregator, 1);
    await aggregator.closeDue(true);
    assert.equal(aggregator.progressOf("old").bytes, 0);
    assert.equal(aggregator.progressOf("newest").bytes, 1);
    const before = records();
    await take(aggregator, hourOf(0), "old");
    const { events, rejections } = await saved(aggregator, 600);
    assert.deepEqual([events, rejections.get("events.too-old")?.count], [0, 600]);
    await aggregator.closeDue(true);
    assert.deepEqual(records(), before);
  });

  it("makes no checkpoint after a lane has failed", async () => {
    const aggregator = start();
    await take(aggregator, hourOf(0));
    await saved(aggregator, 600);
    const before = readFileSync(join(path, "checkpoint.json"), "utf8");
    rmSync(join(path, "open"), { recursive: true });
    writeFileSync(join(path, "open"), "no folder");
    await take(aggregator, hourOf(1));
    await assert.rejects(saved(aggregator, 1200), { code: "ENOTDIR" });
    await assert.rejects(saved(aggregator, 1200), { code: "ENOTDIR" });
    assert.equal(readFileSync(join(path, "checkpoint.json"), "utf8"), before);
  });

  it("judges events by the latest time that the clock showed, when it is set back while it takes them in", async () => {
    let clock = START + 2 * HOUR;
    const aggregator = start(POLICY, { now: () => clock });
    await take(aggregator, hourOf(0));
    await saved(aggregator, 600);
    clock -= 72 * HOUR;
    await take(aggregator, hourOf(1));
    await saved(aggregator, 1200);
    assert.equal(folder.readCheckpoint()?.clock, START + 2 * HOUR);
    assert.equal(aggregator.clockBehind, 72 * HOUR);
    const at = (hour: number) => [
      { device: "lamp-1", time: START + hour * HOUR, sequence: 1000 + 2 * hour, quantity: 1 },
    ];
    await take(aggregator, [...at(25), ...at(27)]);
    const { events, rejections } = await saved(aggregator, 1300);
    assert.deepEqual([events, rejections.get("events.from-the-future")?.count], [1, 1]);
    await aggregator.closeDue(true);
    // What is late is told by the events' own times, as ever.
    await take(aggregator, at(0.5));
    await saved(aggregator, 1400);
    await aggregator.closeDue(true);
    assert.deepEqual(
      closings.map(({ name }) => name),
      [`${START}-0`, `${START + HOUR}-0`, `${START + 25 * HOUR}-0`, `${START}-1`],
    );
  });

  it("refuses what is too old or from the future, and another policy for the same folder", async () => {
    const aggregator = start(POLICY, { now: () => START + 2 * HOUR });
    await take(aggregator, [
      ...hourOf(0),
      { device: "lamp-1", time: START + 48 * HOUR, sequence: 0, quantity: 1 },
      { device: "lamp-1", time: START - 31 * 24 * HOUR, sequence: 0, quantity: 1 },
    ]);
    const { rejections } = await saved(aggregator, 1);
    assert.deepEqual(
      [...rejections],
      [
        ["events.from-the-future", { count: 1, firstLine: 602 }],
        ["events.too-old", { count: 1, firstLine: 603 }],
      ],
    );
    crash();
    assert.throws(() => start({ ...POLICY, window: "day" }), { code: "policy.changed" });
  });

  it("is for one process, and sees a changed bit", async () => {
    const aggregator = start();
    await take(aggregator, hourOf(0));
    await saved(aggregator, 1);
    await aggregator.closeDue(true);
    writeFileSync(join(path, "lock"), String(process.ppid));
    assert.throws(() => new EventFiles(path), { code: "events.folder-in-use" });
    const [name = ""] = folder.listClosed();
    const file = join(path, "closed", `${name}.0`);
    const bytes = readFileSync(file);
    bytes[20] = (bytes[20] as number) ^ 1;
    writeFileSync(file, bytes);
    assert.throws(() => [...folder.readClosed(name, () => true)], { code: "events.damaged-file" });
  });

  it("believes no checkpoint in which anything changed", async () => {
    const aggregator = start();
    await take(aggregator, hourOf(0));
    await saved(aggregator, 1);
    const file = join(path, "checkpoint.json");
    const whole = readFileSync(file);
    const refused = (bytes: Uint8Array, code = "events.damaged-file") => {
      writeFileSync(file, bytes);
      assert.throws(() => folder.readCheckpoint(), { code });
    };
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] as number) ^ 1;
      refused(changed);
      refused(whole.subarray(0, at));
    }
    refused(Buffer.from('{"version":2}'), "events.other-version");
    writeFileSync(file, whole);
    assert.equal(folder.readCheckpoint()?.version, 3);
  });
});
