import assert from "node:assert/strict";
import type { Hex } from "../../node/core/bytes.ts";
import { CHARGE_KIND } from "../../node/core/commitment/charge-groups.ts";
import { type Bundle, isClosed, parseBundle } from "../../node/core/evidence/bundle.ts";
import { type LedgerFacts, sealKey } from "../../node/core/evidence/ledger-facts.ts";
import { verifyBundle } from "../../node/core/evidence/verify-bundle.ts";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import { TariffShelf } from "../../node/engine/rate/tariff-shelf.ts";
import { tariffDocument } from "../core/tariff/tariff-fixture.ts";
import {
  ANNA,
  BERT,
  call,
  EngineScene,
  hasCode,
  RECORD_AGE_MAX_SECONDS,
  seconds,
} from "./engine-scene.ts";
import { CARL, DORA, ACCOUNTS as MIXED, mixedUse, PLANS } from "./plan-scene.ts";

const voice = [{ service: "voice" as const }];

/** Everything that the end of a period can add. */
const TARIFF = tariffDocument({
  name: "Ends",
  timeZone: "UTC",
  rounding: { mode: "half-up", scale: 2 },
  services: [
    {
      service: "voice",
      direction: "outgoing",
      prices: [
        {
          price: { amount: "0.10", per: 1, unit: "min" },
          increments: { first: 60, further: 60, unit: "s" },
        },
      ],
    },
    {
      service: "data",
      prices: [
        {
          tiers: {
            kind: "volume",
            over: "account",
            unit: "MB",
            steps: [
              { upTo: 10, price: { amount: "0.50", per: 1, unit: "MB" } },
              { package: { amount: "2.00", per: 5, unit: "MB" } },
            ],
          },
          increments: { first: 1, further: 1, unit: "KB" },
        },
      ],
    },
    {
      service: "sms",
      direction: "outgoing",
      prices: [
        {
          tiers: {
            kind: "stair-step",
            over: "device",
            unit: "unit",
            steps: [{ upTo: 10, fee: "1.00" }, { fee: "2.50" }],
          },
        },
      ],
    },
  ],
  plans: [
    {
      name: "All",
      recurring: [
        { name: "base", amount: "9.30", per: "account", proration: "by-day" },
        { name: "SIM", amount: "1.00", per: "device", proration: "none" },
        {
          name: "active",
          amount: "0.20",
          per: "account",
          proration: "none",
          every: "day",
          due: "used",
        },
      ],
      oneOff: [{ name: "start", amount: "5.00", per: "account" }],
      limits: [
        { name: "calls", uses: voice, scope: "account", per: "period", maximum: "1.50" },
        { name: "least", uses: voice, scope: "device", per: "period", minimum: "2.00" },
        // Of what counters come to.
        {
          name: "data",
          uses: [{ service: "data" }],
          scope: "account",
          per: "period",
          maximum: "5",
        },
        { name: "sms", uses: [{ service: "sms" }], scope: "device", per: "period", minimum: "3" },
      ],
      periodDiscounts: [
        { name: "half", fees: ["base"], percent: "50" },
        { name: "ten", percent: "10" },
      ],
      commitment: "40.00",
    },
    { name: "Other", commitment: "3.00" },
  ],
  taxes: [{ name: "VAT", percent: "19" }],
} as Parameters<typeof tariffDocument>[0]);

const ACCOUNTS = [
  { id: "anna", label: "Anna", devices: [{ id: ANNA }], plan: "All" },
  {
    id: "bert",
    label: "Bert",
    devices: [{ id: BERT }],
    plans: [{ plan: "All", from: "2026-10-11T00:00:00Z" }],
  },
  { id: "carl", label: "Carl", devices: [{ id: CARL }] },
  { id: "dora", label: "Dora", devices: [{ id: DORA }], plan: "Other" },
];

