import { strict as assert } from "node:assert";
import fc from "fast-check";
import { toHex } from "../../node/core/bytes.ts";
import { commitmentOf, sealOf } from "../../node/core/commitment/batch-commitment.ts";
import {
  type ChargeGroup,
  chargeGroupDigest,
  creditGroupDigest,
} from "../../node/core/commitment/charge-groups.ts";
import { buildInclusionTree } from "../../node/core/commitment/inclusion-tree.ts";
import { chargeLeaf } from "../../node/core/commitment/leaf.ts";
import type { TallystickError } from "../../node/core/errors.ts";
import { ROUNDING_MODES } from "../../node/core/money/rounding.ts";
import { priceQuantity } from "../../node/core/rating/price-quantity.ts";
import {
  calendarRowDigest,
  intervalRowDigest,
  type PriceRow,
  priceRowDigest,
} from "../../node/core/tariff/rows.ts";
import { priceTuple } from "../../scripts/attack/plain-tariff.ts";
import { TestLedger } from "./support/chain.ts";
import { chargeTuple, creditTuple, tariffOf } from "./support/records.ts";

/*
 * The core and the contracts compute the same bytes and the same prices. What is random here is
 * reproducible: fast-check prints the seed of a counterexample.
 */

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const unsigned = (width: number) => fc.bigInt({ min: 0n, max: 2n ** BigInt(8 * width) - 1n });
const small = (width: number) => fc.integer({ min: 0, max: 2 ** (8 * width) - 1 });

const counter = fc.record({
  scope: bytes(8),
  scopeSequence: unsigned(8),
  counterBefore: unsigned(8),
});

const chargeGroup: fc.Arbitrary<ChargeGroup> = fc.record({
  salt: bytes(32),
  kind: small(1),
  service: small(1),
  flags: small(1),
  start: unsigned(8),
  sessionMinutes: small(2),
  quantity: unsigned(8),
  secondQuantity: unsigned(8),
  decidingDigits: unsigned(8),
  originDigits: unsigned(8),
  visitedNetwork: small(3),
  class: small(1),
  tariffVersion: small(4),
  counters: fc.array(counter, { maxLength: 2 }),
});

const creditGroup = fc.record({
  salt: bytes(32),
  targetDomain: bytes(20),
  targetSequence: unsigned(8),
  targetIndex: small(4),
  reason: small(1),
  claim: bytes(32),
});

const priceRow: fc.Arbitrary<PriceRow> = fc.record({
  zone: small(4),
  area: small(2),
  origin: small(2),
  band: small(2),
  class: small(1),
  kind: fc.constant(1),
  provable: fc.boolean(),
  priceNano: fc.oneof(unsigned(5), unsigned(14)),
  per: fc.oneof(fc.constantFrom(1n, 60n, 1000n, 60_000n), unsigned(8)).map((n) => n || 1n),
  setUpNano: fc.oneof(fc.constant(0n), unsigned(8)),
  first: unsigned(4).map((n) => n || 1n),
  step: fc.oneof(fc.constantFrom(1n, 1000n, 60_000n), unsigned(4)).map((n) => n || 1n),
  minimumNano: fc.oneof(fc.constant(0n), unsigned(8)),
  maximumNano: fc.oneof(fc.constant(2n ** 128n - 1n), unsigned(10)),
  tierFrom: unsigned(8),
  tierTo: unsigned(8),
  mode: fc.constantFrom(...ROUNDING_MODES),
  scale: fc.integer({ min: 0, max: 9 }),
  split: small(4),
});

