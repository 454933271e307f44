import assert from "node:assert/strict";
import { ENTRIES_AT } from "../../../node/core/formats/kernel/reading-room.ts";
import { keyedHash, NAME_KEY_WORDS } from "../../../node/core/formats/keyed-hash.ts";
import { NameTable } from "../../../node/core/formats/name-table.ts";
import { namesOfKeyZero, namesOfOneFnvSlot, namesOfOneProductSlot } from "./colliding-names.ts";
import { type KernelPlace, kernelPlace, linesByKernel, linesOfOracle } from "./columns-lines.ts";

const utf8 = new TextEncoder();
const KEY = Uint32Array.from({ length: NAME_KEY_WORDS }, (_, at) => Math.imul(at + 7, 0x85eb_ca6b));
const SLOTS_AT = 65_536;

describe("names that were made to share a slot", () => {
  it("do not when the table's key is not known", () => {
    const names = namesOfOneFnvSlot(400);
    assert.ok(passedBy(names, KEY) < 2 * names.length);
  });

  it("keep numbers and texts when it is known", () => {
    const names: string[] = [];
    for (let n = 0; names.length < 400; n++) {
      const bytes = utf8.encode(`${n}`);
      if ((keyedHash(KEY, bytes, 0, bytes.length) & 0x3ff) === 0) names.push(`${n}`);
    }
    assert.ok(passedBy(names, KEY) > (names.length * names.length) / 4);
  });

  it("do not in a kernel whose key is not known", async () => {
    const names = namesOfOneProductSlot(64);
    const place = kernelPlace();
    await assertRead(names, place, KEY);
    assert.ok(longestRun(place) < 16);
  });

  it("keep their order and texts in a kernel whose key is known", async () => {
    const names = namesOfKeyZero(1_024);
    const place = kernelPlace();
    await assertRead(names, place, new Uint32Array(NAME_KEY_WORDS));
    assert.ok(longestRun(place) >= names.length);
  });

  it("do not in a kernel by chance, whatever is alike in them", async () => {
    const place = kernelPlace();
    for (const width of [1, 9, 16, 17, 60]) {
      await assertRead(
        Array.from({ length: 1_000 }, (_, n) => `${"+".repeat(width)}${1_000 + n}`),
        place,
        KEY,
      );
      assert.ok(longestRun(place) < 64);
    }
  });
});

/** Slots that are passed while names are put in and found again. */
function passedBy(names: readonly string[], key: Uint32Array): number {
  const table = new NameTable(key);
  for (const _ of [1, 2]) {
    for (const [at, name] of names.entries()) {
      assert.equal(table.numberOf(utf8.encode(name), 0, name.length), at + 1);
    }
  }
  assert.deepEqual(table.names, ["", ...names]);
  return table.passedSlots;
}

/** Each name once, and once more. */
async function assertRead(names: string[], place: KernelPlace, nameKey: Uint32Array) {
  const start = "2026-09-05T10:00:00.000Z";
  const lines = [...names, ...names].map((aParty, at) =>
    JSON.stringify({
      id: `switch:${at}`,
      service: "voice",
      direction: "outgoing",
      start,
      durationSeconds: 60,
      aParty,
      billable: true,
    }),
  );
  const bytes = utf8.encode(`${lines.join("\n")}\n`);
  const options = { file: "usage.ndjson", nameKey };
  const read = await linesByKernel("usage-ndjson", bytes, options, 400_000, place);
  assert.deepEqual(read.lines, await linesOfOracle("usage-ndjson", bytes, options));
  assert.equal(read.plain, lines.length);
  assert.equal(place.kernel.nameCount, names.length);
  assert.deepEqual(place.columns.names, ["", ...names]);
}

/** Of slots that are taken, one behind the other: no search passes more of them. */
function longestRun({ kernel }: KernelPlace): number {
  let [longest, run] = [0, 0];
  for (let slot = SLOTS_AT / 4; slot < ENTRIES_AT / 4; slot += 2) {
    run = kernel.words[slot] === 0 ? 0 : run + 1;
    longest = Math.max(longest, run);
  }
  return longest;
}
