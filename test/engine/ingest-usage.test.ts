import assert from "node:assert/strict";
import fc from "fast-check";
import { checkStore } from "../../node/engine/check/check-store.ts";
import { emptyTotals, withTotals } from "../../node/engine/intake/control-totals.ts";
import { ChargeHasher, type LeafHasher } from "../../node/engine/number/hash-charges.ts";
import { CONTROL_CLASSES } from "../../node/engine/store/stored-types.ts";
import {
  ANNA,
  BERT,
  call,
  calls,
  EngineScene,
  hasCode,
  NOON,
  STRANGER,
  usageFile,
} from "./engine-scene.ts";

const outcomes = (file: { classes: Record<string, { records: number }> }) =>
  Object.fromEntries(
    Object.entries(file.classes)
      .filter(([, { records }]) => records > 0)
      .map(([name, { records }]) => [name, records]),
  );

const pendingCharges = (scene: EngineScene) => scene.charges();

const codesInSuspense = async (scene: EngineScene) =>
  (await scene.pipeline.suspense()).map(({ code }) => code);

describe("taking usage in", () => {
  it("takes a file in once, however often it comes", async () => {
    const scene = await EngineScene.withAccounts();
    const records = calls("a", 3);
    assert.deepEqual(outcomes(await scene.ingest("monday", records)), { charged: 3 });
    const again = await scene.ingest("monday", records);
    assert.equal(again.already, true);
    assert.deepEqual(outcomes(again), { charged: 3 });
    assert.equal((await pendingCharges(scene)).length, 3);
  });

  it("counts a record that came in another file as a duplicate", async () => {
    const scene = await EngineScene.withAccounts();
    await scene.ingest("monday", calls("a", 3));
    const file = await scene.ingest("tuesday", [...calls("a", 3).slice(1), call("b")]);
    assert.deepEqual(outcomes(file), { duplicate: 2, charged: 1 });
    assert.equal((await pendingCharges(scene)).length, 4);
    assert.deepEqual(
      file.duplicates?.map(({ position, record, first }) => [position, record, first.file]),
      [
        [1, "a-1", "monday"],
        [2, "a-2", "monday"],
      ],
    );
  });

  it("names where a duplicate came first, whatever became of it", async () => {
    const scene = await EngineScene.withAccounts({ ingestUnitRecords: 2 });
    const alone = call("alone", { bParty: "+498001234567" });
    const waits = call("waits", { aParty: STRANGER });
    const monday = await scene.ingest("monday", [
      call("missed", { billable: false }),
      alone,
      waits,
    ]);
    const recycled = call("recycled", { bParty: "+33123456789" });
    await scene.ingest("tuesday", [recycled]);
    await scene.pipeline.correctSuspended("recycled", { bParty: "+4930123456" });
    assert.equal(await scene.pipeline.recycle("recycled"), "charged");
    const fresh = call("fresh", { start: "2026-10-05T09:00:00.000Z" });
    const stored = call("stored", { start: "2026-10-05T09:10:00.000Z" });
    const file = await scene.ingest("wednesday", [
      waits,
      recycled,
      alone,
      stored,
      fresh,
      fresh,
      stored,
    ]);
    assert.deepEqual(outcomes(file), { charged: 2, duplicate: 5 });
    assert.deepEqual(
      file.duplicates?.map(({ position, record, first }) => [
        position,
        record,
        first.file,
        first.position,
      ]),
      [
        [1, "waits", "monday", 3],
        [2, "recycled", "tuesday", 1],
        [3, "alone", "monday", undefined],
        [6, "fresh", "wednesday", undefined],
        [7, "stored", "wednesday", undefined],
      ],
    );
    assert.equal(file.duplicates?.[0]?.first.sha256, monday.sha256);
  });

  it("tells the first twenty duplicates of a file, and counts all", async () => {
    const scene = await EngineScene.withAccounts({ ingestUnitRecords: 16 });
    await scene.ingest("monday", calls("a", 50));
    const file = await scene.ingest("tuesday", calls("a", 50).reverse());
    assert.deepEqual(outcomes(file), { duplicate: 50 });
    assert.deepEqual(
      file.duplicates?.map(({ position }) => position),
      Array.from({ length: 20 }, (_, at) => at + 1),
    );
  });

  it("parks the same content under another id, and charges it once somebody decided", async () => {
    const scene = await EngineScene.withAccounts();
    await scene.ingest("monday", [call("one")]);
    assert.deepEqual(outcomes(await scene.ingest("tuesday", [call("two")])), { suspended: 1 });
    assert.deepEqual(await codesInSuspense(scene), ["duplicate.suspected"]);
    assert.equal(await scene.pipeline.recycle("two"), "charged");
    assert.deepEqual(await codesInSuspense(scene), []);
    assert.equal((await pendingCharges(scene)).length, 2);
    assert.equal(await scene.pipeline.recycle("two"), undefined);
  });

  it("tells a thousand meters apart that report the same at the same second", async () => {
    const scene = await EngineScene.open();
    const devices = ["lamp-1", "lamp-2"].map((id) => ({ id }));
    await scene.pipeline.putAccounts([{ id: "city", label: "City", devices }]);
    const report = (id: string, deviceId: string, energyWattHours: string) => {
      const { aParty: _, bParty: __, durationSeconds: ___, ...bare } = call(id);
      return {
        ...bare,
        service: "energy" as const,
        direction: "none" as const,
        deviceId,
        energyWattHours,
      };
    };
    const file = await scene.ingest("reports", [
      report("1", "lamp-1", "4890"),
      report("2", "lamp-2", "4890"),
      report("3", "lamp-1", "4891"),
      report("4", "lamp-1", "4891"),
    ]);
    assert.deepEqual(outcomes(file), { charged: 3, suspended: 1 });
  });

  it("parks the record of an unknown owner, and charges it when the account is there", async () => {
    const scene = await EngineScene.withAccounts();
    const file = await scene.ingest("monday", [call("x", { aParty: STRANGER })]);
    assert.deepEqual(outcomes(file), { suspended: 1 });
    assert.deepEqual(await codesInSuspense(scene), ["guide.unknown-owner"]);
    assert.equal(await scene.pipeline.recycle("x"), "suspended");
    await scene.pipeline.putAccounts([{ id: "carl", label: "Carl", devices: [{ id: STRANGER }] }]);
    assert.equal(await scene.pipeline.recycle("x"), "charged");
    const [charge] = await pendingCharges(scene);
    assert.equal(charge?.account, "carl");
    assert.equal(charge?.amountNano, "100000000");
  });

  it("parks the record of a number that two accounts claim at that time", async () => {
    const scene = await EngineScene.withAccounts();
    const device = { id: STRANGER, to: "2026-10-05T11:55:00.000Z" };
    await scene.pipeline.putAccounts([
      { id: "carl", label: "Carl", devices: [device] },
      { id: "dora", label: "Dora", devices: [{ id: STRANGER }] },
    ]);
    const later = { aParty: STRANGER, start: "2026-10-05T11:56:00.000Z" };
    const file = await scene.ingest("monday", [call("x", { aParty: STRANGER }), call("y", later)]);
    assert.deepEqual(outcomes(file), { suspended: 1, charged: 1 });
    assert.deepEqual(await codesInSuspense(scene), ["guide.doubly-claimed"]);
    assert.deepEqual(
      (await pendingCharges(scene)).map(({ account }) => account),
      ["dora"],
    );
  });

  it("parks what no row prices: it is never priced at zero", async () => {
    const scene = await EngineScene.withAccounts();
    const file = await scene.ingest("monday", [
      call("abroad", { bParty: "+33123456789" }),
      call("free", { bParty: "+498001234567" }),
    ]);
    assert.deepEqual(outcomes(file), { suspended: 1, pricedAtZero: 1 });
    assert.deepEqual(await codesInSuspense(scene), ["rating.no-row-for-number"]);
  });

  it("rejects a record older than the maximum age, to the second", async () => {
    const scene = await EngineScene.withAccounts();
    const dueAt = (age: bigint) =>
      new Date(Number(NOON - 45n * 86_400n - age) * 1000 - 30_000).toISOString();
    const file = await scene.ingest("monday", [
      call("just", { start: dueAt(0n) }),
      call("old", { start: dueAt(1n) }),
    ]);
    assert.deepEqual(outcomes(file), { charged: 1, rejected: 1 });
    assert.deepEqual(
      file.rejections?.map(({ position, code }) => [position, code]),
      [[2, "record.too-old"]],
    );
  });

  it("keeps a recycled record that became too old in suspense, with that reason", async () => {
    const scene = await EngineScene.withAccounts();
    await scene.ingest("monday", [call("x", { aParty: STRANGER })]);
    await scene.pipeline.putAccounts([{ id: "carl", label: "Carl", devices: [{ id: STRANGER }] }]);
    scene.at(NOON + 46n * 86_400n);
    assert.equal(await scene.pipeline.recycle("x"), "suspended");
    assert.deepEqual(await codesInSuspense(scene), ["record.too-old"]);
  });

  it("parks a record that ends after the ledger's time, until that time has come", async () => {
    const scene = await EngineScene.withAccounts();
    const start = "2026-10-05T11:59:30.001Z";
    await scene.ingest("monday", [call("early", { start })]);
    assert.deepEqual(await codesInSuspense(scene), ["record.from-the-future"]);
    assert.equal(await scene.pipeline.recycle("early"), "suspended");
    scene.at(NOON + 1n);
    assert.equal(await scene.pipeline.recycle("early"), "charged");
  });

  it("charges a corrected record by its correction, and refuses one that makes it unusable", async () => {
    const scene = await EngineScene.withAccounts();
    await scene.ingest("monday", [call("x", { aParty: STRANGER })]);
    const wrong = { start: "yesterday" };
    await assert.rejects(scene.pipeline.correctSuspended("x", wrong), hasCode("usage.bad-record"));
    assert.equal(await scene.pipeline.correctSuspended("x", { aParty: BERT }), true);
    assert.equal(await scene.pipeline.recycle("x"), "charged");
    assert.deepEqual(
      (await pendingCharges(scene)).map(({ account }) => account),
      ["bert"],
    );
    assert.equal(await scene.pipeline.correctSuspended("x", {}), false);
  });

  it("tells the first twenty records that were rejected, and counts all", async () => {
    const scene = await EngineScene.withAccounts();
    const nonsense = Array.from({ length: 30 }, (_, at) => ({
      rejected: { code: "csv.columns", message: "too few", position: at + 1 },
    }));
    const file = await scene.ingest("monday", nonsense);
    assert.deepEqual(outcomes(file), { rejected: 30 });
    assert.deepEqual(
      file.rejections?.map(({ position }) => position),
      nonsense.slice(0, 20).map(({ rejected }) => rejected.position),
    );
  });

  it("does not charge what is not billable, nor what the format rejected", async () => {
    const scene = await EngineScene.withAccounts();
    const rejected = { rejected: { code: "csv.columns", message: "too few", position: 2 } };
    const file = await scene.ingest("monday", [call("missed", { billable: false }), rejected]);
    assert.deepEqual(outcomes(file), { notBillable: 1, rejected: 1 });
    assert.deepEqual(file.rejections, [rejected.rejected]);
    assert.equal(file.in.records, 2);
  });

  it("goes on behind the last whole block after a crash in the middle of a file", async () => {
    const scene = await EngineScene.withAccounts({ ingestUnitRecords: 256 });
    const records = calls("a", 600);
    // The third unit's write is lost: two units of 256 stand.
    let progress = 0;
    const failing = scene.pipeline.ingest(
      {
        name: "big",
        sha256: "00".repeat(32),
        lines: (async function* () {
          yield* records;
        })(),
      },
      () => {
        if (++progress === 2) scene.store.failNextWrites("failedAndLost");
      },
    );
    await assert.rejects(failing, hasCode("store.write-failed"));
    assert.equal((await pendingCharges(scene)).length, 512);
    scene.crash();
    await scene.reopen();
    const lines = (async function* () {
      yield* records;
    })();
    const file = await scene.pipeline.ingest({ name: "big", sha256: "00".repeat(32), lines });
    assert.deepEqual(outcomes(file), { charged: 600 });
    const numbers = (await pendingCharges(scene)).map((one) => one.opened.account.chargeNumber);
    assert.deepEqual(
      numbers,
      Array.from({ length: 600 }, (_, at) => `${at + 1}`),
    );
  });

  it("balances: in = the sum of all classes, in records, milliseconds and octets, for any mix", async () => {
    const party = fc.constantFrom(ANNA, BERT, STRANGER);
    const line = fc.oneof(
      fc.record({
        id: fc.constantFrom(..."abcdefghij"),
        aParty: party,
        bParty: fc.constantFrom("+4930123456", "+498001", "+33123"),
        durationSeconds: fc.integer({ min: 0, max: 5_000_000 }).map((ms) => ms / 1000),
        start: fc
          .integer({ min: Date.parse("2026-08-01"), max: Date.parse("2026-10-10") })
          .map((ms) => new Date(ms).toISOString()),
        billable: fc.boolean(),
      }),
      fc.record({
        id: fc.constantFrom(..."klmnopq"),
        service: fc.constant("data" as const),
        direction: fc.constant("none" as const),
        aParty: party,
        uplinkOctets: fc.integer({ min: 0, max: 10 }),
        downlinkOctets: fc.bigInt({ min: 0n, max: 10n ** 20n }).map(String),
      }),
    );
    const files = fc.array(fc.array(fc.option(line, { nil: "rejected" }), { maxLength: 12 }), {
      maxLength: 3,
    });
    const property = fc.asyncProperty(files, async (mixes) => {
      const scene = await EngineScene.withAccounts();
      for (const [at, mix] of mixes.entries()) {
        const lines = mix.map((one) =>
          typeof one === "string"
            ? { rejected: { code: "x.y", message: "", position: 1 } }
            : call(one.id, one),
        );
        const file = await scene.ingest(`file-${at}`, lines);
        const { rows: hours } = await scene.pipeline.control.hours({
          file: file.sha256,
          limit: 1_000,
        });
        assert.ok(hours.every(({ balanced }) => balanced));
        const sumOfHours = hours.reduce((sum, hour) => withTotals(sum, hour), emptyTotals());
        assert.deepEqual(sumOfHours.classes, file.classes);
        const classes = CONTROL_CLASSES.map((name) => file.classes[name]);
        const sum = (pick: (totals: (typeof classes)[number]) => number | string) =>
          classes.reduce((total, totals) => total + BigInt(pick(totals)), 0n);
        assert.equal(file.in.records, mix.length);
        assert.equal(
          sum(({ records }) => records),
          BigInt(mix.length),
        );
        for (const unit of ["durationMilliseconds", "octets"] as const) {
          assert.equal(
            sum((totals) => totals[unit]),
            BigInt(file.in[unit]),
            unit,
          );
        }
        const milliseconds = mix.reduce(
          (total, one) =>
            typeof one !== "string" && "durationSeconds" in one
              ? total + Math.round(one.durationSeconds * 1000)
              : total + (typeof one === "string" ? 0 : 30_000),
          0,
        );
        assert.equal(file.in.durationMilliseconds, `${milliseconds}`);
      }
      await scene.commit();
      assert.deepEqual((await checkStore(scene.store, scene.ledger)).problems, []);
    });
    await fc.assert(property, { numRuns: 25 });
  });

  it("knows a charge again that no column holds, in the same unit of work", async () => {
    const scene = await EngineScene.withAccounts();
    const huge = call("huge", {
      service: "data",
      direction: "none",
      totalOctets: "999999999999999999",
    });
    const again = { ...huge, totalOctets: "0" };
    const { classes } = await scene.ingest("both", [huge, again]);
    assert.deepEqual([classes.charged.records, classes.duplicate.records], [1, 1]);
    assert.equal((await scene.charges()).length, 1);
  });

  it("rates the next unit of work while the one before is hashed and written, and knows all of it", async () => {
    let waiting = 0;
    let waitingMax = 0;
    const slow = (domain: Uint8Array): LeafHasher => {
      const hasher = new ChargeHasher(domain);
      return {
        leavesOf: async (block, secrets) => {
          waitingMax = Math.max(waitingMax, ++waiting);
          const leaves = hasher.leavesOf(block, secrets);
          await new Promise((resolve) => setTimeout(resolve, 5));
          waiting--;
          return leaves;
        },
      };
    };
    // Half of each unit of work was new in the one before, which is still being written.
    const fives = [
      calls("one", 5),
      calls("strange", 5, { aParty: STRANGER }),
      calls("two", 5, { aParty: BERT }),
      calls("three", 5, { bParty: "+493023125001" }),
    ];
    const scene = await EngineScene.withAccounts({ ingestUnitRecords: 10, leafHasher: slow });
    const lines = fives.slice(1).flatMap((five, at) => [...(fives[at] ?? []), ...five]);
    const { classes } = await scene.ingest("use", lines);
    assert.deepEqual(
      [classes.charged.records, classes.suspended.records, classes.duplicate.records],
      [15, 5, 10],
    );
    assert.ok(waitingMax > 1, `${waitingMax} units of work at once`);
    await scene.commit();
    await scene.assertConsistent();
  });

  it("tells that a unit of work could not be hashed or written, and goes on behind the last that was", async () => {
    let blocks = 0;
    const failing = (domain: Uint8Array): LeafHasher => {
      const hasher = new ChargeHasher(domain);
      return {
        leavesOf: async (block, secrets) => {
          await new Promise((resolve) => setTimeout(resolve, 2));
          if (++blocks === 2) throw new Error("the hasher ended");
          return hasher.leavesOf(block, secrets);
        },
      };
    };
    const scene = await EngineScene.withAccounts({ ingestUnitRecords: 10, leafHasher: failing });
    const lines = calls("use", 45);
    const told: number[] = [];
    const file = usageFile("use", lines);
    await assert.rejects(
      scene.pipeline.ingest(file, (records) => told.push(records)),
      /ended/,
    );
    assert.deepEqual(told, [10]);
    assert.equal((await scene.charges()).length, 10);
    const { classes } = await scene.ingest("use", lines);
    assert.equal(classes.charged.records, 45);
    assert.equal((await scene.charges()).length, 45);
    await scene.assertConsistent();
  });
});
