import assert from "node:assert/strict";
import { readInvoiceDocument } from "../../node/core/invoice/invoice-document.ts";
import { AccountDirectory } from "../../node/core/rating/account-directory.ts";
import { AccountRater } from "../../node/core/rating/account-rater.ts";
import { BillingPeriods } from "../../node/core/rating/billing-period.ts";
import { PeriodCloser } from "../../node/core/rating/close-period.ts";
import { RatingState } from "../../node/core/rating/rating-state.ts";
import { compileTariff } from "../../node/core/tariff/compile.ts";
import type { TariffDocument } from "../../node/core/tariff/document.ts";
import { TariffShelf } from "../../node/engine/rate/tariff-shelf.ts";
import { readCharge } from "../../node/engine/store/read-charges.ts";
import type { StoredInvoice } from "../../node/engine/store/stored-types.ts";
import { FusedStore } from "../simulation/fused-store.ts";
import { ANNA, CHARGES, CREDITS, call, EngineScene, hasCode, seconds } from "./engine-scene.ts";
import { ACCOUNTS, CARL, CLOSING, mixedUse, PLANS, planScene } from "./plan-scene.ts";

const TARIFFS = new TariffShelf([
  { version: 1, validFromSeconds: seconds("2026-01-01T00:00:00Z"), document: CLOSING },
]);
/** All of October: billed without a month before. */
const USE = mixedUse(11, 160).filter(({ start }) => start >= "2026-10");

const TOTALS = (() => {
  const tariff = compileTariff(CLOSING, 1);
  const periods = new BillingPeriods(tariff.document);
  const state = new RatingState(tariff.document);
  const directory = AccountDirectory.read(ACCOUNTS, tariff.document, periods);
  const rater = new AccountRater(tariff, directory, periods, state);
  for (const record of USE) assert.equal(rater.rate(record).outcome, "rated");
  const [period] = periods.within("2026-10-01/2026-11-01");
  const closer = new PeriodCloser(tariff, directory, periods, state);
  return [...closer.close(period ?? assert.fail())];
})();

async function scene(tariffs = TARIFFS): Promise<EngineScene> {
  const opened = await planScene({ tariffs, ingestUnitRecords: 50, billUnitAccounts: 2 });
  await opened.ingest("october", USE);
  opened.at("2026-11-01T06:00:00Z");
  await opened.commit();
  return opened;
}

/** As staff would: the bill says what is to be committed first. */
async function billed(of: EngineScene, epoch = "2026-10"): Promise<StoredInvoice[]> {
  const pending = hasCode("bill.charges-pending");
  for (let tries = 0; ; tries++) {
    assert.ok(tries < 4, "the bill comes to its end");
    try {
      await of.pipeline.bill(epoch);
      break;
    } catch (error) {
      if (!pending(error)) throw error;
      const { bill } = await of.pipeline.status();
      assert.deepEqual([bill?.period, bill?.phase, bill?.running], [epoch, "close", false]);
      const { done, all } = bill?.accounts ?? assert.fail();
      assert.ok(done === all && all > 1, `${done} of ${all}`);
      await of.commit();
    }
  }
  await of.commit();
  return of.invoices();
}

const owedOf = ({ account, chargesNano, body }: StoredInvoice): [string, bigint, bigint] => [
  account,
  BigInt(chargesNano) - BigInt(body.creditsNano),
  BigInt(body.taxNano),
];
const OWED = TOTALS.map(({ account, totalNano, taxNano }): [string, bigint, bigint] => [
  account,
  totalNano,
  taxNano,
]).filter(([, nano]) => nano > 0n);

/** No charge is credited by more than it asked. */
async function assertNoneAboveItself(of: EngineScene): Promise<void> {
  const credited = new Map<string, bigint>();
  for (const { amountNano, opened } of await of.charges(CREDITS)) {
    const { targetSequence = "", targetIndex = 0 } = opened.credit ?? {};
    const target = `${targetSequence} ${targetIndex}`;
    credited.set(target, (credited.get(target) ?? 0n) + BigInt(amountNano));
  }
  assert.ok(credited.size > 1);
  for (const [target, nano] of credited) {
    const [sequence = "", index] = target.split(" ");
    const place = [of.store, CHARGES, BigInt(sequence), Number(index)] as const;
    const charge = await readCharge(...place);
    assert.ok(nano <= BigInt(charge?.amountNano ?? 0), `${target} is credited above itself`);
  }
}

