import assert from "node:assert/strict";
import type { Hex } from "../../node/core/bytes.ts";
import { isClosed, parseBundle } from "../../node/core/evidence/bundle.ts";
import { explainTold } from "../../node/core/evidence/explain-told.ts";
import { findBreaches } from "../../node/core/evidence/find-breaches.ts";
import { type LedgerFacts, sealKey } from "../../node/core/evidence/ledger-facts.ts";
import { type LineReport, verifyBundle } from "../../node/core/evidence/verify-bundle.ts";
import { AccountDirectory } from "../../node/core/rating/account-directory.ts";
import { AccountRater } from "../../node/core/rating/account-rater.ts";
import { BillingPeriods } from "../../node/core/rating/billing-period.ts";
import { RatingState } from "../../node/core/rating/rating-state.ts";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import { compileTariff } from "../../node/core/tariff/compile.ts";
import { TariffShelf } from "../../node/engine/rate/tariff-shelf.ts";
import type { Account, StoredCharge } from "../../node/engine/store/stored-types.ts";
import { FusedStore } from "../simulation/fused-store.ts";
import {
  ANNA,
  BERT,
  call,
  EngineScene,
  hasCode,
  RECORD_AGE_MAX_SECONDS,
  seconds,
} from "./engine-scene.ts";
import { ACCOUNTS, CARL, DORA, mixedUse, PLAN_TARIFFS, PLANS, planScene } from "./plan-scene.ts";

/** What `rate --accounts` makes of the same records, by id, and the state that it ends with. */
function rateAlone(records: readonly UsageRecord[]) {
  const tariff = compileTariff(PLANS, 1);
  const periods = new BillingPeriods(tariff.document);
  const state = new RatingState(tariff.document);
  const directory = AccountDirectory.read(ACCOUNTS, tariff.document, periods);
  const rater = new AccountRater(tariff, directory, periods, state);
  const amounts = new Map<string, bigint>();
  for (const record of records) {
    const rated = rater.rate(record);
    if (rated.outcome !== "rated") assert.fail(JSON.stringify(rated));
    amounts.set(record.id, rated.amountNano);
    for (const paid of rated.sponsored ?? []) {
      amounts.set(`${record.id} by ${paid.account}`, paid.amountNano);
    }
  }
  return { amounts, state };
}

async function amountsOf(scene: EngineScene): Promise<Map<string, bigint>> {
  const amounts = new Map<string, bigint>();
  for (const charge of await scene.charges()) {
    const isPaid = charge.opened.charge?.kind === 4;
    const name = isPaid ? `${charge.recordId} by ${charge.account}` : charge.recordId;
    assert.ok(!amounts.has(name), `${name} is charged twice`);
    amounts.set(name, BigInt(charge.amountNano));
  }
  return amounts;
}

