import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import type { InspectLine } from "../../node/core/formats/inspect-line.ts";
import { AccountGuide } from "../../node/engine/intake/guide-account.ts";
import { CONTROL_CLASSES, type StoredBatch } from "../../node/engine/store/stored-types.ts";
import {
  ANNA,
  BERT,
  CHARGES,
  call,
  calls,
  EngineScene,
  STRANGER,
  TARIFFS,
} from "./engine-scene.ts";
import { PlainIngest } from "./plain-ingest.ts";

const sha256 = (name: string) => createHash("sha256").update(name).digest("hex");

/** Roots and commitments of all batches of the charge book. */
async function booksOf(scene: EngineScene): Promise<string[]> {
  await scene.pipeline.seal();
  const batches = await scene.values<StoredBatch>(`batch/${CHARGES}/`);
  return batches.map(({ value }) => `${value.count} ${value.root} ${value.commitment}`);
}

/** What must not depend on the order or the pieces in which files come. */
async function sumsOf(scene: EngineScene) {
  const charges = await scene.charges();
  const total = (account: string) =>
    charges
      .filter((charge) => charge.account === account)
      .reduce((sum, { amountNano }) => sum + BigInt(amountNano), 0n);
  return {
    ids: charges.map(({ recordId }) => recordId).sort(),
    anna: total("anna"),
    bert: total("bert"),
    suspended: (await scene.pipeline.suspense())
      .map(({ record, code }) => [record.id, code])
      .sort(),
  };
}

describe("the books", () => {
  it("are the same by blocks of columns and by one record after the other, for any files", async () => {
    const record = fc.record({
      id: fc.nat({ max: 60 }).map((n) => `record-${n}`),
      aParty: fc.constantFrom(ANNA, ANNA, BERT, STRANGER),
      bParty: fc.constantFrom("+4930123456", "+498001234567", "+33123", "030 / 123-456"),
      durationSeconds: fc.integer({ min: 0, max: 4_000_000 }).map((ms) => ms / 1000),
      start: fc
        .integer({ min: Date.parse("2026-08-15"), max: Date.parse("2026-10-06") })
        .map((ms) => new Date(ms).toISOString()),
      billable: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
      source: fc.record({
        format: fc.constant("x"),
        file: fc.constant("x"),
        position: fc.constant(1),
        sha256: fc.constant("00".repeat(32)),
        byteOffset: fc.nat({ max: 2 ** 31 }),
        byteLength: fc.nat({ max: 400 }),
      }),
    });
    const data = fc.record({
      id: fc.nat({ max: 60 }).map((n) => `session-${n}`),
      service: fc.constant("data" as const),
      direction: fc.constant("none" as const),
      totalOctets: fc.bigInt({ min: 0n, max: 2n ** 70n }).map(String),
      aParty: fc.constantFrom(ANNA, BERT),
      bParty: fc.constantFrom("internet", "ims.example"),
    });
    const line = fc.oneof(
      { weight: 6, arbitrary: record.map((one) => call(one.id, one)) },
      { weight: 3, arbitrary: data.map((one) => call(one.id, one)) },
      {
        weight: 1,
        arbitrary: fc.constant({ rejected: { code: "x.y", message: "", position: 1 } }),
      },
    );
    const input = fc.record({
      files: fc.array(fc.array(line, { minLength: 10, maxLength: 60 }), {
        minLength: 1,
        maxLength: 3,
      }),
      ingestUnitRecords: fc.constantFrom(1, 7, 16_384),
      batchChargesMax: fc.constantFrom(5, 32, 1024),
      seenEntriesInMemory: fc.constantFrom(10, 1_000_000),
    });
    let charged = 0;
    const property = fc.asyncProperty(input, async ({ files, ...options }) => {
      const fast = await EngineScene.withAccounts({ seed: 7, ...options });
      const plain = await EngineScene.withAccounts({ seed: 7, ...options });
      const guide = await AccountGuide.load(plain.store);
      const reference = new PlainIngest(plain.context, TARIFFS, guide);
      for (const [at, lines] of files.entries()) {
        const name = `file-${at}`;
        const outcomes = await reference.ingest(lines as InspectLine[], sha256(name));
        const file = await fast.ingest(name, lines as InspectLine[]);
        for (const one of CONTROL_CLASSES) {
          const count = outcomes.filter((outcome) => outcome === one).length;
          assert.equal(file.classes[one].records, count, one);
        }
      }
      const charges = await plain.charges();
      charged += charges.length;
      const opened = (await fast.charges()).map(({ components: _, usage: __, ...rest }) => rest);
      assert.deepEqual(
        opened,
        charges.map(({ components: _, usage: __, ...rest }) => rest),
      );
      assert.deepEqual(await booksOf(fast), await booksOf(plain));
      await fast.assertConsistent();
    });
    await fc.assert(property, { numRuns: 20 });
    assert.ok(charged > 50, `${charged} charges were compared`);
  });

  it("of twelve files, two delivered twice and one in pieces, are those of the clean set", async () => {
    const files = Array.from({ length: 12 }, (_, at) =>
      calls(`f${at}`, 30, {
        aParty: at % 3 === 0 ? BERT : at % 3 === 1 ? ANNA : STRANGER,
        bParty: `+4930${1000 + at}`,
      }),
    );
    const clean = await EngineScene.withAccounts();
    for (const [at, records] of files.entries()) await clean.ingest(`file-${at}`, records);
    const untidy = await EngineScene.withAccounts();
    for (const [at, records] of files.entries()) {
      if (at === 7) {
        // In pieces that overlap, the last first.
        await untidy.ingest("piece-2", records.slice(14));
        await untidy.ingest("piece-1", records.slice(0, 16));
        continue;
      }
      await untidy.ingest(`file-${at}`, records);
      if (at === 3) await untidy.ingest("file-3", records);
      if (at === 9) {
        const again = await untidy.ingest("file-9 under another name", [...records]);
        assert.equal(again.classes.duplicate.records, 30);
      }
    }
    assert.deepEqual(await sumsOf(untidy), await sumsOf(clean));
    assert.equal((await sumsOf(clean)).ids.length, 8 * 30);
    await untidy.commit();
    await untidy.assertConsistent();
  });
});
