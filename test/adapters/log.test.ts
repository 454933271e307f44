import assert from "node:assert/strict";
import { createLog, type LogFields } from "../../node/adapters/log.ts";

describe("log", () => {
  const linesOf = (level: "debug" | "info", write: (log: ReturnType<typeof createLog>) => void) => {
    const lines: string[] = [];
    write(createLog(level, { write: (line: string) => void lines.push(line) }));
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  };

  it("writes one JSON object a line with level, time, event and fields", () => {
    const book = `0x${"ab".repeat(20)}`;
    const [line] = linesOf("info", (log) =>
      log.child({ component: "outbox" }).info("batch committed", { sequence: 7n, count: 3, book }),
    );
    assert.match(String(line?.time), /^\d{4}-\d\d-\d\dT.*Z$/);
    delete line?.time;
    assert.deepEqual(line, {
      level: "info",
      component: "outbox",
      sequence: "7",
      count: 3,
      book,
      event: "batch committed",
    });
  });

  it("obeys the level", () => {
    assert.equal(linesOf("info", (log) => log.debug("detail")).length, 0);
    assert.equal(linesOf("debug", (log) => log.debug("detail")).length, 1);
  });

  it("drops fields that it does not know and withholds values that may be personal", () => {
    const secret = {
      aParty: "+4930231250001",
      salt: "0xff",
      code: "x 4930231250001",
      book: "0xff",
    };
    const [line] = linesOf("info", (log) =>
      log.info("call from 4930231250001", { ...(secret as LogFields), transactionHash: "1" }),
    );
    assert.ok(!JSON.stringify(line).includes("49302312"));
    assert.equal(line?.event, "(withheld)");
    assert.equal(line?.code, "(withheld)");
    assert.equal(line?.book, "(withheld)");
    assert.ok(!("aParty" in (line ?? {})) && !("salt" in (line ?? {})));
  });
});
