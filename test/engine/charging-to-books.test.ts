import assert from "node:assert/strict";
import { MemoryChargingLog } from "../../node/adapters/memory-charging-log.ts";
import { ChargingNode } from "../../node/engine/charging/charging-node.ts";
import { chargingToBooks } from "../../node/engine/charging/charging-to-books.ts";
import type { UsageFile } from "../../node/engine/intake/ingest-usage.ts";
import { TariffPricers } from "../../node/engine/rate/tariff-pricers.ts";
import { ANNA, CHARGES, EngineScene, TARIFFS } from "./engine-scene.ts";

const START = Date.parse("2026-10-05T11:00:00.000Z");
const CLOCKS = { ledgerMilliseconds: START + 3_600_000, nowMilliseconds: START + 3_600_000 };
const CALL = {
  service: "voice",
  direction: "outgoing",
  aParty: ANNA,
  bParty: "+49301234567",
} as const;

describe("charging to books", () => {
  it("takes ended sessions in as charges of the same price, each once, whatever breaks off", async () => {
    const scene = await EngineScene.withAccounts();
    const charging = await ChargingNode.open({
      log: new MemoryChargingLog(),
      pricers: new TariffPricers(TARIFFS),
      now: () => START,
    });
    await charging.pay({ account: "anna", reference: "p", amountNano: 10_000_000_000n });
    const call = async (session: string, durationSeconds: number) => {
      const request = { kind: "reserve", session, request: 0, account: "anna", use: CALL } as const;
      await charging.answer(request);
      await charging.answer({ kind: "commit", session, request: 1, used: { durationSeconds } });
    };
    await call("first", 61);
    await call("second", 120);
    await charging.answer({
      kind: "reserve",
      session: "s",
      request: 0,
      account: "anna",
      use: CALL,
    });
    const ingest = (file: UsageFile) => scene.pipeline.ingest(file);
    const breaksOff = async (file: UsageFile) => {
      await ingest(file);
      throw new Error("power cut");
    };
    await assert.rejects(chargingToBooks(charging, breaksOff, CLOCKS), /power cut/);
    await call("third", 1);
    // The second ended after the ledger's newest block; the order stays, so the third waits too.
    const behind = { ...CLOCKS, ledgerMilliseconds: START + 100_000 };
    assert.equal(await chargingToBooks(charging, ingest, behind), 1);
    assert.equal(await chargingToBooks(charging, ingest, behind), 0);
    assert.equal(await chargingToBooks(charging, ingest, CLOCKS), 2);
    assert.equal(await chargingToBooks(charging, ingest, CLOCKS), 0);
    await scene.commit();
    const { books, suspended } = await scene.pipeline.status();
    const book = books.find(({ domain }) => domain === CHARGES);
    assert.equal(suspended, 0);
    assert.equal(book?.runningCount, "3");
    assert.equal(BigInt(book?.runningSumNano ?? 0), charging.account("anna").spentNano);
    await scene.assertConsistent();
  });
});
