import assert from "node:assert/strict";
import type { Hex } from "../../node/core/bytes.ts";
import { parseBundle } from "../../node/core/evidence/bundle.ts";
import { type LedgerFacts, sealKey } from "../../node/core/evidence/ledger-facts.ts";
import { verifyBundle } from "../../node/core/evidence/verify-bundle.ts";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import type { Correction } from "../../node/engine/intake/correct-charge.ts";
import { BERT, call, calls, EngineScene, hasCode, RECORD_AGE_MAX_SECONDS } from "./engine-scene.ts";
import { ACCOUNTS, CARL, planScene } from "./plan-scene.ts";

const BY = { by: "grace", reason: "The switch counted on." };

/** What Anna and Bert called in October, billed; the wrong call is of ten minutes, and was of one. */
async function billedOctober(): Promise<EngineScene> {
  const scene = await EngineScene.withAccounts();
  await scene.ingest("october", [...calls("c", 5), call("wrong", { durationSeconds: 600 })]);
  await scene.commit();
  scene.at("2026-11-01T06:00:00Z");
  await scene.pipeline.bill("2026-10");
  await scene.commit();
  return scene;
}

async function bill(scene: EngineScene, month: string, time: string): Promise<void> {
  await scene.commit();
  scene.at(time);
  await scene.pipeline.bill(month);
  await scene.commit();
}

async function verified(scene: EngineScene, account: string, month: string) {
  const bundle = parseBundle(JSON.stringify(await scene.pipeline.evidence(account, month)));
  const seals: Record<string, Hex> = {};
  for (const { domain, sequence } of bundle.batches) {
    const seal = await scene.ledger.sealOf(domain, BigInt(sequence));
    if (seal !== undefined) seals[sealKey(domain, sequence)] = seal;
  }
  const [tariff] = scene.tariffs.versions;
  const facts: LedgerFacts = {
    sources: [],
    seals,
    maxRecordAgeSeconds: RECORD_AGE_MAX_SECONDS.toString(),
    tariffs: { 1: { root: tariff?.root as Hex, validFrom: String(tariff?.validFromSeconds) } },
  };
  return { bundle, report: verifyBundle(bundle, facts) };
}

const corrected = (changes: Partial<UsageRecord> = {}): Correction => ({
  recordId: "wrong",
  record: call("wrong", { durationSeconds: 50, ...changes }),
  ...BY,
});

