import assert from "node:assert/strict";
import type { Hex } from "../../node/core/bytes.ts";
import { type Bundle, isClosed, parseBundle } from "../../node/core/evidence/bundle.ts";
import { type LedgerFacts, sealKey } from "../../node/core/evidence/ledger-facts.ts";
import { verifyBundle } from "../../node/core/evidence/verify-bundle.ts";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import { TariffShelf } from "../../node/engine/rate/tariff-shelf.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";
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
import { CARL, DORA, planServices } from "./plan-scene.ts";

const voice = [{ service: "voice" as const }];
const ERIN = "+4915100000005";

/** Everything of a plan that a bill can show by itself, and in the last plans what it can not. */
const tariffIn = (timeZone: string) =>
  tariffDocument({
    name: "Plans",
    timeZone,
    rounding: { mode: "half-up", scale: 4 },
    services: planServices({ upTo: 30, setUp: "0.02" }),
    plans: [
      {
        name: "Minutes",
        allowances: [
          {
            name: "by account",
            scope: "account",
            uses: voice,
            units: { quantity: 40, unit: "min" },
            priority: 2,
          },
          { name: "by device", scope: "device", uses: voice, units: { quantity: 20, unit: "min" } },
          { name: "credit", scope: "account", uses: voice, money: "0.50" },
        ],
        itemDiscounts: [{ name: "ten", uses: voice, percent: "10" }],
        recurring: [{ name: "base fee", amount: "4.99", per: "account", proration: "none" }],
      },
      {
        name: "Capped",
        limits: [{ name: "day", scope: "device", per: "day", uses: voice, maximum: "1.5" }],
        sponsored: [{ name: "half", uses: voice, percent: "50", cap: "1", capScope: "account" }],
      },
      {
        name: "Pooled",
        allowances: [
          { name: "minutes", scope: "pool", uses: voice, units: { quantity: 30, unit: "min" } },
        ],
      },
      {
        name: "Rolling",
        allowances: [
          {
            name: "kept",
            scope: "account",
            uses: voice,
            units: { quantity: 10, unit: "min" },
            rollover: { periods: 1 },
          },
        ],
      },
    ],
  } as Parameters<typeof tariffDocument>[0]);

const ACCOUNTS = [
  { id: "anna", label: "Anna", devices: [{ id: ANNA }], plan: "Minutes" },
  {
    id: "bert",
    label: "Bert",
    devices: [{ id: BERT }],
    plan: "Capped",
    sponsors: [{ account: "firm" }],
  },
  { id: "carl", label: "Carl", devices: [{ id: CARL }], plan: "Pooled" },
  { id: "dora", label: "Dora", devices: [{ id: DORA }] },
  { id: "erin", label: "Erin", devices: [{ id: ERIN }], plan: "Rolling" },
  { id: "firm", label: "Firm", devices: [] },
];

function use(seed: number, count: number): UsageRecord[] {
  const random = new Seeded(seed);
  const from = Date.parse("2026-10-01T00:00:00Z");
  return Array.from({ length: count }, (_, at) => {
    const start = new Date(from + random.below(4 * 86_400_000)).toISOString();
    const aParty = random.pick([ANNA, BERT, CARL, DORA, ERIN]);
    return random.chance(0.7)
      ? call(`r${at}`, { start, aParty, durationSeconds: random.below(900) })
      : {
          id: `r${at}`,
          service: "data",
          direction: "none",
          start,
          aParty,
          totalOctets: random.below(9_000_000),
          billable: true,
        };
  });
}

const pricedOf = (bundle: Bundle, facts: LedgerFacts) =>
  verifyBundle(bundle, facts).lines.map(
    ({ line, verdict, checks }) =>
      ({ line, verdict, ...checks.find(({ name }) => name === "priced") }) as {
        line: string;
        verdict: string;
        ok: boolean | null;
        because: string;
      },
  );

/** As staff would: what the closing made is committed, then billed. */
async function bill(scene: EngineScene): Promise<void> {
  scene.at("2026-11-01T06:00:00Z");
  await scene.commit();
  await assert.rejects(scene.pipeline.bill("2026-10"), hasCode("bill.charges-pending"));
  await scene.commit();
  await scene.pipeline.bill("2026-10");
  await scene.commit();
}