describe("closing accounts before the bill", () => {
  it("bills what `rate --close` says, taxes and credits told apart", async () => {
    const october = await scene();
    const invoices = await billed(october);
    assert.deepEqual(
      invoices.map(owedOf).filter(([, nano]) => nano > 0n),
      OWED,
    );
    const kinds = new Set((await october.charges()).map(({ opened }) => opened.charge?.kind));
    for (const kind of [1, 2, 4, 5, 6]) assert.ok(kinds.has(kind), `kind ${kind}`);
    await assertNoneAboveItself(october);
    assert.match(
      invoices.find(({ account }) => account === "anna")?.documentText ?? "",
      /base fee/,
    );
    await october.assertConsistent();
    const bundle = await october.pipeline.evidence("anna", "2026-10");
    assert.ok(bundle.credits.length > 0);
    // Again: nothing is made twice.
    assert.equal((await october.pipeline.bill("2026-10")).already, true);
  });

  it("credits no charge above itself, over several periods of a month and what was credited before", async () => {
    const document = { ...CLOSING, billingPeriod: { every: "week" } } as TariffDocument;
    const versions = [{ version: 1, validFromSeconds: seconds("2026-01-01T00:00:00Z"), document }];
    const weekly = await planScene({ tariffs: new TariffShelf(versions) });
    const talk = (id: string, day: string, durationSeconds: number) =>
      call(id, { aParty: ANNA, start: `2026-10-${day}T10:00:00.000Z`, durationSeconds });
    weekly.at("2026-10-31T12:00:00Z");
    await weekly.ingest("weeks", [
      talk("long", "06", 36_000),
      ...["07", "14", "15", "21"].map((day) => talk(`on ${day}`, day, 30_000)),
    ]);
    weekly.at("2026-11-01T06:00:00Z");
    await weekly.commit();
    const before = { recordId: "long", by: "grace", reason: "goodwill" };
    const all = await weekly.charges();
    const long = all.find(({ recordId }) => recordId === "long") ?? assert.fail();
    await weekly.pipeline.correct({ ...before, creditNano: BigInt(long.amountNano) - 1n });
    await weekly.commit();
    await billed(weekly);
    const credits = await weekly.charges(CREDITS);
    const periods = new Set(credits.map(({ recordId }) => recordId.split(":")[2]));
    assert.ok(periods.size > 2, `credits of ${periods.size} periods`);
    await assertNoneAboveItself(weekly);
    await weekly.assertConsistent();
  });

  it("taxes accounts without a plan by the same rule, whether the tariff has plans or not", async () => {
    const plain = [
      { id: "emil", label: "Emil", devices: [{ id: ANNA }] },
      { id: "free", label: "Free", devices: [{ id: CARL }], taxExempt: true },
    ];
    const taxes = [
      { name: "VAT", percent: "19", of: ["voice"] },
      { name: "reduced", percent: "7", of: ["sms"] },
    ];
    const messages = {
      service: "sms",
      direction: "outgoing",
      prices: [{ price: { amount: "0.09", per: 1, unit: "unit" } }],
    };
    const services = [PLANS.services?.[0], messages];
    const withPlans = { ...PLANS, services, taxes } as TariffDocument;
    const { plans: _, ...without } = withPlans;
    const use = [ANNA, CARL].flatMap((aParty) => [
      call(`call-${aParty}`, { aParty, durationSeconds: 600 }),
      call(`late-${aParty}`, { aParty, durationSeconds: 60, start: "2026-10-04T22:00:00.000Z" }),
      {
        ...call(`text-${aParty}`, { aParty }),
        service: "sms" as const,
        durationSeconds: undefined,
        units: 1,
      } as never,
    ]);
    for (const document of [withPlans, without as TariffDocument]) {
      const tariffs = new TariffShelf([
        { version: 1, validFromSeconds: seconds("2026-01-01T00:00:00Z"), document },
      ]);
      const october = await EngineScene.open({ tariffs });
      await october.pipeline.putAccounts(plain);
      await october.ingest("october", use);
      assert.deepEqual(await october.pipeline.suspense(), []);
      october.at("2026-11-01T06:00:00Z");
      await october.commit();
      const invoices = await billed(october);
      // 1.10 of calls and 0.09 of messages: 0.209 and 0.0063.
      const own = invoices.filter(({ account }) => ["emil", "free"].includes(account));
      assert.deepEqual(own.map(owedOf), [
        ["emil", 1_405_300_000n, 215_300_000n],
        ["free", 1_190_000_000n, 0n],
      ]);
      const { documentText } = own[0] ?? assert.fail();
      assert.equal(readInvoiceDocument(documentText).tax, "0.2153");
      await october.assertConsistent();
    }
  });

  it("makes each charge once, wherever it dies", async () => {
    for (let calls = 1; calls < 100; calls += 9) {
      const october = await scene();
      const fuse = new FusedStore(october.store);
      await october.reopen(fuse);
      fuse.dieAfter(calls, calls % 2 === 1);
      await billed(october).catch(() => {});
      october.crash();
      await october.reopen();
      await october.settle();
      await october.commit();
      const invoices = await billed(october);
      assert.deepEqual(
        invoices.map(owedOf).filter(([, nano]) => nano > 0n),
        OWED,
        `died at ${calls}`,
      );
    }
  });

  it("waits for the period's end", async () => {
    const open = await planScene({ tariffs: TARIFFS });
    await assert.rejects(open.pipeline.bill("2026-10"), hasCode("bill.period-open"));
    assert.deepEqual(await open.charges(), []);
  });

  it("drops the counters that no record can reach any more, and no others", async () => {
    const october = await scene();
    await billed(october);
    const periods = async () => {
      const found = await october.values("rating/");
      const starts = found.map(({ key }) => Number(key.slice(key.lastIndexOf("/") + 1)));
      return [...new Set(starts.filter((start) => start >= 0))].sort((a, b) => a - b);
    };
    const months = (...names: string[]) => names.map((name) => Date.parse(`${name}-01T00:00:00Z`));
    for (const [month, next] of [
      ["2026-11", "2026-12"],
      ["2026-12", "2027-01"],
      ["2027-01", "2027-02"],
      ["2027-02", "2027-03"],
    ] as const) {
      october.at(`${month}-20T12:00:00Z`);
      await october.ingest(month, [call(month, { start: `${month}-20T10:00:00.000Z` })]);
      october.at(`${next}-03T06:00:00Z`);
      await october.commit();
      await billed(october, month);
    }
    // 3 March less 45 days of a record's age and 45 of a session: December; and one month rolls over.
    assert.deepEqual(await periods(), months("2026-11", "2026-12", "2027-01", "2027-02"));
    october.crash();
    await october.reopen();
    october.at("2027-03-04T06:00:00Z");
    const endless = {
      id: "endless",
      service: "data" as const,
      direction: "none" as const,
      start: "2026-10-20T10:00:00.000Z",
      durationSeconds:
        (Date.parse("2027-03-04T05:00:00Z") - Date.parse("2026-10-20T10:00:00Z")) / 1000,
      totalOctets: 1000,
      aParty: ANNA,
      billable: true,
    };
    await october.ingest("march", [endless, call("march", { start: "2027-03-01T10:00:00.000Z" })]);
    const waiting = await october.pipeline.suspense();
    assert.deepEqual(
      waiting.map(({ code }) => code),
      ["rating.period-forgotten"],
    );
    assert.deepEqual(
      await periods(),
      months("2026-11", "2026-12", "2027-01", "2027-02", "2027-03"),
    );
    await october.assertConsistent();
  });

  it("takes late use into the next period's sums, by the counters of its own", async () => {
    const october = await scene();
    await billed(october);
    october.at("2026-11-02T06:00:00Z");
    const late = call("late", {
      aParty: ANNA,
      durationSeconds: 3600,
      start: "2026-10-31T20:00:00.000Z",
    });
    await october.ingest("late", [late]);
    const charge = (await october.charges()).find(({ recordId }) => recordId === "late");
    assert.equal(charge?.epoch, "2026-11");
    const sums = await october.values<Record<string, string>>("rating/anna/");
    const november = sums.find(({ key }) => key.endsWith(`/${Date.parse("2026-11-01T00:00:00Z")}`));
    assert.equal(november?.value['["net","anna","voice"]'], charge?.amountNano);
  });
});
