import { strict as assert } from "node:assert";
import fc from "fast-check";
import { buildEventsTree, eventsRoot } from "../../../node/core/aggregation/event-digests.ts";
import { EventsHasher } from "../../../node/core/aggregation/events-hasher.ts";
import { toHex } from "../../../node/core/bytes.ts";
import { columnsOf } from "./events.ts";

const event = fc.record({
  device: fc.constantFrom("lamp-1", "lamp-2", "é".repeat(32), "x"),
  time: fc.bigInt({ min: 0n, max: 40n }),
  sequence: fc.constantFrom(0n, 1n, 2n ** 53n - 1n),
  quantity: fc.oneof(fc.bigInt({ min: 0n, max: 9n }), fc.constant(2n ** 53n - 1n)),
});

describe("events of a charge, hashed from columns", () => {
  const hasher = new EventsHasher();

  it("have the header of the plain implementation, duplicates counted once", () => {
    fc.assert(
      fc.property(
        fc.array(event, { minLength: 1, maxLength: 400 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (events, key) => {
          const plain = buildEventsTree(key, events);
          const rows = Uint32Array.from(events.keys());
          const { header, duplicates } = hasher.hash(columnsOf(events), rows, key);
          assert.deepEqual(header, plain.header);
          assert.equal(toHex(eventsRoot(header)), toHex(eventsRoot(plain.header)));
          assert.equal(duplicates, events.length - plain.events.length);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("are the chosen rows only", () => {
    const events = Array.from({ length: 10 }, (_, i) => ({
      device: "lamp-1",
      time: BigInt(i),
      sequence: 0n,
      quantity: BigInt(i),
    }));
    const key = new Uint8Array(32).fill(1);
    const { header } = hasher.hash(columnsOf(events), Uint32Array.of(3, 5), key);
    assert.deepEqual(header, buildEventsTree(key, [events[3] as never, events[5] as never]).header);
  });

  it("need at least one event", () => {
    const key = new Uint8Array(32);
    assert.throws(() => hasher.hash(columnsOf([]), new Uint32Array(), key), /invariant broken/);
    assert.throws(() => buildEventsTree(key, []), { code: "events.none" });
  });
});
