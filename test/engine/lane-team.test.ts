import { strict as assert } from "node:assert";
import type { TakenLines } from "../../node/engine/aggregate/event-lane.ts";
import { type Lane, LaneTeam } from "../../node/engine/aggregate/lane-team.ts";

const NOTHING: TakenLines = { lines: 0, events: 0, rejections: {} };
const piece = (byte: number) => Uint8Array.of(byte);

/** A lane whose work ends when the test says so. */
class HeldLane implements Lane {
  readonly given: number[] = [];
  readonly parts: number[] = [];
  readonly #ends: { resolve: (taken: TakenLines) => void; reject: (error: Error) => void }[] = [];

  update = async () => {};
  begin = async () => {};
  flush = async () => ({ bytes: {}, parts: {}, watermark: 0 });
  beginClosing = async () => {};
  end = async () => {};

  take = (lines: Uint8Array) => {
    this.given.push(lines[0] as number);
    return new Promise<TakenLines>((resolve, reject) => this.#ends.push({ resolve, reject }));
  };
  closePart = async (part: number) => {
    this.parts.push(part);
    // The more it did, the longer the next takes: others do more of the rest.
    for (let turn = 0; turn < this.parts.length; turn++) await Promise.resolve();
  };
  finishClosing = async () => ({
    charges: this.parts.length,
    events: 2 * this.parts.length,
    duplicates: 0,
    bytes: 1,
  });

  finish(taken: Partial<TakenLines> = {}): void {
    this.#ends.shift()?.resolve({ ...NOTHING, ...taken });
  }
  fail(error: Error): void {
    this.#ends.shift()?.reject(error);
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("lanes that share the work", () => {
  it("have two pieces each at most: whoever reads waits for them", async () => {
    const lanes = [new HeldLane(), new HeldLane()] as const;
    const team = new LaneTeam(lanes);
    for (const byte of [1, 2, 3]) await team.take(piece(byte));
    let hasRoom = false;
    const fourth = team.take(piece(4)).then(() => {
      hasRoom = true;
    });
    await turn();
    assert.deepEqual(
      lanes.map(({ given }) => given),
      [
        [1, 3],
        [2, 4],
      ],
    );
    assert.equal(hasRoom, false);
    lanes[1].finish();
    await fourth;
    void team.take(piece(5));
    assert.deepEqual(lanes[1].given, [2, 4, 5]);
  });

  it("say in which line of the whole something was first wrong, whoever is ready first", async () => {
    const lanes = [new HeldLane(), new HeldLane()] as const;
    const team = new LaneTeam(lanes);
    await team.take(piece(1));
    await team.take(piece(2));
    const wrong = { "events.bad-time": { count: 1, firstLine: 4 } };
    lanes[1].finish({ lines: 10, events: 9, rejections: wrong });
    lanes[0].finish({ lines: 100, events: 99, rejections: wrong });
    const { lines, events, rejections } = await team.settle();
    assert.deepEqual([lines, events], [110, 108]);
    assert.deepEqual([...rejections], [["events.bad-time", { count: 2, firstLine: 4 }]]);
    await team.take(piece(3));
    await team.take(piece(4));
    lanes[0].finish({ lines: 100, events: 100 });
    lanes[1].finish({ lines: 10, events: 9, rejections: wrong });
    const second = await team.settle();
    assert.deepEqual([...second.rejections], [["events.bad-time", { count: 1, firstLine: 104 }]]);
  });

  it("count nothing any more after one has failed", async () => {
    const lane = new HeldLane();
    const team = new LaneTeam([lane]);
    await team.take(piece(1));
    lane.fail(new Error("the disk is gone"));
    await assert.rejects(team.settle(), /the disk is gone/);
    await team.take(piece(2));
    lane.finish({ lines: 1, events: 1 });
    await assert.rejects(team.settle(), /the disk is gone/);
  });

  it("close each part of a window once", async () => {
    const lanes = [new HeldLane(), new HeldLane(), new HeldLane()];
    const report = await new LaneTeam(lanes).close("1-0", 20);
    const all = lanes.flatMap(({ parts }) => parts);
    assert.deepEqual(
      all.toSorted((a, b) => a - b),
      Array.from({ length: 20 }, (_, part) => part),
    );
    assert.deepEqual(report, { charges: 20, events: 40, duplicates: 0, bytes: 3 });
  });
});
