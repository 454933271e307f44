import assert from "node:assert/strict";
import { readStamp } from "../../../node/core/records/local-stamp.ts";
import { recordId } from "../../../node/core/records/record-id.ts";

describe("a date and time in a file", () => {
  it("is read in the notations that are unambiguous", () => {
    const localMs = Date.UTC(2014, 11, 3, 11, 37, 49);
    assert.deepEqual(readStamp("2014-12-03 11:37:49"), { localMs, precisionSeconds: 1 });
    assert.deepEqual(readStamp("2014-12-03T11:37:49.5Z"), {
      localMs: localMs + 500,
      precisionSeconds: 1,
      offsetMinutes: 0,
    });
    assert.deepEqual(readStamp("2014-12-03T11:37:49-0530"), {
      localMs,
      precisionSeconds: 1,
      offsetMinutes: -330,
    });
    assert.deepEqual(readStamp("03.12.2014 11:37"), {
      localMs: localMs - 49_000,
      precisionSeconds: 60,
    });
  });

  it("is not guessed where it is ambiguous or does not exist", () => {
    for (const text of [
      "12/03/2014 11:37",
      "2014-02-30 10:00:00",
      "2014-13-01 10:00:00",
      "2014-12-03 24:00:00",
      "now",
      "",
    ]) {
      assert.equal(readStamp(text), undefined, text);
    }
  });
});

describe("a record's id", () => {
  it("is kept while it fits 98 octets, and hashed beyond", () => {
    assert.equal(recordId("a".repeat(98)), "a".repeat(98));
    assert.equal(recordId("ü".repeat(49)), "ü".repeat(49));
    assert.match(recordId("a".repeat(99)), /^sha256:[0-9a-f]{64}$/);
    assert.match(recordId("ü".repeat(50)), /^sha256:[0-9a-f]{64}$/);
    assert.notEqual(recordId("a".repeat(99)), recordId("a".repeat(100)));
  });
});
