import { strict as assert } from "node:assert";
import { buildEventsTree, eventsRoot } from "../../../node/core/aggregation/event-digests.ts";
import { proveEvent } from "../../../node/core/aggregation/event-proof.ts";
import { toHex } from "../../../node/core/bytes.ts";
import { type Bundle, isClosed } from "../../../node/core/evidence/bundle.ts";
import { checkEvent } from "../../../node/core/evidence/check-event.ts";
import { sampleBundle } from "../../client-app/sample-bundle.ts";

const KEY = new Uint8Array(32).fill(3);
const EVENTS = Array.from({ length: 20 }, (_, i) => ({
  device: "lamp-1",
  time: BigInt(1_790_848_800_000 + i),
  sequence: BigInt(i),
  quantity: 5n,
}));
const TREE = buildEventsTree(KEY, EVENTS);
const event = { device: "lamp-1", time: EVENTS[4]!.time, sequence: 4n };
const present = proveEvent("record", KEY, TREE, event);
const absent = proveEvent("record", KEY, TREE, { ...event, sequence: 5n });

/** A bundle whose third line stands for these events, with that quantity. */
function bundleWith(quantity: string): Bundle {
  const { bundle } = sampleBundle({ endpoints: [] });
  const line = bundle.charges[2]!;
  if (isClosed(line.party) || isClosed(line.charge)) throw new Error("the sample is open");
  line.party.eventsRoot = toHex(eventsRoot(TREE.header));
  line.charge.quantity = quantity;
  return bundle;
}
const checks = (report: ReturnType<typeof checkEvent>) =>
  report.checks.map(({ name, ok }) => `${name} ${ok}`);

describe("one event of a line", () => {
  it("is shown to be in it, or not to be, and to make its quantity", () => {
    const report = checkEvent(bundleWith("100"), present);
    assert.equal(report.line, "3");
    assert.equal(report.present, true);
    assert.deepEqual(checks(report), [
      "event-charge true",
      "event-present true",
      "events-quantity true",
    ]);
    const none = checkEvent(bundleWith("20"), absent);
    assert.equal(none.present, false);
    assert.deepEqual(checks(none), [
      "event-charge true",
      "event-absent true",
      "events-quantity true",
    ]);
  });

  it("is not shown by events of another charge, or when the quantity is none of theirs", () => {
    const other = checkEvent(sampleBundle({ endpoints: [] }).bundle, present);
    assert.deepEqual(checks(other), ["event-charge false", "event-present true"]);
    assert.ok(checks(checkEvent(bundleWith("101"), present)).includes("events-quantity false"));
    const forged = { ...present, header: { ...present.header, sum: "101" } };
    assert.ok(checks(checkEvent(bundleWith("101"), forged)).includes("event-charge false"));
  });

  it("is not checked where the use is closed, and not found where the party is", () => {
    const bundle = bundleWith("100");
    const closed = { digest: `0x${"00".repeat(32)}` as const };
    const [line] = bundle.charges.slice(2);
    line!.charge = closed;
    assert.ok(checks(checkEvent(bundle, present)).includes("events-quantity null"));
    line!.party = closed;
    assert.ok(checks(checkEvent(bundle, present)).includes("event-charge false"));
  });
});