function use(): UsageRecord[] {
  const records: UsageRecord[] = [];
  const add = (aParty: string, day: number, more: Partial<UsageRecord>): void => {
    const start = `2026-10-${String(day).padStart(2, "0")}T10:00:00.000Z`;
    records.push(call(`r${records.length}`, { start, aParty, ...more }));
  };
  for (const [at, aParty] of [ANNA, BERT, CARL, DORA].entries()) {
    for (const day of [12, 1, 14, 31]) {
      // The plans begin with dates of their own.
      if (aParty === BERT && day < 11) continue;
      add(aParty, day, { durationSeconds: 200 + day });
      add(aParty, day, { service: "data", direction: "none", totalOctets: 3_000_000 + at });
      add(aParty, day, { service: "sms", direction: "outgoing", units: 3 });
    }
  }
  return records;
}

/** Bundles of all accounts that have one, and what the ledger says of them. */
async function readBundles(
  scene: EngineScene,
  accounts: readonly { id: string }[],
  epochs: readonly string[],
  bundles: Map<string, Bundle>,
): Promise<LedgerFacts> {
  const seals: Record<string, Hex> = {};
  for (const { id } of accounts) {
    for (const epoch of epochs) {
      const bundle = await scene.pipeline.evidence(id, epoch);
      for (const { domain, sequence } of bundle.batches) {
        const seal = await scene.ledger.sealOf(domain, BigInt(sequence));
        if (seal !== undefined) seals[sealKey(domain, sequence)] = seal;
      }
      bundles.set(epochs.length === 1 ? id : `${id} ${epoch}`, parseBundle(JSON.stringify(bundle)));
    }
  }
  const [tariff] = scene.tariffs.versions;
  return {
    sources: [],
    seals,
    maxRecordAgeSeconds: RECORD_AGE_MAX_SECONDS.toString(),
    tariffs: { 1: { root: tariff?.root as Hex, validFrom: String(tariff?.validFromSeconds) } },
  };
}

/** As staff would: what the closing made is committed, then what its credits point at, then it is billed. */
async function bill(scene: EngineScene, epoch: string): Promise<void> {
  for (let steps = 0; steps < 5; steps++) {
    await scene.commit();
    const isBilled = await scene.pipeline.bill(epoch).then(
      () => true,
      (error) => {
        assert.ok(hasCode("bill.charges-pending")(error), String(error));
        return false;
      },
    );
    if (isBilled) break;
  }
  await scene.commit();
}

