import { strict as assert } from "node:assert";
import { id, Wallet } from "ethers";
import { encodeBreachEvidence } from "../../node/adapters/breach-evidence.ts";
import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import {
  type AccountGroup,
  CHARGE_KIND,
  type ChargeGroup,
} from "../../node/core/commitment/charge-groups.ts";
import { invoiceDocumentDigest, invoiceOrderKey } from "../../node/core/commitment/invoice-leaf.ts";
import { countersWithPlan } from "../../node/core/commitment/plan-scope.ts";
import { pseudonym } from "../../node/core/commitment/secrets.ts";
import type { Bundle } from "../../node/core/evidence/bundle.ts";
import { BREACH_KIND } from "../../node/core/evidence/claim-kind.ts";
import { finderEvidenceHash } from "../../node/core/evidence/claim-message.ts";
import { findBreaches } from "../../node/core/evidence/find-breaches.ts";
import type { FoundBreach } from "../../node/core/evidence/found-breach.ts";
import { withConsent } from "../../node/core/evidence/plan-breaches.ts";
import { CONSENT_TYPES, consentDomain } from "../../node/core/evidence/signed-messages.ts";
import { hashDocument } from "../../node/core/hash.ts";
import { compileTariff } from "../../node/core/tariff/compile.ts";
import { buildTariffTree } from "../../node/core/tariff/tariff-tree.ts";
import { bytesOf } from "../../scripts/attack/named-bytes.ts";
import type { ChargeItem, OpenedBatch } from "../../scripts/attack/opened-batch.ts";
import { BreachScene, ownerOf } from "./support/breach-scene.ts";
import { bundleOfScene } from "./support/bundle-of-scene.ts";
import { TIERED_TARIFF } from "./support/tiered-tariff.ts";

const MB = 1_000_000n;
const MAX_AGE = "2592000";

/*
 * What a bundle shows is what the ledger takes: every breach that is found is lodged and opened as it
 * was found, after a journey as JSON.
 */
