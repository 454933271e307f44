import { strict as assert } from "node:assert";
import { Contract, ContractFactory, type JsonRpcSigner } from "ethers";
import fc from "fast-check";
import { toHex } from "../../node/core/bytes.ts";
import {
  CHARGE_FLAG,
  CHARGE_KIND,
  type ChargeGroup,
  NO_DIGITS,
  NO_NETWORK,
} from "../../node/core/commitment/charge-groups.ts";
import { buildInclusionTree } from "../../node/core/commitment/inclusion-tree.ts";
import { TallystickError } from "../../node/core/errors.ts";
import { priceEvidence } from "../../node/core/evidence/mispriced-opening.ts";
import type { Pricing } from "../../node/core/rating/outcome.ts";
import { priceCharge } from "../../node/core/rating/price-charge.ts";
import { locateUse, type RatedFacts } from "../../node/core/rating/rate-usage.ts";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import { type CompiledTariff, compileTariff } from "../../node/core/tariff/compile.ts";
import type { PriceRow } from "../../node/core/tariff/rows.ts";
import { buildTariffTree, type TariffTree } from "../../node/core/tariff/tariff-tree.ts";
import { bytesOf } from "../../scripts/attack/named-bytes.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";
import { TestLedger } from "./support/chain.ts";
import { compileContract } from "./support/compile.ts";
import { randomTariff } from "./support/random-tariffs.ts";
import { chargeTuple } from "./support/records.ts";

/*
 * The same charges rated by the core and by the contracts, part by part. How many and by what seed:
 * DIFFERENTIAL_CHARGES and DIFFERENTIAL_SEED, so that a long run is the same test and a difference can be
 * seen again.
 */
const CHARGES = Number(process.env.DIFFERENTIAL_CHARGES ?? 2_000);
const SEED = Number(process.env.DIFFERENTIAL_SEED ?? Date.now() % 2 ** 31);
const CHARGES_OF_TARIFF = 100;
const CHARGES_OF_CALL = 25;

/** As ComponentKind of contracts/types/Rows.sol counts them. */
const KINDS = ["set-up", "usage", "minimum", "maximum", "rounding"];

interface Case {
  charge: ChargeGroup;
  pricing: Pricing;
  row: PriceRow;
}

describe(`TypeScript and the contracts agree (seed ${SEED})`, () => {
  const random = new Seeded(SEED);
  let ledger: TestLedger;
  let harness: Contract;

  before(async function () {
    this.timeout(240_000);
    ledger = await TestLedger.start();
    const signer = ledger.account(0) as JsonRpcSigner;
    const { abi, bytecode } = compileContract("test/contracts/solidity/PricingHarness.sol");
    const deployed = await new ContractFactory(abi, bytecode, signer).deploy(
      ledger.addresses.verifier,
    );
    await deployed.waitForDeployment();
    harness = new Contract(await deployed.getAddress(), abi, ledger.provider);
  });

  it(`on ${CHARGES} charges under random tariffs, part by part`, async function () {
    this.timeout(30_000 + CHARGES * 50);
    const tariffs = fc.sample(randomTariff, {
      seed: SEED,
      numRuns: Math.ceil(CHARGES / CHARGES_OF_TARIFF),
    });
    const counts: Record<string, number> = {};
    for (const document of tariffs) {
      const tariff = compileTariff(document);
      const tree = buildTariffTree(tariff);
      const cases = casesOf(tariff, random);
      for (let from = 0; from < cases.length; from += CHARGES_OF_CALL) {
        const some = cases.slice(from, from + CHARGES_OF_CALL);
        const priced = await priceMany(tree, tariff, some);
        for (const [index, one] of some.entries()) {
          const outcome = compare(tariff, one, priced[index]);
          counts[outcome] = (counts[outcome] ?? 0) + 1;
        }
      }
    }
    // A generator that makes nothing of a kind would agree on nothing.
    for (const outcome of ["kind 1", "kind 3", "kind 4", "kind 5", "refused", "several tiers"]) {
      assert.ok((counts[outcome] ?? 0) > CHARGES / 200, `${outcome}: ${JSON.stringify(counts)}`);
    }
  });

  async function priceMany(tree: TariffTree, tariff: CompiledTariff, cases: Case[]) {
    const charges = cases.map(({ charge }) => chargeTuple(charge));
    const evidence = cases.map(({ pricing }) => priceEvidence(tariff, pricing, tree));
    return harness.getFunction("priceMany").staticCall(toHex(tree.root), charges, evidence);
  }

  function compare(tariff: CompiledTariff, { charge, pricing, row }: Case, priced: Priced) {
    const where = () =>
      JSON.stringify({ seed: SEED, document: tariff.document, charge, pricing }, (_, value) =>
        typeof value === "bigint" ? `${value}` : value,
      );
    if (!row.provable) {
      assert.notEqual(priced.refusal, "0x", where());
      return "refused";
    }
    assert.equal(priced.refusal, "0x", where());
    assert.equal(priced.amountNano, pricing.amountNano, where());
    const expected = pricing.components
      .filter(({ kind, billed }) => kind !== "usage" || billed !== 0n)
      .map(({ kind, amountNano, billed, row }) => ({
        kind,
        amountNano,
        billed: billed ?? 0n,
        row: kind === "usage" ? (row ?? pricing.rows.price) : 0,
      }));
    const found = priced.parts.map(({ kind, amountNano, billed, row }) => ({
      kind: KINDS[Number(kind)],
      amountNano,
      billed,
      row: Number(row),
    }));
    assert.deepEqual(found, expected, where());
    const usages = found.filter(({ kind }) => kind === "usage").length;
    return usages > 1 ? "several tiers" : `kind ${row.kind}`;
  }

  it("on random trees, proven and proven again", async () => {
    for (let round = 0; round < 12; round++) {
      const count = 1 + random.below(round < 6 ? 70 : 3_000);
      const leaves = Array.from({ length: count }, () => random.bytes(32));
      const tree = buildInclusionTree(leaves, 5);
      const indexes = Array.from({ length: 20 }, () => random.below(count));
      const rootsOf = (places: number[], paths: Uint8Array[][]): Promise<string[]> =>
        harness.getFunction("rootsOf").staticCall(
          indexes.map((index) => toHex(leaves[index] as Uint8Array)),
          places,
          tree.depth,
          paths.map((path) => path.map(toHex)),
        );
      const paths = indexes.map((index) => tree.path(index));
      const proven = await rootsOf(indexes, paths);
      assert.deepEqual([...new Set(proven)], [toHex(tree.root)], `seed ${SEED}`);
      const elsewhere = indexes.map((index) => index ^ (1 << random.below(tree.depth)));
      for (const root of await rootsOf(elsewhere, paths)) {
        assert.notEqual(root, toHex(tree.root), `seed ${SEED}`);
      }
      const bent = paths.map((path) => {
        const level = random.below(path.length);
        return path.map((sibling, at) =>
          at === level ? sibling.map((byte) => byte ^ 1) : sibling,
        );
      });
      for (const root of await rootsOf(indexes, bent)) {
        assert.notEqual(root, toHex(tree.root), `seed ${SEED}`);
      }
    }
  });
});

