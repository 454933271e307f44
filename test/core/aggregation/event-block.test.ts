import { strict as assert } from "node:assert";
import fc from "fast-check";
import {
  decodeEvents,
  EventBuffer,
  encodeEvents,
} from "../../../node/core/aggregation/event-block.ts";
import { NAME_KEY } from "../formats/name-key.ts";

const whole = fc.oneof(fc.nat(100), fc.integer({ min: 0, max: 999_999_999_999_999 }));
const row = fc.tuple(
  fc.constantFrom("a", "lamp-2", "é", ""),
  fc.constantFrom("", "gw"),
  whole,
  whole,
  whole,
);
type Row = [string, string, number, number, number];

function bufferOf(rows: Row[]): EventBuffer {
  const buffer = new EventBuffer(NAME_KEY, 2);
  for (const [device, gateway, ...numbers] of rows) {
    buffer.push(buffer.nameNumber(device), buffer.nameNumber(gateway), ...numbers);
  }
  return buffer;
}

function rowsOf(buffer: EventBuffer): Row[] {
  const name = (number: number) => new TextDecoder().decode(buffer.devices[number]);
  return Array.from({ length: buffer.count }, (_, i) => [
    name(buffer.device[i]!),
    name(buffer.gateway[i]!),
    buffer.time[i]!,
    buffer.sequence[i]!,
    buffer.quantity[i]!,
  ]);
}

describe("events as bytes", () => {
  it("come back as they were, one block after the other", () => {
    fc.assert(
      fc.property(fc.array(row), fc.array(row), (first, second) => {
        const back = new EventBuffer(NAME_KEY);
        for (const rows of [first, second]) decodeEvents(encodeEvents(bufferOf(rows)), back);
        assert.deepEqual(rowsOf(back), [...first, ...second]);
      }),
      { numRuns: 100 },
    );
  });

  it("hold the chosen rows in the given order", () => {
    const rows: Row[] = [1, 2, 3].map((i) => ["a", "g", i, i, i]);
    const back = new EventBuffer(NAME_KEY);
    decodeEvents(encodeEvents(bufferOf(rows), Uint32Array.of(2, 0)), back);
    assert.deepEqual(rowsOf(back), [rows[2], rows[0]]);
  });

  it("cost a few bytes an event that is like the one before", () => {
    const rows = Array.from({ length: 1440 }, (_, i): Row => ["a", "g", i * 60_000, i, 42]);
    assert.ok(encodeEvents(bufferOf(rows)).length < 8 * 1440);
  });

  it("are refused when they are cut, changed in version, or point nowhere", () => {
    const bytes = encodeEvents(bufferOf([["a", "g", 5, 6, 7]]));
    const refused = (changed: Uint8Array) =>
      assert.throws(() => decodeEvents(changed, new EventBuffer(NAME_KEY)), {
        code: "events.damaged-block",
      });
    for (let length = 0; length < bytes.length; length++) refused(bytes.slice(0, length));
    refused(Uint8Array.of(...bytes, 0));
    refused(Uint8Array.of(2, ...bytes.slice(1)));
    const nowhere = bytes.slice();
    nowhere[7] = 20;
    refused(nowhere);
    refused(Uint8Array.of(1, 0, ...new Array(12).fill(0xff)));
  });
});
