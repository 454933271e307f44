import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { EvidenceWindows } from "../../node/adapters/evidence-windows.ts";
import { TallystickError } from "../../node/core/errors.ts";
import type { EvidenceTask } from "../../node/engine/evidence/evidence-kernel.ts";
import type { LineListing } from "../../node/engine/evidence/evidence-worker.ts";
import {
  FIELD,
  LINE,
  type LineMemory,
  LineWindow,
  placeOf,
} from "../../node/engine/evidence/line-window.ts";
import { hasCode } from "../engine/engine-scene.ts";

const LINES_EACH = 100;
const ACCOUNTS = 2_000;
const FILES = 80;

const nameOf = (at: number): string => `a${String(at).padStart(5, "0")}`;

/** Accounts of equally many lines; what is asked for is noted. */
class Lines {
  readonly listed: LineListing[] = [];
  filled = 0;
  fails = false;

  async list(listing: LineListing) {
    this.listed.push(listing);
    const first = Number(listing.from.slice(1));
    const count = Math.min(ACCOUNTS - first, Math.ceil(listing.linesMax / LINES_EACH));
    const accounts = Array.from({ length: count }, (_, at) => nameOf(first + at));
    const places = Float64Array.from({ length: count * LINES_EACH }, (_, at) =>
      placeOf(first * LINES_EACH + at, 0),
    );
    return { accounts, places };
  }

  async fill({ from, to, memory }: { from: number; to: number; memory: LineMemory }) {
    if (this.fails) throw new TallystickError("store.value-damaged", "for the test");
    this.filled += to - from;
    assert.ok(to <= memory.places.length);
    return new Uint8Array();
  }
}

const taskFrom = (first: number): EvidenceTask => ({
  epoch: "2026-10",
  seconds: 0n,
  files: Array.from({ length: FILES }, (_, at) => ({
    account: nameOf(first + at),
    secret: new Uint8Array(),
    salt: new Uint8Array(),
  })),
});

describe("windows of lines ahead of tasks", () => {
  let lines: Lines;
  let windows: EvidenceWindows;

  beforeEach(() => {
    lines = new Lines();
    windows = new EvidenceWindows(lines);
  });

  const memoryFor = (first: number) => windows.with(taskFrom(first), async (memory) => memory);

  it("are opened from the second task on, and hold the lines of those that follow", async () => {
    assert.equal(await memoryFor(0), undefined);
    const memory = (await memoryFor(FILES)) ?? assert.fail();
    assert.equal(await memoryFor(2 * FILES), memory);
    assert.deepEqual(
      lines.listed.map(({ from }) => from),
      [nameOf(FILES)],
    );
    assert.equal(lines.filled, memory.places.length);
    // What nobody filled is not taken for a line, also where another window's lines stood.
    const window = new LineWindow(memory);
    assert.equal(window.find(memory.places[0] as number), undefined);
    for (let line = 0; line < 5; line++) window.put(line, FIELD.state, LINE.row);
    assert.equal(window.find(memory.places[0] as number), 0);
    await windows.with({ ...taskFrom(0), epoch: "2026-11" }, async (reused = assert.fail()) => {
      assert.equal(reused.words.buffer, memory.words.buffer);
      assert.equal(new LineWindow(reused).find(reused.places[0] as number), undefined);
    });
  });

  it("grow while all of them is asked for, and shrink when little is", async () => {
    for (let first = 0; first < ACCOUNTS; first += FILES) await memoryFor(first);
    const [small = 0, large = 0] = lines.listed.map(({ linesMax }) => linesMax);
    assert.ok(large > small);
    await memoryFor(0);
    const whole = lines.listed.at(-1)?.linesMax ?? 0;
    await windows.with({ ...taskFrom(0), epoch: "2026-11" }, async () => {});
    assert.ok((lines.listed.at(-1)?.linesMax ?? 0) < whole);
  });

  it("are not laid out anew while a task reads them", async () => {
    await memoryFor(0);
    let end = (): void => assert.fail();
    const reading = windows.with(taskFrom(FILES), () => new Promise<void>((done) => (end = done)));
    await turn();
    const next = memoryFor(1_500);
    for (let i = 0; i < 5; i++) await turn();
    assert.equal(lines.listed.length, 1);
    end();
    await Promise.all([reading, next]);
    assert.equal(lines.listed.length, 2);
  });

  it("say what their filling says, and are tried again", async () => {
    await memoryFor(0);
    lines.fails = true;
    await assert.rejects(memoryFor(FILES), hasCode("store.value-damaged"));
    lines.fails = false;
    assert.ok(await memoryFor(FILES));
  });
});