describe("Breaches that a bundle shows", () => {
  let scene: BreachScene;
  let start: bigint;

  before(async () => {
    const { root } = buildTariffTree(compileTariff(TIERED_TARIFF));
    scene = await BreachScene.start({ root: toHex(root) });
    start = ((await scene.now()) - 600n) * 1000n;
  });

  /** A call of one minute for 0.12 by a subscriber of this name, charged right unless changed. */
  async function call(
    name: string,
    number: bigint,
    owner: Partial<AccountGroup> = {},
    use: Partial<ChargeGroup> = {},
    amountNano = 120_000_000n,
  ): Promise<ChargeItem> {
    const made = await scene.call(
      {},
      { start, quantity: 60_000n, decidingDigits: 0xffff_ffff_ffff_ffffn, ...use },
    );
    const account = {
      pseudonym: bytesOf(name),
      chargeNumber: number,
      runningTotalNano: number * 120_000_000n,
      sourceTag: bytesOf(`source ${name} ${number}`, 24),
      salt: bytesOf(`salt ${name} ${number}`),
      ...owner,
    };
    return { ...made, owner: ownerOf(account), amountNano };
  }

  const charges = (leaves: ChargeItem[]): Promise<OpenedBatch> =>
    scene.commit(scene.books.charges, leaves);
  const found = (bundle: Bundle) => findBreaches(bundle, { maxRecordAgeSeconds: MAX_AGE });
  const summary = (all: FoundBreach[]) =>
    all.map(({ kind, line, claimedNano }) => [kind, line, claimedNano]);

  async function isProven(breach: FoundBreach): Promise<void> {
    const { ledger, finder, operator } = scene;
    const hash = finderEvidenceHash(finder.address.toLowerCase() as Hex, breach.opened);
    const place = [breach.book, breach.sequence, breach.leafIndex] as const;
    const request = [BREACH_KIND[breach.kind], ...place, breach.claimedNano, hash] as const;
    const claim = (await ledger.preview(finder, "claims", "claim", ...request)) as string;
    await ledger.send(finder, "claims", "claim", ...request);
    if (breach.claimedNano > 0n) await ledger.send(operator.commit, "claims", "contest", claim);
    const evidence = JSON.parse(JSON.stringify(breach.evidence));
    await ledger.send(finder, "claims", "open", claim, encodeBreachEvidence(breach.kind, evidence));
    const { state, dueNano } = await scene.outcome(claim);
    assert.equal(state, breach.claimedNano > 0n ? "proven" : "settled", breach.kind);
    assert.equal(dueNano, breach.claimedNano, "what is claimed is what is owed");
  }

  async function shows(bundle: Bundle, expected: unknown[][]): Promise<void> {
    const all = found(bundle);
    assert.deepEqual(summary(all), expected);
    for (const breach of all) await isProven(breach);
  }

  it("are none where all is right", async () => {
    const batch = await charges([await call("right", 1n), await call("right", 2n)]);
    assert.deepEqual(found(bundleOfScene(scene, [batch], TIERED_TARIFF)), []);
  });

  it("are prices that the tariff does not yield, in tiers too", async () => {
    const data = (megabytes: bigint, sequence: bigint, before: bigint) => ({
      service: 4,
      flags: 0,
      quantity: megabytes * MB,
      counters: [
        { scope: bytesOf("scope", 8), scopeSequence: sequence, counterBefore: before * MB },
      ],
    });
    const total = { runningTotalNano: 3_000_000_000n };
    const batch = await charges([
      await call("prices", 1n, {}, data(90n, 1n, 0n), 0n),
      // 10 are free, 20 at 0.03.
      await call("prices", 2n, total, data(30n, 2n, 90n), 3_000_000_000n),
    ]);
    const bundle = bundleOfScene(scene, [batch], TIERED_TARIFF);
    // The first line's running total is of no concern here.
    const [, second] = bundle.charges;
    await shows({ ...bundle, charges: [second!] }, [["mispricedCharge", "2", 2_400_000_000n]]);
  });

  it("are counters that jump", async () => {
    const data = (sequence: bigint, before: bigint) => ({
      service: 4,
      flags: 0,
      quantity: MB,
      counters: [
        { scope: bytesOf("jumping", 8), scopeSequence: sequence, counterBefore: before * MB },
      ],
    });
    const nothing = { runningTotalNano: 0n };
    const batch = await charges([
      await call("counter", 1n, nothing, data(1n, 0n), 0n),
      await call("counter", 2n, nothing, data(2n, 9n), 0n),
      await call("counter", 3n, nothing, data(3n, 10n), 0n),
    ]);
    const bundle = bundleOfScene(scene, [batch], TIERED_TARIFF);
    await shows(bundle, [["counterStepWrong", "2", 0n]]);
  });

  it("are counters that move twice from one place, in whatever slot", async () => {
    const scope = { scope: bytesOf("reused", 8), scopeSequence: 7n, counterBefore: 0n };
    const none = { scope: new Uint8Array(8), scopeSequence: 0n, counterBefore: 0n };
    const batch = await charges([
      await call("reused", 1n, {}, { counters: [scope] }),
      await call("reused", 2n, {}, { counters: [none, scope] }),
      await call("reused", 3n, {}, { counters: countersWithPlan({ plan: 1, ordinal: 1n }) }),
      await call("reused", 4n, {}, { counters: countersWithPlan({ plan: 1, ordinal: 1n }) }),
    ]);
    const bundle = bundleOfScene(scene, [batch], TIERED_TARIFF);
    await shows(bundle, [["scopeReused", "2", 0n]]);
  });

  it("are numbers and sources used twice, at the later place", async () => {
    const batch = await charges([await call("twice", 1n)]);
    const again = { sourceTag: bytesOf("another", 24), salt: bytesOf("again") };
    const source = { sourceTag: bytesOf("source twice 1", 24) };
    const later = await charges([await call("twice", 1n, again), await call("twice", 2n, source)]);
    await shows(bundleOfScene(scene, [batch, later], TIERED_TARIFF), [
      ["chargeNumberReused", "1", 120_000_000n],
      ["sourceReused", "2", 120_000_000n],
    ]);
  });

  it("are running totals that grow too much", async () => {
    const batch = await charges([
      await call("total", 1n),
      await call("total", 2n, { runningTotalNano: 250_000_000n }),
    ]);
    const bundle = bundleOfScene(scene, [batch], TIERED_TARIFF);
    await shows(bundle, [["runningTotalWrong", "2", 10_000_000n]]);
  });

  it("are charges that came too early, too late, or from a session that can not be", async () => {
    const old = start - 31n * 86_400_000n;
    const batch = await charges([
      await call("late", 1n, {}, { quantity: 60_000n, start: (await scene.now()) * 1000n }),
      await call("late", 2n, {}, { start: old }),
      await call("late", 3n, {}, { sessionMinutes: 1_441 }),
    ]);
    const bundle = bundleOfScene(scene, [batch], TIERED_TARIFF);
    await shows(
      bundle,
      ["1", "2", "3"].map((line) => ["untimelyCharge", line, 120_000_000n]),
    );
    const unaware = findBreaches(bundle).map(({ line }) => line);
    assert.deepEqual(unaware, ["1", "3"], "how old a record may be is not known");
  });

  it("are invoices that ask too much, and charges behind them", async () => {
    const batch = await charges([await call("billed", 1n), await call("billed", 2n)]);
    const documentText = "the invoice";
    const salt = bytesOf("document");
    const body = {
      salt: bytesOf("body"),
      pseudonym: bytesOf("billed"),
      lastChargeNumber: 1n,
      lastCreditNumber: 0n,
      creditsNano: 0n,
      taxNano: 0n,
    };
    const document = invoiceDocumentDigest({
      salt,
      documentHash: hashDocument(new TextEncoder().encode(documentText)),
      closingState: new Uint8Array(32),
    });
    const orderKey = invoiceOrderKey(body.pseudonym, 1n);
    const invoices = await scene.commit(scene.books.invoices, [
      { orderKey, body, document, amountNano: 130_000_000n },
    ]);
    const invoice = { batch: invoices, index: 0, run: 1n, documentText, salt: toHex(salt) };
    await shows(bundleOfScene(scene, [batch], TIERED_TARIFF, invoice), [
      ["chargeAfterInvoice", "2", 120_000_000n],
      ["invoiceTotalWrong", "invoice", 10_000_000n],
    ]);
  });

  it("are credits above their charge", async () => {
    const batch = await charges([await call("credited", 1n)]);
    const credit = (name: string) => ({
      owner: ownerOf({ pseudonym: bytesOf("credited"), salt: bytesOf(name) }),
      use: {
        salt: bytesOf(`credit ${name}`),
        targetDomain: Buffer.from(batch.book.slice(2), "hex"),
        targetSequence: batch.sequence,
        targetIndex: 0,
        reason: 3,
        claim: new Uint8Array(32),
      },
      amountNano: 70_000_000n,
    });
    const credits = await scene.commit(scene.books.credits, [credit("one"), credit("two")]);
    const bundle = bundleOfScene(scene, [batch, credits], TIERED_TARIFF);
    await shows(bundle, [["creditAboveOriginal", "C2", 0n]]);
  });

  it("are plans that were not assigned, with the subscriber's consent, and clashing ones", async () => {
    const wallet = new Wallet(id("Ann"));
    const blind = bytesOf("blind");
    const address = wallet.address.toLowerCase() as Hex;
    const own = pseudonym(fromHex(scene.books.charges, 20), fromHex(address, 20), blind);
    const owner = { pseudonym: own, runningTotalNano: 0n };
    const plan = (of: number, ordinal: bigint, from: bigint, days: bigint) => ({
      kind: CHARGE_KIND.assignment,
      service: 0,
      start: from,
      quantity: days * 86_400_000n,
      counters: countersWithPlan({ plan: of, ordinal }),
    });
    const named = (of: number, ordinal: bigint) => ({
      counters: countersWithPlan({ plan: of, ordinal }),
    });
    const day = 86_400_000n;
    const batch = await charges([
      await call("Ann", 1n, owner, plan(1, 1n, start - day, 2n), 0n),
      await call("Ann", 2n, owner, named(1, 1n), 0n),
      await call("Ann", 3n, owner, named(2, 1n), 0n),
      await call("Ann", 4n, owner, plan(2, 2n, start - 2n * day, 1n), 0n),
      await call("Ann", 5n, owner, plan(2, 3n, start, 9n), 0n),
    ]);
    const bundle = bundleOfScene(scene, [batch], TIERED_TARIFF);
    const [book] = bundle.books;
    const whole = {
      ...bundle,
      books: [{ ...book!, disputeAddress: address, blind: toHex(blind) }],
      // Free lines of a priced service are of no concern here.
      tariffs: [],
    };
    const all = found(whole);
    assert.deepEqual(summary(all), [
      ["planNotAssigned", "2", 0n],
      ["planNotAssigned", "3", 0n],
      ["assignmentsClash", "4", 0n],
      ["assignmentsClash", "5", 0n],
    ]);
    assert.equal(found({ ...whole, books: [book!] }).length, 2, "the pseudonym is not explained");
    const [, breach, ...clashing] = all as [FoundBreach, FoundBreach, ...FoundBreach[]];
    assert.equal(breach.needsConsent, true);
    await assert.rejects(isProven(breach), /ConsentMissing|unknown custom error/);
    const { chainId } = await scene.ledger.provider.getNetwork();
    const domain = consentDomain({ chainId, books: scene.ledger.addresses.books as Hex });
    const { sequence, leafIndex } = breach;
    const place = { book: breach.book, sequence, leafIndex };
    const signature = await wallet.signTypedData(domain, CONSENT_TYPES, place);
    await isProven(withConsent(breach, signature));
    for (const one of clashing) await isProven(one);
  });

  it("stay unseen where a group is closed", async () => {
    const batch = await charges([await call("closed", 1n, {}, {}, 900_000_000n)]);
    const bundle = bundleOfScene(scene, [batch], TIERED_TARIFF);
    const [charge] = bundle.charges;
    const digest = { digest: batch.rest(0).account };
    const closed = { ...charge!, account: digest, charge: digest };
    assert.deepEqual(found({ ...bundle, charges: [closed] }), []);
  });
});
