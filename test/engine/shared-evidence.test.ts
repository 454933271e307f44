import assert from "node:assert/strict";
import type { Hex } from "../../node/core/bytes.ts";
import { type Bundle, isClosed, parseBundle } from "../../node/core/evidence/bundle.ts";
import { type LedgerFacts, sealKey } from "../../node/core/evidence/ledger-facts.ts";
import { verifyBundle } from "../../node/core/evidence/verify-bundle.ts";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import { TariffShelf } from "../../node/engine/rate/tariff-shelf.ts";
import { tariffDocument } from "../core/tariff/tariff-fixture.ts";
import { ANNA, BERT, call, EngineScene, RECORD_AGE_MAX_SECONDS, seconds } from "./engine-scene.ts";
import { CARL } from "./plan-scene.ts";

const voice = [{ service: "voice" as const }];
const minutes = (quantity: number) => ({ quantity, unit: "min" as const });

/** What several accounts share, and what one day leaves to the next. */
const TARIFF = tariffDocument({
  name: "Shared",
  timeZone: "UTC",
  rounding: { mode: "half-up", scale: 2 },
  billingPeriod: { every: "day" },
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
      service: "sms",
      direction: "outgoing",
      prices: [
        {
          tiers: {
            kind: "graduated",
            over: "pool",
            unit: "unit",
            steps: [
              { upTo: 10, price: { amount: "0.10", per: 1, unit: "unit" } },
              { price: { amount: "0.05", per: 1, unit: "unit" } },
            ],
          },
        },
      ],
    },
  ],
  plans: [
    {
      name: "Rolling",
      allowances: [
        {
          name: "kept",
          scope: "account",
          uses: voice,
          units: minutes(10),
          rollover: { periods: 2, cap: minutes(6) },
        },
      ],
    },
    {
      name: "Pooled",
      allowances: [{ name: "shared", scope: "pool", uses: voice, units: minutes(30) }],
    },
  ],
} as Parameters<typeof tariffDocument>[0]);

const ACCOUNTS = [
  { id: "anna", label: "Anna", devices: [{ id: ANNA }], plan: "Rolling" },
  { id: "bert", label: "Bert", devices: [{ id: BERT }], plan: "Pooled" },
  { id: "carl", label: "Carl", devices: [{ id: CARL }], plan: "Pooled", pool: "bert" },
];

/** Four days, the third before the second; each account every day. */
function use(): UsageRecord[] {
  const records: UsageRecord[] = [];
  for (const day of [1, 3, 2, 4]) {
    for (const hour of [9, 11, 17]) {
      for (const aParty of [ANNA, BERT, CARL]) {
        const start = `2026-10-0${day}T${String(hour).padStart(2, "0")}:00:00.000Z`;
        const last = day === 1 ? 9 : 2 * day;
        const durationSeconds = 60 * (hour === 17 ? last : day);
        records.push(call(`r${records.length}`, { start, aParty, durationSeconds }));
        if (aParty === ANNA) continue;
        const units = 2 + (hour % 3);
        const id = `r${records.length}`;
        records.push(call(id, { start, aParty, service: "sms", durationSeconds: 0, units }));
      }
    }
  }
  return records;
}