describe("correction of a committed charge", () => {
  it("is a credit and a charge on the next bill, whose evidence is good; the past stays", async () => {
    const scene = await billedOctober();
    const before = await scene.pipeline.evidence("anna", "2026-10");
    const made = await scene.pipeline.correct(corrected());
    const place = { account: "anna", epoch: "2026-11", number: "1" };
    assert.deepEqual(made.credit, { ...place, amountNano: "1000000000" });
    assert.deepEqual(made.charge, { ...place, amountNano: "100000000" });
    await bill(scene, "2026-11", "2026-12-01T06:00:00Z");
    const [invoice] = (await scene.invoices()).filter(({ epoch }) => epoch === "2026-11");
    assert.deepEqual(
      [invoice?.chargesNano, invoice?.body.creditsNano],
      ["100000000", "1000000000"],
    );
    const { report } = await verified(scene, "anna", "2026-11");
    const bad = [...report.lines, ...report.credits].filter(
      ({ verdict }) => verdict !== "committed",
    );
    assert.deepEqual(
      bad.map(({ line, checks }) => [line, checks.filter(({ ok }) => ok !== true)]),
      [],
    );
    assert.deepEqual(
      report.bundleChecks.filter(({ ok }) => ok !== true),
      [],
    );
    assert.equal(report.ok, true);
    assert.deepEqual((await scene.pipeline.evidence("anna", "2026-10")).charges, before.charges);
    await scene.assertConsistent();
  });

  it("is made once, over crashes and repetitions, and can be corrected again", async () => {
    const scene = await billedOctober();
    const first = await scene.pipeline.correct(corrected());
    scene.crash();
    await scene.reopen();
    const again = await scene.pipeline.correct(corrected());
    assert.deepEqual([again.already, again.charge], [true, first.charge]);
    const both = (await scene.charges()).filter(({ recordId }) => recordId === "wrong");
    assert.equal(both.length, 2);
    // The same source twice is a breach that anybody can prove.
    assert.match(both[1]?.opened.account.sourceTag ?? "", /^0x0{48}$/);
    assert.notEqual(both[0]?.opened.account.sourceTag, both[1]?.opened.account.sourceTag);
    await assert.rejects(
      scene.pipeline.correct(corrected({ durationSeconds: 61 })),
      hasCode("correction.not-sealed"),
    );
    await scene.commit();
    const second = await scene.pipeline.correct(corrected({ durationSeconds: 61 }));
    assert.deepEqual(
      [second.revision, second.credit?.amountNano, second.charge?.amountNano],
      [2, "100000000", "200000000"],
    );
    await scene.commit();
    const none = await scene.pipeline.correct({ recordId: "wrong", ...BY });
    assert.deepEqual([none.credit?.amountNano, none.charge], ["200000000", undefined]);
    await scene.commit();
    const back = await scene.pipeline.correct(corrected({ durationSeconds: 62 }));
    assert.deepEqual([back.credit, back.charge?.amountNano], [undefined, "200000000"]);
    await scene.commit();
    await scene.assertConsistent();
  });

  it("goes to whose it was, and the record that comes late again is a duplicate still", async () => {
    const scene = await billedOctober();
    const made = await scene.pipeline.correct(corrected({ aParty: BERT }));
    assert.deepEqual([made.credit?.account, made.charge?.account], ["anna", "bert"]);
    const file = await scene.ingest("late", [
      call("wrong", { durationSeconds: 50 }),
      call("late", { start: "2026-10-20T10:00:00.000Z" }),
    ]);
    assert.deepEqual([file.classes.duplicate.records, file.classes.charged.records], [1, 1]);
    await bill(scene, "2026-11", "2026-12-01T06:00:00Z");
    for (const account of ["anna", "bert"]) {
      const { report } = await verified(scene, account, "2026-11");
      assert.equal(report.ok, true, account);
    }
    await scene.assertConsistent();
  });

  it("gives back a part, and never more than the charge", async () => {
    const scene = await billedOctober();
    const part = (creditNano: bigint) =>
      scene.pipeline.correct({ recordId: "wrong", creditNano, ...BY });
    assert.equal((await part(900_000_000n)).credit?.amountNano, "900000000");
    await assert.rejects(part(100_000_001n), hasCode("correction.above-charge"));
    assert.equal((await part(100_000_000n)).credit?.amountNano, "100000000");
    assert.equal((await scene.pipeline.correct({ recordId: "wrong", ...BY })).credit, undefined);
  });

  it("is given once in a list of credits that comes again, and refused where nothing is left", async () => {
    const scene = await billedOctober();
    const part = (creditNano: bigint, reason: string) =>
      scene.pipeline.correct({ recordId: "wrong", creditNano, by: "grace", reason });
    const list = [
      await part(300_000_000n, "one"),
      await part(200_000_000n, "two"),
      await part(300_000_000n, "three"),
    ];
    assert.deepEqual(
      list.map(({ credit, already }) => [credit?.amountNano, already]),
      [
        ["300000000", false],
        ["200000000", false],
        ["300000000", false],
      ],
    );
    assert.equal((await part(300_000_000n, "one")).already, true);
    assert.equal((await part(200_000_000n, "two")).already, true);
    await assert.rejects(part(0n, "nothing"), hasCode("correction.nothing-credited"));
    await scene.pipeline.correct({ recordId: "wrong", ...BY });
    await assert.rejects(part(1n, "four"), hasCode("correction.above-charge"));
    await bill(scene, "2026-11", "2026-12-01T06:00:00Z");
    const [invoice] = (await scene.invoices()).filter(({ epoch }) => epoch === "2026-11");
    // Anna called nobody in November, and has a bill of what she gets back.
    assert.deepEqual([invoice?.chargesNano, invoice?.body.creditsNano], ["0", "1000000000"]);
    const { report } = await verified(scene, "anna", "2026-10");
    const verdicts = report.credits.map(({ verdict }) => verdict);
    assert.deepEqual([...new Set(verdicts), verdicts.length], ["committed", 4]);
    await assert.rejects(scene.pipeline.evidence("anna", "2026-11"), hasCode("evidence.nothing"));
    await scene.assertConsistent();
  });

  it("gives a sponsor its share of a withdrawn charge back, once", async () => {
    const scene = await planScene();
    const used = call("sponsored", {
      aParty: CARL,
      start: "2026-10-05T09:00:00.000Z",
      durationSeconds: 600,
    });
    await scene.ingest("october", [used]);
    await scene.commit();
    const withdrawn = await scene.pipeline.correct({ recordId: "sponsored", ...BY });
    assert.equal(withdrawn.credit?.amountNano, "450000000");
    assert.deepEqual(
      withdrawn.sponsors?.map(({ account, amountNano }) => [account, amountNano]),
      [["firm", "450000000"]],
    );
    assert.equal((await scene.pipeline.correct({ recordId: "sponsored", ...BY })).already, true);
    await scene.assertConsistent();
  });

  it("refuses to withdraw a charge whose sponsor the account does not name any more", async () => {
    const scene = await planScene();
    await scene.ingest("october", [
      call("sponsored", { aParty: CARL, start: "2026-10-05T09:00:00.000Z" }),
    ]);
    await scene.commit();
    const carl = ACCOUNTS.find(({ id }) => id === "carl");
    await scene.pipeline.putAccounts([{ ...carl, sponsors: [] }] as typeof ACCOUNTS);
    await assert.rejects(
      scene.pipeline.correct({ recordId: "sponsored", ...BY }),
      hasCode("correction.sponsor-unknown"),
    );
    assert.equal((await scene.charges()).length, 2);
  });

  it("finds a charge that waited in suspense first", async () => {
    const scene = await EngineScene.withAccounts();
    await scene.ingest("october", [call("parked", { bParty: "+15551234567" })]);
    await scene.pipeline.correctSuspended("parked", { bParty: "+4930111" });
    assert.equal(await scene.pipeline.recycle("parked"), "charged");
    await scene.commit();
    const made = await scene.pipeline.correct({ recordId: "parked", ...BY });
    assert.equal(made.credit?.amountNano, "100000000");
    await scene.commit();
    await scene.assertConsistent();
  });

  it("is refused where there is no charge, no price, or it would be too old; nothing is half made", async () => {
    const scene = await billedOctober();
    const refused = (correction: Correction, code: string) =>
      assert.rejects(scene.pipeline.correct(correction), hasCode(code));
    await refused({ recordId: "nobody", ...BY }, "correction.unknown");
    await refused(corrected({ bParty: "+15551234567" }), "rating.no-row-for-number");
    await refused(corrected({ billable: false }), "correction.not-billable");
    scene.at("2026-12-20T12:00:00Z");
    await refused(corrected(), "record.too-old");
    assert.equal((await scene.charges()).length, 6);
    assert.deepEqual(await scene.values("correction/"), []);
  });

  it("that is refused before anything came leaves records to be known again after a crash", async () => {
    const scene = await EngineScene.withAccounts();
    const early = scene.pipeline.correct({ recordId: "nobody", ...BY });
    await assert.rejects(early, hasCode("correction.unknown"));
    await scene.ingest("first", calls("c", 3));
    scene.crash();
    await scene.reopen();
    const { classes } = await scene.ingest("again", calls("c", 3));
    assert.deepEqual([classes.duplicate.records, classes.charged.records], [3, 0]);
    assert.equal((await scene.charges()).length, 3);
  });
});
