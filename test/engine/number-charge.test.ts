import assert from "node:assert/strict";
import fc from "fast-check";
import { ANNA, BERT, calls, EngineScene } from "./engine-scene.ts";

describe("charge numbers", () => {
  it("have no gaps, with right running totals, however files, seals and crashes interleave", async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant("file" as const),
        owner: fc.constantFrom(ANNA, BERT),
        minutes: fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 4 }),
      }),
      fc.constant({ kind: "seal" as const }),
      fc.constant({ kind: "crash" as const }),
    );
    const property = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const scene = await EngineScene.withAccounts({ batchChargesMax: 3 });
      const expected = new Map<string, bigint[]>();
      for (const [at, taken] of steps.entries()) {
        if (taken.kind === "seal") await scene.pipeline.seal();
        if (taken.kind === "crash") {
          scene.crash();
          await scene.reopen();
        }
        if (taken.kind !== "file") continue;
        const { owner, minutes } = taken;
        const blank = calls(`f${at}`, minutes.length, { aParty: owner });
        const records = blank.map((one, n) => ({
          ...one,
          durationSeconds: 60 * (minutes[n] as number),
          bParty: `+4930${at}${n}`,
        }));
        await scene.ingest(`file-${at}`, records);
        const account = owner === ANNA ? "anna" : "bert";
        const amounts = minutes.map((count) => BigInt(count) * 100_000_000n);
        expected.set(account, [...(expected.get(account) ?? []), ...amounts]);
      }
      const charges = await scene.charges();
      for (const account of ["anna", "bert"]) {
        const own = charges.filter((charge) => charge.account === account);
        let total = 0n;
        const wanted = (expected.get(account) ?? []).map((amount, at) => {
          total += amount;
          return { number: `${at + 1}`, total: `${total}` };
        });
        const found = own.map(({ opened }) => ({
          number: opened.account.chargeNumber,
          total: opened.account.runningTotalNano,
        }));
        assert.deepEqual(found, wanted);
      }
      await scene.settle();
      await scene.assertConsistent();
    });
    await fc.assert(property, { numRuns: 30 });
  });

  it("start again in every billing epoch, under another pseudonym", async () => {
    const scene = await EngineScene.withAccounts();
    await scene.ingest("october", calls("a", 2));
    scene.at("2026-11-02T00:00:00Z");
    await scene.ingest("november", calls("b", 1, { start: "2026-11-01T10:00:00.000Z" }));
    const charges = await scene.charges();
    const numbers = charges.map(({ opened }) => opened.account.chargeNumber);
    assert.deepEqual(numbers, ["1", "2", "1"]);
    const pseudonyms = new Set(charges.map(({ opened }) => opened.account.pseudonym));
    assert.equal(pseudonyms.size, 2);
  });
});