interface Priced {
  amountNano: bigint;
  parts: { kind: bigint; amountNano: bigint; billed: bigint; row: bigint }[];
  refusal: string;
}

/** Charges that the core can price, as a record and a counter at random make them. */
function casesOf(tariff: CompiledTariff, random: Seeded): Case[] {
  const cases: Case[] = [];
  for (let tries = 0; cases.length < CHARGES_OF_TARIFF && tries < 1_000; tries++) {
    try {
      const { facts } = locateUse(tariff, recordOf(random));
      cases.push(caseOf(tariff, facts, counterOf(tariff, random)));
    } catch (error) {
      if (!(error instanceof TallystickError)) throw error;
    }
  }
  return cases;
}

function caseOf(tariff: CompiledTariff, facts: RatedFacts, counterBefore: bigint): Case {
  const pricing = priceCharge(tariff, { ...facts, counterBefore });
  const places = tariff.intervalRows.length + tariff.calendarRows.length;
  const counter = { scope: bytesOf("scope", 8), scopeSequence: 1n, counterBefore };
  return {
    pricing,
    row: tariff.priceRows[pricing.rows.price - places] as PriceRow,
    charge: {
      salt: bytesOf("salt"),
      kind: CHARGE_KIND.usage,
      service: facts.service,
      flags: facts.direction | (facts.wholeNumber ? CHARGE_FLAG.wholeNumber : 0),
      start: BigInt(facts.startMilliseconds),
      sessionMinutes: facts.sessionMinutes,
      quantity: facts.quantity,
      secondQuantity: facts.secondQuantity,
      decidingDigits: facts.decidingDigits,
      originDigits: NO_DIGITS,
      visitedNetwork: NO_NETWORK,
      class: 0,
      tariffVersion: 1,
      counters: counterBefore === 0n ? [] : [counter],
    },
  };
}

/** Beside nothing: near the end of a tier, where mistakes of one unit live. */
function counterOf({ priceRows }: CompiledTariff, random: Seeded): bigint {
  if (random.chance(0.3)) return 0n;
  const row = random.pick(priceRows);
  const near = row.tierFrom + BigInt(random.below(5)) - 2n;
  if (random.chance(0.5)) return near > 0n ? near : 0n;
  return BigInt(random.below(2 ** 31));
}

const PREFIXES = ["49", "4915", "49170", "49112", "1", "1", "44", "4", "33"];

function recordOf(random: Seeded): UsageRecord {
  const digits = Array.from({ length: random.below(9) }, () => random.below(10)).join("");
  const at = Date.UTC(2026, 2, 1, 5) + random.below(40 * 86_400_000);
  const start = new Date(at).toISOString();
  const earlier = random.chance(0.2) ? random.below(90 * 60_000) : 0;
  const base = { id: "r", start, sessionStart: new Date(at - earlier).toISOString() };
  const bParty = `+${random.pick(PREFIXES)}${digits}`;
  const quantity = random.pick([0, 1, 59, 60, 61, 600, random.below(100), random.below(1_000_000)]);
  switch (random.below(4)) {
    case 0: {
      const durationSeconds = random.chance(0.5) ? quantity : random.below(9_999_999) / 1000;
      const call = { service: "voice", direction: "outgoing", durationSeconds, bParty } as const;
      return { ...base, ...call, billable: true };
    }
    case 1: {
      const octets = random.chance(0.5) ? quantity * 1024 : random.below(2 ** 31);
      const data = { service: "data", direction: "none", totalOctets: octets } as const;
      return { ...base, ...data, billable: true };
    }
    case 2: {
      const energyWattHours = `${quantity}.${random.below(1000)}`;
      return { ...base, service: "energy", direction: "none", energyWattHours, billable: true };
    }
    default: {
      const message = { service: "sms", direction: "outgoing", units: quantity, bParty } as const;
      return { ...base, ...message, billable: true };
    }
  }
}
