import assert from "node:assert/strict";
import { parseEventProof } from "../../../node/core/aggregation/event-proof.ts";
import { TallystickError } from "../../../node/core/errors.ts";
import { parseBundle } from "../../../node/core/evidence/bundle.ts";
import { readInvoiceDocument } from "../../../node/core/invoice/invoice-document.ts";
import { RatingState } from "../../../node/core/rating/rating-state.ts";
import { tariffDocument } from "../tariff/tariff-fixture.ts";

/** What a person is told of a file that is none: where, and not in the words of a schema's library. */
describe("documents of another shape are refused by place", () => {
  const bundle = {
    format: "tallystick-evidence",
    version: 1,
    createdAt: "2026-10-05T12:00:00.000Z",
  };
  const cases: [string, () => unknown, string, string][] = [
    ["a bundle", () => parseBundle(JSON.stringify(bundle)), "bundle.wrong-shape", "ledger"],
    ["a bundle's key", () => parseBundle("[]"), "bundle.wrong-shape", ""],
    [
      "an invoice",
      () => readInvoiceDocument('{"format":"tallystick-invoice","version":2}'),
      "invoice.unreadable",
      "version",
    ],
    ["an event's proof", () => parseEventProof('{"version":5}'), "events.bad-proof", "format"],
    [
      "a rating state",
      () => RatingState.read({ format: "tallystick-rating-state-1" }, tariffDocument()),
      "state.shape",
      "currency",
    ],
  ];
  for (const [name, read, code, field] of cases) {
    it(name, () => {
      assert.throws(read, (error: unknown) => {
        assert.ok(error instanceof TallystickError);
        assert.deepEqual([error.code, error.place.field], [code, field]);
        assert.doesNotMatch(error.message, /Invalid|received|Unrecognized/);
        return true;
      });
    });
  }
});