describe("evidence of what a period's end adds", () => {
  const bundles = new Map<string, Bundle>();
  let facts: LedgerFacts;

  before(async () => {
    const tariffs = new TariffShelf([
      { version: 1, validFromSeconds: seconds("2026-01-01T00:00:00Z"), document: TARIFF },
    ]);
    const scene = await EngineScene.open({ tariffs });
    await scene.pipeline.putAccounts(ACCOUNTS);
    scene.at("2026-10-31T12:00:00Z");
    await scene.ingest("october", use());
    await scene.commit();
    scene.at("2026-11-01T06:00:00Z");
    await bill(scene, "2026-10");
    facts = await readBundles(scene, ACCOUNTS, ["2026-10"], bundles);
  });

  const bundleOf = (id: string): Bundle => structuredClone(bundles.get(id) ?? assert.fail(id));

  /** What is said of the price of the lines that a period's end made. */
  const endsOf = (bundle: Bundle) =>
    verifyBundle(bundle, facts).lines.flatMap(({ verdict, checks }, at) => {
      const { charge } = bundle.charges[at] ?? assert.fail();
      if (isClosed(charge) || charge.kind === CHARGE_KIND.usage) return [];
      const { ok, because } = checks.find(({ name }) => name === "priced") ?? assert.fail();
      return [{ at, kind: charge.kind, verdict, ok, because }];
    });

  /** The same after one of them was made to ask something else; by its sentence. */
  function askedOf(id: string, words: RegExp, amountNano: bigint) {
    const bundle = bundleOf(id);
    const { at } = endsOf(bundle).find(({ because }) => words.test(because)) ?? assert.fail();
    const line = bundle.charges[at] ?? assert.fail();
    line.amountNano = `${amountNano}`;
    return endsOf(bundle).find((one) => one.at === at) ?? assert.fail();
  }

  it("makes whole bills good: counters, fees, minima, maxima, discounts, commitment, taxes", () => {
    for (const id of ["anna", "carl", "dora"]) {
      const report = verifyBundle(bundleOf(id), facts);
      assert.deepEqual(
        report.bundleChecks.filter(({ ok }) => ok !== true),
        [],
      );
      const open = endsOf(bundleOf(id)).filter(({ verdict }) => verdict !== "committed");
      assert.deepEqual([report.ok, open], [true, []]);
    }
    const anna = endsOf(bundleOf("anna"));
    const kinds = new Set(anna.map(({ kind }) => kind));
    assert.deepEqual([...kinds].sort(), [
      CHARGE_KIND.recurring,
      CHARGE_KIND.periodEnd,
      CHARGE_KIND.tax,
    ]);
    for (const words of [
      /3 begun packages/,
      /fee of the tier/,
      /"active"/,
      /raised to the minimum/,
    ]) {
      assert.ok(
        anna.some(({ because }) => words.test(because)),
        String(words),
      );
    }
    const reductions = verifyBundle(bundleOf("anna"), facts).bundleChecks.at(-1);
    assert.equal(reductions?.name, "reductions");
  });

  it("names what of a fee only the operator says, and judges what follows from it all the same", () => {
    const open = endsOf(bundleOf("bert")).filter(({ ok }) => ok !== true);
    assert.deepEqual(
      open.map(({ kind, verdict }) => [kind, verdict]),
      [
        [CHARGE_KIND.recurring, "not-checked"],
        [CHARGE_KIND.oneOff, "not-checked"],
      ],
    );
    assert.match(open[0]?.because ?? "", /had the plan on 21 of 31 days/);
    assert.match(open[1]?.because ?? "", /the plan began in this period/);
    const sims = askedOf("bert", /"SIM"/, 2_000_000_000n);
    assert.equal(sims.ok, null);
    assert.match(sims.because, /that it is for 2 devices/);
    // A plan that no line names: the account can have had it at the end.
    const other = askedOf("carl", /VAT/, 7_600_000_000n);
    assert.equal(other.ok, false);
  });

  const lies: [string, string, RegExp, bigint][] = [
    ["a package too many", "anna", /begun packages/, 8_000_000_000n],
    ["the stair above", "dora", /fee of the tier/, 3_500_000_000n],
    ["a fee of no plan", "anna", /"base"/, 9_310_000_000n],
    ["a part of a SIM", "anna", /"SIM"/, 1_700_000_000n],
    ["a day without use", "anna", /"active"/, 1_400_000_000n],
    ["a one-off fee that is higher", "bert", /"start"/, 6_000_000_000n],
    ["a minimum that is passed", "anna", /to the minimum/, 410_000_000n],
    ["a commitment on less than was asked", "anna", /commitment/, 25_000_000_000n],
    ["a tax on more", "anna", /VAT/, 7_610_000_000n],
  ];
  for (const [what, id, words, amountNano] of lies) {
    it(`finds ${what}`, () => {
      const { ok, verdict } = askedOf(id, words, amountNano);
      assert.equal(ok, false);
      assert.notEqual(verdict, "committed");
    });
  }

  it("finds discounts that the invoice does not give", () => {
    const bundle = bundleOf("anna");
    const { body } = bundle.invoice ?? assert.fail();
    body.creditsNano = `${BigInt(body.creditsNano) - 1n}`;
    const check = verifyBundle(bundle, facts).bundleChecks.at(-1);
    assert.deepEqual([check?.name, check?.ok], ["reductions", false]);
    // What was conceded before leaves less to be taken off.
    const [credit] = bundle.credits;
    assert.ok(credit !== undefined && !isClosed(credit.credit));
    credit.credit.reason = 1;
    assert.equal(verifyBundle(bundle, facts).bundleChecks.at(-1)?.ok, null);
  });

  it("accuses nobody of what a bill does not hold", () => {
    const lineGone = bundleOf("anna");
    lineGone.charges.splice(0, 1);
    const periodCut = bundleOf("anna");
    periodCut.period.from = "2026-10-02T00:00:00.000Z";
    const closed = bundleOf("anna");
    const [first] = closed.charges;
    (first ?? assert.fail()).charge = { digest: `0x${"00".repeat(32)}` };
    const otherVersion = bundleOf("anna");
    for (const { charge } of otherVersion.charges) {
      if (!isClosed(charge) && charge.kind !== CHARGE_KIND.usage) charge.tariffVersion = 2;
    }
    const otherTime = bundleOf("anna");
    for (const { charge } of otherTime.charges) {
      if (isClosed(charge) || charge.kind === CHARGE_KIND.usage) continue;
      charge.start = `${BigInt(charge.start) - 1n}`;
    }
    for (const bundle of [lineGone, periodCut, closed, otherVersion, otherTime]) {
      const ends = endsOf(bundle);
      assert.ok(ends.length > 5 && ends.every(({ ok }) => ok === null));
    }
  });

  it("accuses nobody where plans change, use comes late, and pools and sponsors are shared", async () => {
    const document = structuredClone(PLANS);
    document.taxes = [
      { name: "VAT", percent: "19", of: ["voice", "recurring"] },
      { name: "reduced", percent: "7", of: ["data"] },
    ];
    document.rounding = { mode: "half-up", scale: 2, of: "line" };
    for (const plan of document.plans ?? []) {
      plan.recurring = [{ name: "f", amount: "5", per: "device", proration: "by-day" }];
      plan.oneOff = [{ name: "o", amount: "2.50", per: "account" }];
      plan.periodDiscounts = [{ name: "d", percent: "7.5" }];
      plan.commitment = plan.name === "Work" ? "20.00" : "9.00";
    }
    const tariffs = new TariffShelf([
      { version: 1, validFromSeconds: seconds("2026-01-01T00:00:00Z"), document },
    ]);
    const scene = await EngineScene.open({ tariffs });
    await scene.pipeline.putAccounts(MIXED);
    const records = mixedUse(2, 200);
    await scene.ingest("in time", records.slice(0, 130));
    scene.at("2026-10-06T06:00:00Z");
    await bill(scene, "2026-09");
    await scene.ingest("late", records.slice(130));
    scene.at("2026-11-01T06:00:00Z");
    await bill(scene, "2026-10");
    const mixed = new Map<string, Bundle>();
    const users = MIXED.filter(({ id }) => id !== "firm");
    const told = await readBundles(scene, users, ["2026-09", "2026-10"], mixed);
    const sums = new Map<string, number>();
    for (const [name, bundle] of mixed) {
      const report = verifyBundle(bundle, told);
      for (const [at, { checks }] of report.lines.entries()) {
        const { ok, because } = checks.find((one) => one.name === "priced") ?? assert.fail();
        const { charge } = bundle.charges[at] ?? assert.fail();
        assert.notEqual(ok, false, `${name}: ${because}`);
        const key = `${isClosed(charge) ? "" : charge.kind} ${ok}`;
        sums.set(key, (sums.get(key) ?? 0) + 1);
      }
      assert.ok(
        report.bundleChecks.every(({ ok }) => ok === true),
        JSON.stringify(report.bundleChecks.filter(({ ok }) => ok !== true)),
      );
    }
    // Commitment, taxes and rounding follow from the lines, whatever of the lines is told.
    for (const kind of [CHARGE_KIND.periodEnd, CHARGE_KIND.tax, CHARGE_KIND.rounding]) {
      assert.ok((sums.get(`${kind} true`) ?? 0) > 0 && !sums.has(`${kind} null`), `${kind}`);
    }
  });
});