describe("evidence of what is shared and carried over", () => {
  const bundles = new Map<string, Bundle>();
  let facts: LedgerFacts;

  before(async () => {
    const tariffs = new TariffShelf([
      { version: 1, validFromSeconds: seconds("2026-01-01T00:00:00Z"), document: TARIFF },
    ]);
    const scene = await EngineScene.open({ tariffs });
    await scene.pipeline.putAccounts(ACCOUNTS);
    await scene.ingest("days", use());
    await scene.commit();
    const seals: Record<string, Hex> = {};
    for (const { id } of ACCOUNTS) {
      const bundle = await scene.pipeline.evidence(id, "2026-10");
      for (const { domain, sequence } of bundle.batches) {
        const seal = await scene.ledger.sealOf(domain, BigInt(sequence));
        if (seal !== undefined) seals[sealKey(domain, sequence)] = seal;
      }
      bundles.set(id, parseBundle(JSON.stringify(bundle)));
    }
    const [tariff] = scene.tariffs.versions;
    facts = {
      sources: [],
      seals,
      maxRecordAgeSeconds: RECORD_AGE_MAX_SECONDS.toString(),
      tariffs: { 1: { root: tariff?.root as Hex, validFrom: String(tariff?.validFromSeconds) } },
    };
  });

  const bundleOf = (id: string): Bundle => structuredClone(bundles.get(id) ?? assert.fail(id));
  const pricedOf = (bundle: Bundle) =>
    verifyBundle(bundle, facts).lines.map(
      ({ checks }) => checks.find(({ name }) => name === "priced") ?? assert.fail(),
    );
  const isSms = ({ charge }: Bundle["charges"][number]): boolean =>
    !isClosed(charge) && charge.counters[0]?.scope !== "0x0000000000000000";

  it("counts again what one day of the bill leaves to the next, and believes only what came from before it", () => {
    const anna = bundleOf("anna");
    const priced = pricedOf(anna);
    const rolls = anna.charges.flatMap(({ told }, at) =>
      told?.moves.some(({ rolled }) => rolled !== undefined) ? [at] : [],
    );
    assert.ok(rolls.length > 0);
    for (const [at, { ok, because }] of priced.entries()) {
      const { charge, amountNano } = anna.charges[at] ?? assert.fail();
      assert.ok(!isClosed(charge));
      const day = new Date(Number(charge.start)).getUTCDate();
      // The first day reaches back before the bill, and on the third nothing shows the second yet; what
      // costs nothing can not be less.
      const isOpen = day !== 4 && amountNano !== "0";
      assert.equal(ok, isOpen ? null : true, because);
      if (isOpen) assert.match(because, /how much of "kept" was carried over/);
    }
    const last = anna.charges.at(-1) ?? assert.fail();
    assert.deepEqual([last.amountNano, priced.at(-1)?.ok], ["400000000", true]);
  });

  it("prices the tiers of a pool by the counter that each charge names, whoever moved it", () => {
    for (const id of ["bert", "carl"]) {
      const bundle = bundleOf(id);
      const priced = pricedOf(bundle);
      for (const [at, line] of bundle.charges.entries()) {
        const { ok, because } = priced[at] ?? assert.fail();
        const isFree = line.amountNano === "0";
        assert.equal(ok, isSms(line) || isFree ? true : null, because);
        if (ok === null) assert.match(because, /how much of "shared" others of the pool had used/);
      }
    }
  });

  type Change = (charge: Bundle["charges"][number], bundle: Bundle, at: number) => void;
  const moveOf = ({ told }: Bundle["charges"][number]) => told?.moves[0] ?? assert.fail();
  const shift = (charge: Bundle["charges"][number], by: bigint): void => {
    const move = moveOf(charge);
    move.before = `${BigInt(move.before) + by}`;
    move.after = `${BigInt(move.after) + by}`;
  };
  const counterOf = ({ charge }: Bundle["charges"][number]) =>
    (isClosed(charge) ? undefined : charge.counters[0]) ?? assert.fail();
  const lies: [string, string, (line: Bundle["charges"][number]) => boolean, Change][] = [
    [
      "less carried over than the day before left",
      "anna",
      ({ told, charge }) =>
        !isClosed(charge) &&
        Number(charge.start) > Date.parse("2026-10-04T00:00:00Z") &&
        told?.moves[0]?.rolled !== undefined,
      (charge) => shift(charge, -60_000n),
    ],
    [
      "a pool that had more left than when this account took from it",
      "carl",
      (line) => !isSms(line) && moveOf(line).before !== "1800000",
      (charge) => shift(charge, 1_740_000n - BigInt(moveOf(charge).before)),
    ],
    [
      "a pool that is told to be smaller than the plan's",
      "carl",
      (line) => !isSms(line),
      (charge) => {
        const move = moveOf(charge);
        move.granted = `${BigInt(move.granted ?? 0) - 60_000n}`;
      },
    ],
    [
      "a counter of a pool that falls",
      "carl",
      (line) => isSms(line) && BigInt(counterOf(line).counterBefore) > 2n,
      (charge) => {
        const counter = counterOf(charge);
        const move = moveOf(charge);
        const units = BigInt(move.after) - BigInt(move.before);
        counter.counterBefore = "1";
        move.before = "1";
        move.after = `${1n + units}`;
      },
    ],
    [
      "a place of a pool's counter that was taken before",
      "carl",
      (line) => isSms(line) && BigInt(counterOf(line).scopeSequence) > 2n,
      (charge) => {
        counterOf(charge).scopeSequence = "1";
      },
    ],
  ];
  for (const [what, id, isMeant, change] of lies) {
    it(`finds ${what}`, () => {
      const bundle = bundleOf(id);
      const lasts = bundle.charges.flatMap((line, at) => (isMeant(line) ? [at] : []));
      // Not the first of its day: a line before tells otherwise.
      const found = lasts.some((at) => {
        const told = structuredClone(bundle);
        change(told.charges[at] ?? assert.fail(), told, at);
        return pricedOf(told)[at]?.ok === false;
      });
      assert.ok(lasts.length > 0 && found);
    });
  }
});
