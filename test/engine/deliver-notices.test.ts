import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { MemoryChargingLog } from "../../node/adapters/memory-charging-log.ts";
import { noticeWebhook } from "../../node/adapters/notice-webhook.ts";
import type { NumberedNotice } from "../../node/core/charging/charging-state.ts";
import { ChargingNode } from "../../node/engine/charging/charging-node.ts";
import {
  backoffMilliseconds,
  NoticeDelivery,
  noticesRefused,
} from "../../node/engine/charging/deliver-notices.ts";
import { PREPAID_TARIFF, pricersOf, START } from "../core/charging/charging-scene.ts";
import { hasCode } from "./engine-scene.ts";

const PRICERS = pricersOf(PREPAID_TARIFF);
const open = (log: MemoryChargingLog) =>
  ChargingNode.open({ log, pricers: PRICERS, now: () => START });

const GOES_ON = new AbortController().signal;

/** Each lock raises a notice, and each unlocking another. */
async function raise(node: ChargingNode, count: number): Promise<void> {
  await node.pay({ account: "anna", reference: "first", amountNano: 1n });
  for (let i = 0; i < count; i++) {
    if (i % 2 === 0) await node.lock("anna", { reason: "unpaid" });
    else await node.unlock("anna");
  }
}

describe("delivery of notices", () => {
  it("tells of each in order, again after failures and crashes, and knows them by number", async () => {
    let log = new MemoryChargingLog();
    let node = await open(log);
    const told: number[] = [];
    let isAway = true;
    let dies = false;
    const receive = async (notices: readonly NumberedNotice[]): Promise<void> => {
      if (isAway) throw new Error("away");
      told.push(...notices.map(({ number }) => number));
      if (dies) throw new Error("died before the answer came");
    };
    await node.noticesTaken(0);
    await raise(node, 250);
    await assert.rejects(new NoticeDelivery(node, receive, () => {}).deliverOnce());
    isAway = false;
    assert.equal(await new NoticeDelivery(node, receive, () => {}).deliverOnce(), 100);
    dies = true;
    await assert.rejects(new NoticeDelivery(node, receive, () => {}).deliverOnce());
    dies = false;
    log = log.crashed();
    node = await open(log);
    assert.equal(node.noticesTakenUpTo, 100);
    await node.compact();
    node = await open(log.crashed());
    const delivery = new NoticeDelivery(node, receive, () => {});
    assert.equal(await delivery.deliverOnce(), 100);
    assert.equal(await delivery.deliverOnce(), 50);
    assert.equal(await delivery.deliverOnce(), 0);
    const once = [...new Set(told)];
    assert.deepEqual(
      once,
      Array.from({ length: 250 }, (_, at) => at + 1),
    );
    assert.equal(told.length, 350);
  });

  it("keeps what nobody has taken over yet, however much it is", async () => {
    const node = await open(new MemoryChargingLog());
    await raise(node, 10_500);
    assert.equal((await node.noticesAfter(0, 1))[0]?.number, 501);
    await node.noticesTaken(0);
    for (let i = 0; i < 300; i++) await node.lock("anna", { reason: "again" });
    assert.equal((await node.noticesAfter(0, 1))[0]?.number, 501);
    await node.noticesTaken(10_000);
    assert.equal((await node.noticesAfter(0, 1))[0]?.number, 801);
  });

  it("tells of nothing that a crash could take back", async () => {
    const log = new MemoryChargingLog();
    const node = await open(log);
    await raise(node, 1);
    log.isHeld = true;
    const unlocking = node.unlock("anna");
    let isTold = false;
    const asking = node.noticesAfter(0, 10).then((found) => {
      isTold = true;
      return found;
    });
    for (let i = 0; i < 10; i++) await Promise.resolve();
    assert.equal(isTold, false);
    log.flush();
    await unlocking;
    assert.deepEqual(
      (await asking).map(({ kind }) => kind),
      ["locked", "unlocked"],
    );
  });

  it("runs by itself, asks a receiver that is away again, and stops", async () => {
    const node = await open(new MemoryChargingLog());
    let calls = 0;
    let troubles = 0;
    let done = (): void => {};
    const taken = new Promise<void>((resolve) => {
      done = resolve;
    });
    const delivery = new NoticeDelivery(
      node,
      async () => {
        calls += 1;
        if (calls === 1) throw new Error("away");
        done();
      },
      () => {
        troubles += 1;
      },
    );
    await delivery.start();
    await raise(node, 3);
    await taken;
    await delivery.stop();
    assert.equal(node.noticesTakenUpTo, 3);
    assert.deepEqual([calls, troubles], [2, 1]);
    assert.deepEqual([0, 1, 5, 40].map(backoffMilliseconds), [1_000, 2_000, 32_000, 300_000]);
  });

  it("tells how much waits, since when and why, while a receiver that hangs keeps nobody from charging", async () => {
    const node = await open(new MemoryChargingLog());
    let hangs: AbortSignal | undefined;
    const asked: number[] = [];
    const delivery = new NoticeDelivery(
      node,
      async (notices, stopping) => {
        asked.push(notices.length);
        if (asked.length === 1) throw noticesRefused(500);
        hangs = stopping;
        await new Promise((_, reject) => {
          stopping.addEventListener("abort", () => reject(new Error("stopped")));
        });
      },
      () => {},
    );
    await node.noticesTaken(0);
    await raise(node, 3);
    const none = { takenUpTo: 0, waiting: 3, dropped: 0, oldestAt: START, callsFailed: 0 };
    assert.deepEqual(delivery.figures, none);
    await delivery.start();
    while (hangs === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(delivery.figures, { ...none, callsFailed: 1, trouble: "webhook.refused" });
    for (let i = 0; i < 2_000; i++) await node.lock("anna", { reason: "again" });
    assert.equal(delivery.figures.waiting, 2_003);
    await delivery.stop();
    assert.equal(hangs.aborted, true);
    assert.equal(node.noticesTakenUpTo, 0);
    assert.deepEqual(asked, [3, 3]);
  });

  it("counts what was dropped when too many waited", async () => {
    const node = await open(new MemoryChargingLog());
    await raise(node, 10_500);
    await node.noticesTaken(0);
    const delivery = new NoticeDelivery(
      node,
      async () => {},
      () => {},
    );
    assert.deepEqual([delivery.figures.waiting, delivery.figures.dropped], [10_000, 500]);
    await delivery.deliverOnce();
    assert.deepEqual([delivery.figures.waiting, delivery.figures.dropped], [9_900, 500]);
  });

  describe("over HTTP", () => {
    let server: Server;
    let url: string;
    let status = 204;
    let seen: { body: string; signature: string } | undefined;

    before(async () => {
      server = createServer(async (request, response) => {
        seen = {
          body: await textOf(request),
          signature: String(request.headers["tallystick-signature"]),
        };
        response.writeHead(status, { location: "/elsewhere" }).end();
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/notices`;
    });
    after(() => new Promise((resolve) => server.close(resolve)));

    const notice: NumberedNotice = {
      number: 7,
      at: START,
      kind: "allowance",
      account: "anna",
      name: "minutes",
      percent: 80,
    };

    it("signs what it sends", async () => {
      await noticeWebhook({ url, secret: "s3cret", now: () => START })([notice], GOES_ON);
      assert.deepEqual(JSON.parse(seen?.body ?? ""), {
        notices: [{ ...notice, at: new Date(START).toISOString() }],
      });
      const seconds = START / 1000;
      const mac = createHmac("sha256", "s3cret").update(`${seconds}.${seen?.body}`).digest("hex");
      assert.equal(seen?.signature, `t=${seconds},v1=${mac}`);
    });

    it("takes nothing but success for an answer, and follows nothing", async () => {
      const send = noticeWebhook({ url, secret: "s3cret", now: () => START });
      for (status of [302, 400, 500]) {
        await assert.rejects(send([notice], GOES_ON), hasCode("webhook.refused"));
      }
      const nobody = noticeWebhook({ url: "http://127.0.0.1:9/", secret: "", now: () => 0 });
      await assert.rejects(nobody([notice], GOES_ON), hasCode("webhook.unreachable"));
    });
  });
});

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