const sorted = <T>(map: ReadonlyMap<string, T>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

/** The steps of one counter, in their order. */
const stepsOf = (charges: readonly StoredCharge[], account: string) =>
  charges
    .filter((charge) => charge.account === account)
    .flatMap(({ opened }) => opened.charge?.counters.filter(isCounter) ?? []);

/** The second scope names a plan; the first is empty where no counter stands behind the price. */
const isCounter = ({ scope }: { scope: Hex }): boolean =>
  !scope.startsWith("0x504c414e") && !/^0x0+$/.test(scope);

describe("rating by accounts' plans in the node", () => {
  it("asks what `rate --accounts` asks, in whatever pieces and with restarts", async () => {
    for (const seed of [1, 2, 3]) {
      const records = mixedUse(seed, 400);
      const expected = rateAlone(records);
      const scene = await planScene({ seed, ingestUnitRecords: 7 + seed * 30 });
      await scene.ingest("first", records.slice(0, 150));
      scene.crash();
      await scene.reopen();
      await scene.ingest("second", records.slice(150, 300));
      await scene.ingest("third", records.slice(200));
      assert.deepEqual(sorted(await amountsOf(scene)), sorted(expected.amounts));
      assert.ok([...expected.amounts.keys()].some((name) => name.endsWith("by firm")));
      await scene.commit();
      await scene.assertConsistent();
    }
  });

  it("has the same books wherever it dies, and counts no use twice", async () => {
    const records = mixedUse(5, 60);
    const { amounts } = rateAlone(records);
    for (let calls = 1; calls < 60; calls += 3) {
      const scene = await planScene({ seed: calls, ingestUnitRecords: 10 });
      const fuse = new FusedStore(scene.store);
      await scene.reopen(fuse);
      fuse.dieAfter(calls, calls % 2 === 0);
      await scene.ingest("use", records).catch(() => {});
      scene.crash();
      await scene.reopen();
      await scene.ingest("use", records);
      assert.deepEqual(sorted(await amountsOf(scene)), sorted(amounts), `died at ${calls}`);
    }
  });

  it("goes on from what is stored after a write that failed", async () => {
    const records = mixedUse(6, 40);
    const scene = await planScene();
    await scene.ingest("first", records.slice(0, 20));
    scene.store.failNextWrites("failedAndLost");
    await assert.rejects(scene.ingest("second", records.slice(20)), hasCode("store.write-failed"));
    scene.crash();
    await scene.reopen();
    await scene.ingest("second", records.slice(20));
    assert.deepEqual(sorted(await amountsOf(scene)), sorted(rateAlone(records).amounts));
  });

  it("names the counter of a tier: gap-free, each step from where the last one ended", async () => {
    const scene = await planScene();
    const data = Array.from({ length: 8 }, (_, at) => ({
      ...call(`d${at}`),
      service: "data" as const,
      direction: "none" as const,
      start: `2026-10-05T1${at % 2}:0${at}:00.000Z`,
      totalOctets: 9_000_000 + at,
      aParty: at === 7 ? BERT : ANNA,
    }));
    await scene.ingest("data", data.slice(0, 4));
    scene.crash();
    await scene.reopen();
    await scene.ingest("more", data.slice(4));
    const charges = await scene.charges();
    const steps = stepsOf(charges, "anna");
    assert.equal(new Set(steps.map(({ scope }) => scope)).size, 1);
    assert.deepEqual(
      steps.map(({ scopeSequence }) => scopeSequence),
      ["1", "2", "3", "4", "5", "6", "7"],
    );
    let before = 0n;
    for (const [at, step] of steps.entries()) {
      assert.equal(step.counterBefore, before.toString());
      before += BigInt(Math.ceil((9_000_000 + at) / 1000) * 1000);
    }
    const [other] = stepsOf(charges, "bert");
    assert.equal(other?.counterBefore, "0");
    assert.notEqual(other?.scope, steps[0]?.scope);
  });

  it("keeps what allowances and counters were before and after", async () => {
    const scene = await planScene();
    await scene.ingest("one", [
      call("a", { start: "2026-10-05T10:00:00.000Z", durationSeconds: 600 }),
    ]);
    await scene.ingest("two", [
      call("b", { start: "2026-10-05T10:00:00.000Z", durationSeconds: 1500, aParty: BERT }),
    ]);
    const [, second] = await scene.charges();
    assert.deepEqual(
      second?.moves?.map(({ name, before, after }) => [name, before, after]),
      [["minutes", "1200000", "0"]],
    );
    // 1,200 s are covered; 300 s are left.
    assert.equal(second?.amountNano, "500000000");
  });

  it("moves nothing for a record that waits, and rates it once it is recycled", async () => {
    const scene = await planScene();
    const late = call("late", { start: "2026-10-05T11:59:30.000Z", durationSeconds: 1200 });
    await scene.ingest("late", [late]);
    assert.equal((await scene.pipeline.suspense())[0]?.code, "record.from-the-future");
    await scene.ingest("now", [
      call("now", { start: "2026-10-05T10:00:00.000Z", durationSeconds: 1200 }),
    ]);
    scene.at("2026-10-05T13:00:00Z");
    assert.equal(await scene.pipeline.recycle("late"), "charged");
    assert.deepEqual(
      (await scene.charges()).map(({ recordId, amountNano }) => [recordId, amountNano]),
      [
        ["now", "0"],
        ["late", "1000000000"],
      ],
    );
    await scene.commit();
    await scene.assertConsistent();
  });

  it("refuses accounts whose plan no tariff knows, whose pool or sponsor is none, and keeps the others", async () => {
    const scene = await planScene();
    const account = { id: "eve", label: "Eve", devices: [] };
    const cases: [Partial<Account>, string][] = [
      [{ plan: "None" }, "accounts.plan-unknown"],
      [{ pool: "nobody" }, "accounts.pool-unknown"],
      [{ sponsors: [{ account: "nobody" }] }, "accounts.sponsor-unknown"],
      [{ plans: [{ plan: "Work", from: "yesterday" }] }, "accounts.date-invalid"],
    ];
    for (const [more, code] of cases) {
      await assert.rejects(scene.pipeline.putAccounts([{ ...account, ...more }]), hasCode(code));
    }
    assert.equal((await scene.pipeline.accounts()).length, ACCOUNTS.length);
    await scene.ingest("use", [call("c", { aParty: CARL }), call("d", { aParty: DORA })]);
    assert.equal((await scene.charges()).length, 3);
  });

  it("refuses plans where the tariff has none", async () => {
    const { pipeline } = await EngineScene.open();
    const eve = { id: "eve", label: "Eve", devices: [], plan: "Family" };
    await assert.rejects(pipeline.putAccounts([eve]), hasCode("accounts.plan-unknown"));
  });

  it("starts with accounts whose plan a newer tariff lacks, and lets their records wait", async () => {
    const [, work] = PLANS.plans ?? [];
    const document = { ...PLANS, plans: work === undefined ? [] : [work] };
    const validFromSeconds = seconds("2026-10-04T00:00:00Z");
    const [first] = PLAN_TARIFFS.versions;
    const tariffs = new TariffShelf([
      { version: 1, validFromSeconds: first?.validFromSeconds ?? 0n, document: PLANS },
      { version: 2, validFromSeconds, document },
    ]);
    const scene = await planScene({ tariffs });
    await scene.ingest("old", [call("old", { start: "2026-10-03T10:00:00.000Z" })]);
    await scene.ingest("new", [call("new")]);
    assert.deepEqual(
      (await scene.charges()).map(({ recordId }) => recordId),
      ["old"],
    );
    assert.equal((await scene.pipeline.suspense())[0]?.code, "accounts.plan-unknown");
  });

  it("gives evidence that verifies with tiers and allowances, and finds a step that is told wrongly", async () => {
    const scene = await planScene();
    const records = mixedUse(8, 240).filter(({ aParty }) => aParty === ANNA);
    await scene.ingest("use", records);
    await scene.commit();
    const bundle = await scene.pipeline.evidence("anna", "2026-10");
    const [tariff] = scene.tariffs.versions;
    const seals: Record<string, Hex> = {};
    for (const { domain, sequence } of bundle.batches) {
      const seal = await scene.ledger.sealOf(domain, BigInt(sequence));
      if (seal !== undefined) seals[sealKey(domain, sequence)] = seal;
    }
    const facts: LedgerFacts = {
      sources: [],
      seals,
      maxRecordAgeSeconds: RECORD_AGE_MAX_SECONDS.toString(),
      tariffs: {
        1: { root: tariff?.root as Hex, validFrom: String(tariff?.validFromSeconds) },
      },
    };
    const read = parseBundle(JSON.stringify(bundle));
    const { lines } = verifyBundle(read, facts);
    const priced = (line: LineReport) => line.checks.find(({ name }) => name === "priced")?.ok;
    const isTiered = (line: LineReport) => {
      const { charge } = read.charges.find((one) => one.line === line.line) ?? assert.fail();
      return !isClosed(charge) && charge.counters.some(isCounter);
    };
    assert.deepEqual([...new Set(lines.filter(isTiered).map(priced))], [true]);
    const verdicts = (some: LineReport[]) => [...new Set(some.map(({ verdict }) => verdict))];
    assert.deepEqual(verdicts(lines.filter(isTiered)), ["committed"]);
    // What others took from the pool is the operator's word; a call that costs nothing needs none.
    for (const line of lines.filter((one) => !isTiered(one))) {
      assert.equal(line.verdict, line.amountNano === 0n ? "committed" : "not-checked");
    }
    const ofUse = read.charges.filter(({ charge }) => !isClosed(charge) && charge.service === 4);
    assert.ok(ofUse.length >= 5);
    assert.deepEqual(findBreaches(read), []);
    // The same step asked from elsewhere: the judge of counters would have it.
    const lied = structuredClone(read);
    const third = lied.charges.filter(
      ({ charge }) => !isClosed(charge) && charge.counters.some(isCounter),
    )[2];
    const { charge } = third ?? assert.fail("there are three");
    assert.ok(!isClosed(charge) && charge.counters[0] !== undefined);
    charge.counters[0].counterBefore = "1";
    assert.ok(findBreaches(lied).some(({ kind }) => kind === "counterStepWrong"));
    const compiled = compileTariff(PLANS, 1);
    const all: string[] = [];
    for (const { charge, amountNano, told } of read.charges) {
      assert.ok(!isClosed(charge) && told !== undefined);
      const words = explainTold(compiled, { charge, amountNano, told });
      all.push(...words);
      assert.match(words.at(-1) ?? "", /^together /);
      const more = { charge, amountNano: `${BigInt(amountNano) + 1n}`, told };
      assert.match(explainTold(compiled, more).at(-1) ?? "", /DOES NOT COME/);
    }
    assert.ok(
      all.some((text) =>
        /^allowance "minutes" \(pool\): .* left of .* before, .* after$/.test(text),
      ),
    );
    assert.ok(all.some((text) => /^counter ".*" \(account\): .* before, .* after$/.test(text)));
  });
});
