import { strict as assert } from "node:assert";
import fc from "fast-check";
import { buildEventsTree, eventsRoot } from "../../../node/core/aggregation/event-digests.ts";
import {
  checkEventProof,
  type EventProof,
  parseEventProof,
  proveEvent,
  rootOfProof,
} from "../../../node/core/aggregation/event-proof.ts";
import { toHex } from "../../../node/core/bytes.ts";

const KEY = new Uint8Array(32).fill(0x42);
const eventsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    device: `lamp-${i % 3}`,
    time: BigInt(1_790_848_800_000 + 60_000 * i),
    sequence: BigInt(i),
    quantity: BigInt(i * 7),
  }));
const proofOf = (count: number, at: number, sequence = BigInt(at)): EventProof => {
  const { device, time } = eventsOf(at + 1)[at]!;
  const tree = buildEventsTree(KEY, eventsOf(count));
  return proveEvent("record", KEY, tree, { device, time, sequence });
};
const checked = (proof: EventProof) => checkEventProof(parseEventProof(JSON.stringify(proof)));

describe("the proof of one event", () => {
  it("shows every event that is there, and the root that the charge binds", () => {
    for (const count of [1, 2, 3, 8, 33]) {
      const root = toHex(eventsRoot(buildEventsTree(KEY, eventsOf(count)).header));
      for (let at = 0; at < count; at++) {
        const proof = proofOf(count, at);
        assert.deepEqual([checked(proof).name, checked(proof).ok], ["event-present", true]);
        assert.equal(rootOfProof(proof), root);
      }
    }
  });

  it("shows of every event that is not there that it is not", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(60), (count, at) => {
        const proof = proofOf(count, at, BigInt(at + 1000));
        assert.deepEqual([checked(proof).name, checked(proof).ok], ["event-absent", true]);
      }),
      { numRuns: 100 },
    );
  });

  it("says nothing of other events but blinded digests", () => {
    const text = JSON.stringify(proofOf(20, 4, 9999n));
    assert.ok(!text.includes("lamp-0") && !text.includes("lamp-2"));
    assert.ok(!text.includes('"quantity"'));
  });

  describe("is refused", () => {
    const present = proofOf(20, 4);
    const absent = proofOf(20, 4, 9999n);
    const refused = (proof: EventProof) => assert.equal(checkEventProof(proof).ok, false);

    it("when anything of the event, its place or the tree was changed", () => {
      const shown = present.present!;
      refused({ ...present, event: { ...present.event, time: "1" } });
      refused({ ...present, event: { ...present.event, device: "lamp-9" } });
      refused({ ...present, event: { ...present.event, sequence: "5" } });
      refused({ ...present, present: { ...shown, quantity: "8" } });
      refused({ ...present, present: { ...shown, index: shown.index ^ 1 } });
      refused({ ...present, present: { ...shown, path: shown.path.slice(1) } });
      refused({ ...present, header: { ...present.header, root: `0x${"00".repeat(32)}` } });
      refused({ ...present, orderSecret: `0x${"00".repeat(32)}` });
    });

    it("when an event that is there is said not to be, by leaves around it", () => {
      const tree = buildEventsTree(KEY, eventsOf(20));
      const at = present.present!.index;
      const leaf = (index: number) => {
        const { orderKey, body } = tree.events[index]!;
        const path = tree.tree.path(index).map(toHex);
        return { index, orderKey: toHex(orderKey), body: toHex(body), path };
      };
      const { present: _, ...base } = present;
      refused({ ...base, absent: { before: leaf(at - 1), after: leaf(at + 1) } });
      refused({ ...base, absent: { before: leaf(at - 1) } });
      refused({ ...base, absent: { after: leaf(at + 1) } });
      refused({ ...base, absent: { before: leaf(at - 1), after: leaf(at) } });
      refused({ ...base, absent: { before: leaf(at), after: leaf(at + 1) } });
      // Neighbours, and both on one side of where it stands.
      refused({ ...base, absent: { before: leaf(at + 1), after: leaf(at + 2) } });
      refused({ ...base, absent: { before: leaf(at - 2), after: leaf(at - 1) } });
      refused({ ...base, absent: {} });
      refused(base);
    });

    it("when a neighbour was changed, or stands beyond the count", () => {
      const before = absent.absent!.before!;
      const { after } = absent.absent!;
      const with_ = (changed: typeof before) =>
        refused({
          ...absent,
          absent: { before: changed, ...(after === undefined ? {} : { after }) },
        });
      with_({ ...before, body: `0x${"11".repeat(32)}` });
      with_({ ...before, orderKey: `0x${"00".repeat(32)}` });
      with_({ ...before, index: before.index + 1 });
      refused({ ...absent, header: { ...absent.header, count: "1" } });
    });

    it("when it is no such file", () => {
      for (const text of ["", "{}", JSON.stringify({ ...present, extra: 1 })]) {
        assert.throws(() => parseEventProof(text), { code: "events.bad-proof" });
      }
      const fat = { ...present, header: { ...present.header, count: "18446744073709551616" } };
      assert.throws(() => parseEventProof(JSON.stringify(fat)), { code: "events.bad-proof" });
    });
  });
});
