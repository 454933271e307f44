import { writeSync } from "node:fs";
import { ChargingLogFile } from "../../node/adapters/charging-log-file.ts";
import type { SessionRequest } from "../../node/core/charging/session-request.ts";
import { ChargingNode } from "../../node/engine/charging/charging-node.ts";
import { CALL, PREPAID_TARIFF, pricersOf, START } from "../core/charging/charging-scene.ts";

/*
 * A process to be killed: opens sessions and updates them, many at once, and says what it was
 * answered. It begins with asking again what the life before it had asked first.
 */

const [directory = "", life = "0"] = process.argv.slice(2);
const log = await ChargingLogFile.open(directory, { snapshotEveryBytes: 20_000 });
const node = await ChargingNode.open({ log, pricers: pricersOf(PREPAID_TARIFF), now: () => START });
/** At once, since it may be killed any moment; the pipe is full while its reader is slow. */
const say = (kind: string, key: string, answer: object): void => {
  let left = Buffer.from(`${kind}\t${key}\t${JSON.stringify(answer)}\n`);
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(1, left));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
};
const request = (session: string, number: number): SessionRequest =>
  number === 0
    ? { kind: "reserve", session, request: 0, account: "anna", use: CALL }
    : { kind: "update", session, request: number, used: { durationSeconds: number * 7 } };

await node.pay({ account: "anna", reference: `life ${life}`, amountNano: 1_000_000_000_000n });
if (life !== "0") {
  const session = `${Number(life) - 1}-0`;
  say("again", `${session}/0`, await node.answer(request(session, 0)));
}
const talk = async (slot: number): Promise<void> => {
  for (let i = 0; i < 30; i++) {
    say("first", `${life}-${slot}/${i}`, await node.answer(request(`${life}-${slot}`, i)));
    if (node.wantsSnapshot) void node.compact();
  }
};
await Promise.all(Array.from({ length: 20 }, (_, slot) => talk(slot)));
// Nobody should let it live this long.
setInterval(() => {}, 1000);
