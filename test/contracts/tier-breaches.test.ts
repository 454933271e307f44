import { strict as assert } from "node:assert";
import { toHex } from "../../node/core/bytes.ts";
import type { ChargeGroup } from "../../node/core/commitment/charge-groups.ts";
import { CHARGE_FLAG } from "../../node/core/commitment/charge-groups.ts";
import { priceEvidence } from "../../node/core/evidence/mispriced-opening.ts";
import type { Pricing } from "../../node/core/rating/outcome.ts";
import { priceCharge } from "../../node/core/rating/price-charge.ts";
import { compileTariff } from "../../node/core/tariff/compile.ts";
import { buildTariffTree } from "../../node/core/tariff/tariff-tree.ts";
import { bytesOf } from "../../scripts/attack/named-bytes.ts";
import type { ChargeItem, OpenedBatch } from "../../scripts/attack/opened-batch.ts";
import { BreachScene, ownerOf } from "./support/breach-scene.ts";
import { TIERED_TARIFF } from "./support/tiered-tariff.ts";

const MINUTES = 60_000n;
const EURO = 1_000_000_000n;
const TARIFF = compileTariff(TIERED_TARIFF);
const TREE = buildTariffTree(TARIFF);
const MB = 1_000_000n;

describe("Breaches under prices with tiers", () => {
  let scene: BreachScene;
  let start: bigint;

  before(async () => {
    scene = await BreachScene.start({ root: toHex(TREE.root) });
    start = ((await scene.now()) - 600n) * 1000n;
  });

  const use = (change: Partial<ChargeGroup>): Partial<ChargeGroup> => ({
    start,
    decidingDigits: 0xffff_ffff_ffff_ffffn,
    flags: 0,
    ...change,
  });
  const voice = (minutes: bigint) => use({ flags: 1, quantity: minutes * MINUTES });
  const counted = (change: Partial<ChargeGroup>, scopeSequence: bigint, counterBefore: bigint) =>
    use({ counters: [{ scope: bytesOf("counter", 8), scopeSequence, counterBefore }], ...change });
  const data = (megabytes: bigint, sequence: bigint, before: bigint) =>
    counted({ service: 4, quantity: megabytes * MB }, sequence, before * MB);
  const energy = (quantity: bigint, sequence: bigint, before: bigint) =>
    counted({ service: 5, quantity }, sequence, before);

  async function leaf(change: Partial<ChargeGroup>, amountNano: bigint): Promise<ChargeItem> {
    return { ...(await scene.call({}, change)), owner: ownerOf(), amountNano };
  }

  function pricingOf(charge: ChargeGroup): Pricing {
    return priceCharge(TARIFF, {
      service: charge.service,
      direction: charge.flags & CHARGE_FLAG.directionMask,
      startMilliseconds: Number(charge.start),
      sessionMinutes: 0,
      quantity: charge.quantity,
      decidingDigits: charge.decidingDigits,
      wholeNumber: false,
      counterBefore: charge.counters[0]?.counterBefore ?? 0n,
    });
  }

  const rowsOf = (batch: OpenedBatch, index: number) =>
    priceEvidence(TARIFF, pricingOf((batch.items[index] as ChargeItem).use as ChargeGroup), TREE);
  const mispriced = (batch: OpenedBatch, index: number) => ({
    ...batch.usage(index),
    price: rowsOf(batch, index),
  });

  describe("a mispriced charge", () => {
    const kind = "mispricedCharge";

    async function judged(change: Partial<ChargeGroup>, amountNano: bigint) {
      const batch = await scene.commit(scene.books.charges, [await leaf(change, amountNano)]);
      const claim = await scene.claim(kind, batch, 0, batch.openedUse(0), amountNano);
      const { gasUsed } = await scene.open(claim, kind, mispriced(batch, 0));
      return { ...(await scene.outcome(claim)), gasUsed };
    }

    it("over a session is priced tier by tier", async () => {
      // 0.02 + 10 × 0.10 + 5 × 0.05
      const right = 1_270_000_000n;
      const fine = await judged(voice(15n), right);
      assert.equal(fine.state, "refuted");
      const { state, dueNano, gasUsed } = await judged(voice(15n), right + 1n);
      assert.deepEqual([state, dueNano], ["proven", 1n]);
      assert.ok(gasUsed <= 400_000n, `${gasUsed}`);
      assert.equal((await judged(voice(10n), 1_020_000_001n)).dueNano, 1n, "one tier alone");
    });

    it("over a counter is priced from where the counter stood, free units first", async () => {
      // 50 MB more after 80: 20 free, 30 at 0.03.
      assert.equal((await judged(data(50n, 9n, 80n), 9n * (EURO / 10n))).state, "refuted");
      assert.equal((await judged(data(50n, 9n, 80n), EURO)).dueNano, EURO / 10n);
      // 300 MB after nothing crosses all three: 100 free, 100 at 0.03, 100 at 0.01.
      const all = await judged(data(300n, 9n, 0n), 5n * EURO);
      assert.deepEqual([all.state, all.dueNano], ["proven", EURO]);
      assert.ok(all.gasUsed <= 450_000n, `${all.gasUsed}`);
      // All of it in the last tier: the first row still says fees, bounds and increments.
      assert.equal((await judged(data(1n, 9n, 500n), EURO / 100n)).state, "refuted");
    });

    it("that names no counter is counted from zero", async () => {
      assert.equal((await judged(use({ service: 4, quantity: MB }), 1n)).dueNano, 1n);
    });

    it("of packages pays for those that it begins", async () => {
      const sms = (quantity: bigint, before: bigint) =>
        counted({ service: 2, flags: 1, quantity }, 9n, before);
      assert.equal((await judged(sms(3n, 9n), EURO)).state, "refuted", "the second is begun");
      assert.equal((await judged(sms(3n, 10n), EURO)).state, "refuted", "9 + 3 end it");
      assert.equal((await judged(sms(3n, 11n), EURO)).dueNano, EURO, "begun before");
    });

    it("is not shown by other tiers than those it reaches", async () => {
      const batch = await scene.commit(scene.books.charges, [
        await leaf(data(300n, 9n, 0n), 9n * EURO),
        await leaf(voice(15n), 9n * EURO),
      ]);
      const claims = [
        await scene.claim(kind, batch, 0, batch.openedUse(0), EURO),
        await scene.claim(kind, batch, 1, batch.openedUse(1), EURO),
      ];
      const open = (index: number, change: object) => {
        const evidence = mispriced(batch, index);
        const price = { ...evidence.price, ...change };
        return scene.refusal(claims[index] as string, kind, { ...evidence, price });
      };
      const { further } = rowsOf(batch, 0);
      const [second, third] = further;
      assert.equal(further.length, 2);
      assert.equal(await open(0, { further: [] }), "TiersUnfit", "units without a row");
      assert.equal(await open(0, { further: [second] }), "TiersUnfit", "the last one left out");
      assert.equal(await open(0, { further: [third] }), "TiersUnfit", "the middle one left out");
      assert.equal(await open(0, { further: [third, second] }), "TiersUnfit", "order");
      assert.equal(await open(0, { further: [second, second] }), "TiersUnfit", "counted twice");
      const cheaper = { ...second, row: { ...second!.row, price: "1" } };
      assert.equal(await open(0, { further: [cheaper, third] }), "RowNotInTariff");
      const many = Array.from({ length: 17 }, () => second);
      assert.equal(await open(0, { further: many }), "TiersTooMany");
      assert.equal(await open(1, { further: [second] }), "TiersUnfit", "of another price");
      const { row, path } = second!;
      assert.equal(await open(0, { price: row, pricePath: path }), "RowDoesNotApply", "no first");
      assert.equal(await open(1, { further: [] }), "TiersUnfit", "the call's cheap minutes");
    });

    it("is for the arbiter when its price is made at the period's end", async () => {
      const batch = await scene.commit(scene.books.charges, [await leaf(energy(5n, 9n, 0n), 9n)]);
      const claim = await scene.claim(kind, batch, 0, batch.openedUse(0), 9n);
      assert.equal(await scene.refusal(claim, kind, mispriced(batch, 0)), "RowNotProvable");
    });
  });

  describe("a counter's step", () => {
    const kind = "counterStepWrong";

    const evidence = (batch: OpenedBatch, claimed: number, before: number) => ({
      claimed: batch.usage(claimed),
      beforeSequence: batch.sequence,
      beforeIndex: before,
      before: batch.usage(before),
      moved: rowsOf(batch, before),
    });
    const claimOf = (batch: OpenedBatch, index: number) =>
      scene.claim(kind, batch, index, batch.openedUse(index), 0n);

    it("that is not what the charge before was billed for is a breach", async () => {
      const batch = await scene.commit(scene.books.charges, [
        // Billed 2 MB, as whole increments.
        await leaf(counted({ service: 4, quantity: MB + 1n }, 1n, 0n), 0n),
        await leaf(data(1n, 2n, 2n), 0n),
        await leaf(data(1n, 3n, 4n), 0n),
        await leaf(data(1n, 4n, 3n), 0n),
      ]);
      const bond = await scene.bond();
      const jumped = await claimOf(batch, 2);
      await scene.open(jumped, kind, evidence(batch, 2, 1));
      assert.equal((await scene.outcome(jumped)).state, "settled", "nothing is owed");
      assert.ok((await scene.bond()) < bond);
      const fallen = await claimOf(batch, 3);
      await scene.open(fallen, kind, evidence(batch, 3, 2));
      assert.equal((await scene.outcome(fallen)).state, "settled");
      const right = await claimOf(batch, 1);
      assert.equal(await scene.refusal(right, kind, evidence(batch, 1, 0)), "BreachNotShown");
      const place = [batch.book, batch.sequence, 2] as const;
      const twice = [14, ...place, 0n, batch.leaf(2)] as const;
      const refusal = scene.ledger.refusal(scene.finder, "claims", "claim", ...twice);
      assert.equal(await refusal, "PlaceDecided");
    });

    it("of a counter's first charge is from zero", async () => {
      const batch = await scene.commit(scene.books.charges, [
        await leaf(data(1n, 1n, 7n), 0n),
        await leaf(data(1n, 1n, 0n), 0n),
      ]);
      const late = await claimOf(batch, 0);
      await scene.open(late, kind, evidence(batch, 0, 0));
      assert.equal((await scene.outcome(late)).state, "settled");
      const right = await claimOf(batch, 1);
      assert.equal(await scene.refusal(right, kind, evidence(batch, 1, 1)), "BreachNotShown");
    });

    it("is shown by neighbours in one counter alone, under the rows in force", async () => {
      const other = [{ scope: bytesOf("other", 8), scopeSequence: 1n, counterBefore: 0n }];
      const batch = await scene.commit(scene.books.charges, [
        await leaf(data(1n, 1n, 0n), 0n),
        await leaf(data(1n, 3n, 9n), 0n),
        await leaf(use({ service: 4, quantity: MB, counters: other }), 0n),
        await leaf(data(1n, 2n, 9n), 0n),
        await leaf(use({ service: 4, quantity: MB }), 0n),
        await leaf(voice(1n), 120_000_000n),
      ]);
      const open = async (claimed: number, before: number, change: object = {}) =>
        scene.refusal(await claimOf(batch, claimed), kind, {
          ...evidence(batch, claimed, before),
          ...change,
        });
      assert.equal(await open(1, 0), "BreachNotShown", "one is missing between them");
      assert.equal(await open(3, 2), "BreachNotShown", "another counter");
      assert.equal(await open(4, 0), "BreachNotShown", "no counter");
      assert.equal(await open(3, 0, { beforeIndex: 1 }), "SealMismatch");
      assert.equal(await open(3, 0, { moved: rowsOf(batch, 5) }), "RowDoesNotApply");
      const moved = rowsOf(batch, 0);
      const coarse = { ...moved, price: { ...moved.price, step: "7" } };
      assert.equal(await open(3, 0, { moved: coarse }), "RowNotInTariff");
    });

    it("counts what is priced at the period's end too", async () => {
      const batch = await scene.commit(scene.books.charges, [
        await leaf(energy(1_500n, 1n, 0n), 0n),
        await leaf(energy(1n, 2n, 1_500n), 0n),
      ]);
      const claim = await claimOf(batch, 1);
      await scene.open(claim, kind, evidence(batch, 1, 0));
      assert.equal((await scene.outcome(claim)).state, "settled", "2,000 mWh were billed");
    });
  });
});
