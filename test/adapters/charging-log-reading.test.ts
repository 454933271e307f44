import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeGroup } from "../../node/adapters/charging-log-frame.ts";
import { logEntries, logName } from "../../node/adapters/charging-log-reading.ts";
import { LogSegments } from "../../node/adapters/charging-log-segment.ts";
import type { Entry } from "../../node/core/charging/entry.ts";
import { TallystickError } from "../../node/core/errors.ts";

const ROOM = Buffer.alloc(300);
const entry = (at: number): Entry => ({ type: "records-taken", at, upTo: at });
const GROUPS = [1, 2, 3].map((at) =>
  encodeGroup(BigInt(at), [JSON.stringify(entry(at)), JSON.stringify(entry(at))]),
);
const WHOLE = Buffer.concat(GROUPS);
const ENDS = GROUPS.map((_, i) => Buffer.concat(GROUPS.slice(0, i + 1)).length);
const damaged = (error: unknown) =>
  error instanceof TallystickError && error.code === "charging.log-damaged";

describe("reading a charging log's files", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "tallystick-log-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const put = (number: number, bytes: Uint8Array) =>
    writeFile(join(directory, logName(number)), bytes);
  const size = async (number: number) => (await readFile(join(directory, logName(number)))).length;
  /** As at a start: what stands there, and the sequence that goes on. */
  const started = async (upTo: number): Promise<{ entries: number[]; sequence: bigint }> => {
    const entries: number[] = [];
    let sequence = -1n;
    const content = logEntries(directory, 1, upTo, (end) => {
      sequence = end.sequence;
    });
    for await (const { at } of content) entries.push(at);
    return { entries, sequence };
  };
  const groupsUpTo = (bytes: number) => ENDS.filter((end) => end <= bytes).length;

  it("keeps whole groups and cuts the torn one, wherever a write broke off", async () => {
    for (let length = 0; length <= WHOLE.length; length++) {
      const kept = groupsUpTo(length);
      const expected = [1, 2, 3].slice(0, kept).flatMap((at) => [at, at]);
      const torn = WHOLE.subarray(0, length);
      for (const [what, bytes] of [
        ["cut", torn],
        ["in laid out room", Buffer.concat([torn, Buffer.alloc(WHOLE.length - length), ROOM])],
      ] as const) {
        await put(1, bytes);
        const first = await started(1);
        assert.deepEqual(first.entries, expected, `${what} at ${length}`);
        assert.equal(first.sequence, kept === 0 ? 0n : BigInt(kept + 1));
        const isTorn = torn.subarray(ENDS[kept - 1] ?? 0).some((byte) => byte !== 0);
        if (isTorn) assert.equal(await size(1), ENDS[kept - 1] ?? 0, `${what} at ${length}`);
        assert.deepEqual(await started(1), first, "a second start sees the same");
      }
    }
  });

  it("takes a next file that holds nothing yet for none, also behind a torn end", async () => {
    for (const length of [WHOLE.length, WHOLE.length - 1, (ENDS[1] ?? 0) + 1]) {
      await put(1, WHOLE.subarray(0, length));
      await put(2, ROOM);
      assert.equal((await started(2)).entries.length, 2 * groupsUpTo(length));
    }
  });

  it("refuses a torn end that something was written behind, and a gap", async () => {
    await put(1, WHOLE.subarray(0, WHOLE.length - 1));
    await put(2, encodeGroup(3n, [JSON.stringify(entry(3))]));
    await assert.rejects(started(2), damaged);
    await put(2, Buffer.from("no group at all"));
    await assert.rejects(started(2), damaged);
    assert.equal(await size(1), WHOLE.length - 1, "nothing was cut");
    await put(1, WHOLE);
    await put(2, encodeGroup(5n, [JSON.stringify(entry(5))]));
    await assert.rejects(started(2), damaged);
  });

  it("refuses any changed byte before the last group", async () => {
    for (let at = 0; at < (ENDS[1] ?? 0); at++) {
      const bytes = Buffer.concat([WHOLE, ROOM]);
      bytes[at] = (bytes[at] ?? 0) ^ 0x55;
      await put(1, bytes);
      await assert.rejects(started(1), damaged, `byte ${at}`);
    }
  });

  it("writes groups over several files, none of them divided, and reads them in order", async () => {
    const segments = new LogSegments(directory, 0);
    const payload = "x".repeat(700_000);
    let sequence = 0n;
    for (let at = 1; at <= 30; at++) {
      const line = JSON.stringify({ ...entry(at), payload });
      await segments.write(encodeGroup(sequence++, [line]));
    }
    // Larger than a file: it gets one of its own.
    const huge = JSON.stringify({ ...entry(31), payload: "x".repeat(70_000_000) });
    await segments.write(encodeGroup(sequence++, [huge]));
    await segments.write(encodeGroup(sequence++, [JSON.stringify(entry(32))]));
    const newest = segments.number;
    assert.equal(newest, 5, "of 4, 8 and 16 MB, the large group, and what came behind it");
    const before = await started(newest);
    await segments.close();
    const after = await started(newest);
    assert.deepEqual(after, before);
    assert.deepEqual(
      after.entries,
      Array.from({ length: 32 }, (_, i) => i + 1),
    );
    await assert.rejects(size(newest + 1), "what was laid out ahead is gone");
  });
});
