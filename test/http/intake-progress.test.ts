import assert from "node:assert/strict";
import { mock } from "node:test";
import { IntakeProgress } from "../../node/http/intake-progress.ts";

describe("how far uploads are", () => {
  afterEach(() => mock.restoreAll());

  it("tells the seconds of a phase to the millisecond, however often it was entered", () => {
    let now = 0;
    mock.method(performance, "now", () => now);
    const intake = new IntakeProgress();
    const upload = intake.begin("usage.csv");
    for (const [phase, milliseconds] of [
      ["receiving", 9],
      ["looking", 130],
      ["waiting", 0],
      ["looking", 11],
    ] as const) {
      intake.enter(upload, phase);
      now += milliseconds;
    }
    intake.enter(upload, "rating");
    for (let at = 0; at < 10; at++) {
      now += 3.4;
      intake.enter(upload, "rating");
    }
    assert.deepEqual(intake.secondsOf(upload), {
      receiving: 0.009,
      looking: 0.141,
      waiting: 0,
      rating: 0.034,
    });
  });
});