describe("The verifier and the core", () => {
  let ledger: TestLedger;
  const ask = (method: string, ...call: unknown[]) => ledger.read("verifier", method, ...call);
  const always = (property: fc.IAsyncProperty<unknown>, numRuns = 60) =>
    fc.assert(property as fc.IAsyncProperty<[unknown]>, { numRuns });

  before(async () => {
    ledger = await TestLedger.start();
  });

  it("hash charges and credits alike", async () => {
    await always(
      fc.asyncProperty(
        chargeGroup,
        creditGroup,
        bytes(20),
        bytes(32),
        bytes(32),
        unsigned(16),
        async (group, credit, domain, account, party, amountNano) => {
          const charge = chargeGroupDigest(group);
          assert.equal(await ask("chargeDigest", chargeTuple(group)), toHex(charge));
          const rest = { account: toHex(account), party: toHex(party), amountNano };
          assert.equal(
            await ask("chargeLeaf", toHex(domain), chargeTuple(group), rest),
            toHex(chargeLeaf(domain, { account, party, charge }, amountNano)),
          );
          const digest = creditGroupDigest(credit);
          assert.equal(await ask("creditDigest", creditTuple(credit)), toHex(digest));
          assert.equal(
            await ask("creditLeaf", toHex(domain), creditTuple(credit), rest),
            toHex(chargeLeaf(domain, { account, party, charge: digest }, amountNano)),
          );
        },
      ),
    );
  });

  it("hash commitments and seals alike", async () => {
    await always(
      fc.asyncProperty(
        bytes(20),
        unsigned(8),
        small(1),
        bytes(32),
        bytes(32),
        bytes(32),
        unsigned(8),
        async (domain, sequence, depth, root, totals, runningTotals, blockTime) => {
          const commitment = commitmentOf({
            domain,
            sequence,
            depth,
            root,
            totals,
            runningTotals,
          });
          const words = [root, totals, runningTotals].map(toHex);
          assert.equal(
            await ask("commitmentOf", toHex(domain), sequence, depth, ...words),
            toHex(commitment),
          );
          assert.equal(
            await ask("sealOf", toHex(commitment), blockTime),
            toHex(sealOf(commitment, blockTime)),
          );
        },
      ),
    );
  });

  it("build the same trees", async () => {
    await always(
      fc.asyncProperty(
        fc.array(bytes(32), { minLength: 1, maxLength: 80 }),
        fc.nat(),
        async (leaves, n) => {
          const tree = buildInclusionTree(leaves, 5);
          const index = n % leaves.length;
          const path = tree.path(index).map(toHex);
          assert.equal(
            await ask("inclusionRoot", toHex(leaves[index]!), index, tree.depth, path),
            toHex(tree.root),
          );
        },
      ),
      30,
    );
  });

  it("hash the rows of a tariff alike", async () => {
    const interval = fc.record({
      service: small(1),
      direction: small(1),
      low: unsigned(8),
      high: unsigned(8),
      zone: small(4),
    });
    const calendar = fc.record({
      from: fc.maxSafeNat(),
      to: fc.maxSafeNat(),
      band: small(2),
    });
    await always(
      fc.asyncProperty(interval, calendar, priceRow, async (i, c, p) => {
        assert.equal(await ask("intervalRowDigest", i), toHex(intervalRowDigest(i)));
        assert.equal(await ask("calendarRowDigest", c), toHex(calendarRowDigest(c)));
        assert.equal(await ask("priceRowDigest", priceTuple(p)), toHex(priceRowDigest(p)));
      }),
    );
    const tariff = tariffOf();
    assert.equal(await ask("tariffRoot", tariff.evidence().header), tariff.root);
  });

  it("price alike, to the nano-unit", async () => {
    await always(
      fc.asyncProperty(
        priceRow,
        fc.oneof(fc.bigInt({ min: 0n, max: 10_000_000n }), unsigned(8)),
        async (row, quantity) => {
          const call = [priceTuple(row), quantity] as const;
          const amountNano = priceOrNone(row, quantity);
          if (amountNano !== undefined) assert.equal(await ask("priceOf", ...call), amountNano);
          else {
            assert.equal(
              await ledger.refusal(ledger.account(0), "verifier", "priceOf", ...call),
              "PriceBeyondRange",
            );
          }
        },
      ),
      300,
    );
  });
});

/** Nothing when the price is larger than any amount can be. */
function priceOrNone(row: PriceRow, quantity: bigint): bigint | undefined {
  try {
    return priceQuantity(row, quantity).amountNano;
  } catch (error) {
    assert.equal((error as TallystickError).code, "rating.amount-too-large");
    return undefined;
  }
}
