import assert from "node:assert/strict";
import fc from "fast-check";
import { dealtOrder, OrderMemory } from "../../node/engine/number/charge-order.ts";
import { readOwnedCharges } from "../../node/engine/store/read-charges.ts";
import { isBlock, scanRows } from "../../node/engine/store/stored-rows.ts";
import type { StoredCharge } from "../../node/engine/store/stored-types.ts";
import { ANNA, BERT, CHARGES, call, EngineScene } from "./engine-scene.ts";
import { CARL, planScene } from "./plan-scene.ts";

const owners = fc.array(fc.nat(40), { minLength: 1, maxLength: 700, size: "max" });

/** Chunks of 32 leaves, each as the subscribers whose charges it holds. */
function chunksOf(subscriberOf: Uint32Array, rowAt: Uint32Array): number[][] {
  const chunks: number[][] = [];
  for (let at = 0; at + 32 <= rowAt.length; at += 32) {
    chunks.push([...rowAt.subarray(at, at + 32)].map((row) => subscriberOf[row] as number));
  }
  return chunks;
}

describe("charges that are dealt out", () => {
  it("each have one position, and those of a subscriber keep their order", () => {
    fc.assert(
      fc.property(owners, (whose) => {
        const subscriberOf = Uint32Array.from(whose);
        const { rowAt, positionOf } = dealtOrder(subscriberOf, 41);
        const last = new Map<number, number>();
        for (const [row, subscriber] of subscriberOf.entries()) {
          const position = positionOf[row] as number;
          assert.equal(rowAt[position], row);
          assert.ok(position > (last.get(subscriber) ?? -1));
          last.set(subscriber, position);
        }
      }),
    );
  });

  it("have the same order in memory that is used again, and the one before stays", () => {
    const memory = new OrderMemory();
    fc.assert(
      fc.property(owners, (whose) => {
        const subscriberOf = Uint32Array.from(whose);
        const wanted = dealtOrder(subscriberOf, 41);
        const found = dealtOrder(subscriberOf, 41, memory);
        assert.deepEqual(found, wanted);
        dealtOrder(subscriberOf.toReversed(), 41, memory);
        assert.deepEqual(found.positionOf, wanted.positionOf);
      }),
    );
  });

  it("stand in chunks of 32 different subscribers, where there are enough of them", () => {
    // Fifty subscribers of 40 charges, one after the other, are 62 chunks and 16 charges.
    const subscriberOf = Uint32Array.from({ length: 2_000 }, (_, row) => Math.floor(row / 40));
    const { rowAt } = dealtOrder(subscriberOf, 50);
    for (const chunk of chunksOf(subscriberOf, rowAt)) assert.equal(new Set(chunk).size, 32);
  });

  it("lie near each other: a block has few subscribers", () => {
    const subscriberOf = Uint32Array.from({ length: 65_536 }, (_, row) => (row * 7_919) % 5_000);
    const { rowAt } = dealtOrder(subscriberOf, 5_000);
    for (let at = 0; at < rowAt.length; at += 512) {
      const block = [...rowAt.subarray(at, at + 512)].map((row) => subscriberOf[row]);
      assert.ok(new Set(block).size <= 96);
    }
  });

  it("are found as duplicates, by their numbers and by the check, whatever their order", async () => {
    const lines = Array.from({ length: 300 }, (_, at) =>
      call(`use-${at}`, {
        start: new Date(Date.parse("2026-10-05T10:00:00.000Z") + at * 1000).toISOString(),
        aParty: [ANNA, BERT, CARL][(at * at) % 3] as string,
      }),
    );
    const facts = async (scene: EngineScene) =>
      (await scene.charges()).map(({ account, amountNano, opened, recordId }: StoredCharge) => {
        const { chargeNumber, runningTotalNano } = opened.account;
        return [recordId, account, amountNano, chargeNumber, runningTotalNano].join(" ");
      });
    const dealt = await planScene({ dealtChargesMin: 2, ingestUnitRecords: 130 });
    const given = await planScene({ ingestUnitRecords: 130 });
    for (const scene of [dealt, given]) await scene.ingest("use", lines);
    assert.notDeepEqual(await facts(dealt), await facts(given));
    assert.deepEqual((await facts(dealt)).sort(), (await facts(given)).sort());
    const again = await dealt.ingest("again", lines.slice(40, 200));
    assert.equal(again.classes.duplicate.records, 160);
    await dealt.commit();
    await dealt.assertConsistent();
    for (const account of ["anna", "bert", "carl"]) {
      const owned = await readOwnedCharges(dealt.store, account, "2026-10", CHARGES);
      assert.deepEqual(
        owned.map(({ charge }) => Number(charge.opened.account.chargeNumber)),
        owned.map((_, at) => at + 1),
      );
    }
  });

  it("are as many as the profile says, and fewer stay as they came", async () => {
    for (const [count, isDealt] of [
      [63, false],
      [64, true],
    ] as const) {
      const scene = await EngineScene.withAccounts({ dealtChargesMin: 64 });
      const lines = Array.from({ length: count }, (_, at) =>
        call(`${at}`.padStart(3, "0"), {
          start: new Date(Date.parse("2026-10-05T10:00:00.000Z") + at * 1000).toISOString(),
          aParty: at % 2 === 0 ? ANNA : BERT,
        }),
      );
      await scene.ingest("use", lines);
      const ids: string[] = [];
      for await (const { rows } of scanRows(scene.store, CHARGES, 1n, 1n << 40n)) {
        assert.ok(isBlock(rows));
        for (let row = 0; row < rows.count; row++) ids.push(rows.id(row));
      }
      assert.equal(ids.length, count);
      assert.equal(String(ids) !== String([...ids].sort()), isDealt);
    }
  });
});