/** The books of one operator whose crash came in between, and what the ledger says of them. */
async function booksOf(document: ReturnType<typeof tariffDocument>, isBilled = false) {
  const bundles = new Map<string, Bundle>();
  const tariffs = new TariffShelf([
    { version: 1, validFromSeconds: seconds("2026-01-01T00:00:00Z"), document },
  ]);
  const scene = await EngineScene.open({ tariffs, ingestUnitRecords: 17 });
  await scene.pipeline.putAccounts(ACCOUNTS);
  const records = use(11, 400);
  await scene.ingest("first", records.slice(0, 170));
  scene.crash();
  await scene.reopen();
  await scene.ingest("second", records.slice(170));
  await scene.commit();
  if (isBilled) await bill(scene);
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
  const facts: LedgerFacts = {
    sources: [],
    seals,
    maxRecordAgeSeconds: RECORD_AGE_MAX_SECONDS.toString(),
    tariffs: { 1: { root: tariff?.root as Hex, validFrom: String(tariff?.validFromSeconds) } },
  };
  return { bundles, facts };
}

describe("evidence of lines that a plan decides", () => {
  let bundles: Map<string, Bundle>;
  let facts: LedgerFacts;
  before(async () => {
    ({ bundles, facts } = await booksOf(tariffIn("UTC")));
  });

  const bundleOf = (id: string): Bundle => structuredClone(bundles.get(id) ?? assert.fail(id));
  const kindsIn = (bundle: Bundle) =>
    new Set(bundle.charges.flatMap(({ told }) => told?.components.map(({ kind }) => kind) ?? []));

  it("is green on every line where the bill's own lines decide it", () => {
    const shown = new Set<string>();
    for (const id of ["anna", "bert", "dora"]) {
      const bundle = bundleOf(id);
      assert.ok(bundle.charges.length > 30);
      for (const line of pricedOf(bundle, facts)) {
        assert.deepEqual([line.verdict, line.ok], ["committed", true], `${id}: ${line.because}`);
      }
      for (const kind of kindsIn(bundle)) shown.add(kind);
    }
    for (const kind of ["covered", "discount", "allowance", "limit", "sponsored"]) {
      assert.ok(shown.has(kind), kind);
    }
  });

  it("is green without the operator's words too: they are not what is checked", () => {
    const bundle = bundleOf("anna");
    for (const charge of bundle.charges) delete charge.told;
    assert.ok(pricedOf(bundle, facts).every(({ ok }) => ok === true));
  });

  it("says exactly what it had to believe, and is not green then", () => {
    for (const [id, words] of [
      ["carl", /the operator's word is true on: how much of "minutes" others of the pool had used/],
      ["erin", /the operator's word is true on: how much of "kept" was carried over/],
    ] as const) {
      const open = pricedOf(bundleOf(id), facts).filter(({ ok }) => ok !== true);
      assert.ok(open.length > 5);
      for (const line of open) {
        assert.deepEqual([line.verdict, line.ok], ["not-checked", null]);
        assert.match(line.because, words);
      }
    }
  });

  it("makes a whole bill good, its fee and its invoice with it; a fee that is asked twice is not", async () => {
    const billed = await booksOf(tariffIn("UTC"), true);
    const anna = billed.bundles.get("anna") ?? assert.fail();
    const report = verifyBundle(anna, billed.facts);
    assert.deepEqual(
      report.bundleChecks.filter(({ ok }) => ok !== true),
      [],
    );
    assert.equal(report.ok, true);
    const fee = anna.charges.at(-1) ?? assert.fail();
    assert.equal(fee.amountNano, "4990000000");
    const last = (bundle: Bundle) => pricedOf(bundle, billed.facts).at(-1);
    assert.match(last(anna)?.because ?? "", /"base fee" of 4.99, counted from the lines/);
    const twice = structuredClone(anna);
    twice.charges.push(fee);
    assert.equal(last(twice)?.ok, null);
    const more = structuredClone(anna);
    (more.charges.at(-1) ?? assert.fail()).amountNano = "5990000000";
    assert.equal(last(more)?.ok, false);
    // Nothing says which plan it is of.
    const alone = structuredClone(anna);
    alone.charges = [fee];
    assert.equal(last(alone)?.ok, null);
  });

  it("accuses nobody where counters run over the ends of the bill, and says what it believed", async () => {
    const berlin = await booksOf(tariffIn("Europe/Berlin"));
    for (const id of ["anna", "bert", "carl", "dora", "erin"]) {
      const lines = pricedOf(berlin.bundles.get(id) ?? assert.fail(), berlin.facts);
      assert.ok(lines.every(({ ok }) => ok !== false));
    }
    const anna = pricedOf(berlin.bundles.get("anna") ?? assert.fail(), berlin.facts);
    assert.ok(anna.some(({ because }) => /how much of "by device" was left/.test(because)));
  });

  /** The line that holds a component of a kind, and what is to be changed in it. */
  function lieAt(id: string, kind: string, change: (charge: Bundle["charges"][number]) => void) {
    const bundle = bundleOf(id);
    const at = bundle.charges.findIndex(({ told }) =>
      told?.components.some((one) => one.kind === kind),
    );
    const charge = bundle.charges[at] ?? assert.fail(kind);
    change(charge);
    return pricedOf(bundle, facts)[at] ?? assert.fail();
  }

  const lies: [string, string, string, (charge: Bundle["charges"][number]) => void][] = [
    [
      "an allowance that was left and did not pay",
      "anna",
      "covered",
      (charge) => {
        charge.amountNano = "1000000000";
        charge.told = {
          components: [{ kind: "usage", amountNano: "1000000000" }],
          moves: [],
        };
      },
    ],
    [
      "an allowance that is told to be smaller",
      "anna",
      "covered",
      (charge) => {
        const move = charge.told?.moves[0] ?? assert.fail();
        move.before = `${BigInt(move.before) - 1000n}`;
        move.after = `${BigInt(move.after) - 1000n}`;
      },
    ],
    [
      "money of an allowance that is kept back",
      "anna",
      "allowance",
      (charge) => {
        const part = charge.told?.components.find(({ kind }) => kind === "allowance");
        charge.amountNano = `${BigInt(charge.amountNano) - BigInt(part?.amountNano ?? 0)}`;
        if (charge.told !== undefined) {
          charge.told.components = charge.told.components.filter((one) => one !== part);
          charge.told.moves = charge.told.moves.filter(({ name }) => name !== "credit");
        }
      },
    ],
    [
      "a discount of less",
      "anna",
      "discount",
      (charge) => {
        const part = charge.told?.components.find(({ kind }) => kind === "discount");
        assert.ok(part !== undefined);
        part.percent = "9";
        part.amountNano = `${(BigInt(part.amountNano) * 9n) / 10n}`;
        charge.amountNano = `${BigInt(charge.amountNano) + 1_000_000n}`;
      },
    ],
    [
      "a component that is told otherwise, though the sum is right",
      "anna",
      "discount",
      (charge) => {
        const [first] = charge.told?.components ?? [];
        assert.ok(first !== undefined);
        first.amountNano = `${BigInt(first.amountNano) + 1n}`;
      },
    ],
    [
      "a sponsor's share that is smaller",
      "bert",
      "sponsored",
      (charge) => {
        const part = charge.told?.components.find(({ kind }) => kind === "sponsored");
        assert.ok(part !== undefined);
        part.amountNano = `${BigInt(part.amountNano) + 1_000_000n}`;
        charge.amountNano = `${BigInt(charge.amountNano) + 1_000_000n}`;
      },
    ],
    [
      "a day's maximum that is passed",
      "bert",
      "limit",
      (charge) => {
        charge.amountNano = `${BigInt(charge.amountNano) + 100_000_000n}`;
        delete charge.told;
      },
    ],
    [
      "a plan that the tariff does not have",
      "anna",
      "covered",
      (charge) => {
        assert.ok(!isClosed(charge.charge));
        const named = charge.charge.counters[1] ?? assert.fail();
        named.scope = `${named.scope.slice(0, 10)}00000009` as Hex;
      },
    ],
  ];
  for (const [what, id, kind, change] of lies) {
    it(`finds ${what}`, () => {
      assert.equal(lieAt(id, kind, change).ok, false);
    });
  }

  it("finds the wrong price of another plan than the charge names", () => {
    const bundle = bundleOf("anna");
    for (const { charge } of bundle.charges) {
      if (isClosed(charge)) continue;
      const named = charge.counters[1] ?? assert.fail();
      named.scope = `${named.scope.slice(0, 10)}00000002` as Hex;
    }
    assert.ok(pricedOf(bundle, facts).some(({ ok }) => ok === false));
  });
});
