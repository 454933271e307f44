import { strict as assert } from "node:assert";
import { keccak256, toUtf8Bytes, Wallet } from "ethers";
import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import { CHARGE_KIND, type ChargeGroup } from "../../node/core/commitment/charge-groups.ts";
import {
  type InvoiceDocument,
  invoiceBodyDigest,
  invoiceDocumentDigest,
} from "../../node/core/commitment/invoice-leaf.ts";
import { countersWithPlan } from "../../node/core/commitment/plan-scope.ts";
import { pseudonym } from "../../node/core/commitment/secrets.ts";
import {
  CONSENT_TYPES,
  consentDomain,
  INVOICE_TYPES,
  invoiceDomain,
} from "../../node/core/evidence/signed-messages.ts";
import { bytesOf } from "../../scripts/attack/named-bytes.ts";
import {
  type ChargeItem,
  hexed,
  type InvoiceItem,
  type OpenedBatch,
} from "../../scripts/attack/opened-batch.ts";
import { BreachScene, MINUTE, ownerOf } from "./support/breach-scene.ts";
import { admit, ROLE } from "./support/parties.ts";
import { chargeOf, tariffOf } from "./support/records.ts";

const NOTHING = new Uint8Array(32);
const day = (count: bigint) => count * 86_400_000n;

describe("Breaches about plans and documents", () => {
  let scene: BreachScene;
  let start: bigint;
  let contract: { chainId: bigint; books: Hex };

  before(async () => {
    scene = await BreachScene.start();
    start = ((await scene.now()) - 600n) * 1000n;
    const { chainId } = await scene.ledger.provider.getNetwork();
    contract = { chainId, books: scene.ledger.addresses.books as Hex };
  });

  /** One subscriber with its own key, whose leaves are made here. */
  class Subscriber {
    readonly wallet: Wallet;
    readonly blind: Uint8Array;
    readonly pseudonym: Uint8Array;
    #number = 0n;

    constructor(name: string) {
      this.wallet = new Wallet(keccak256(toUtf8Bytes(name)));
      this.blind = bytesOf(`blind of ${name}`);
      const address = fromHex(this.wallet.address.toLowerCase() as Hex, 20);
      this.pseudonym = pseudonym(fromHex(scene.books.charges, 20), address, this.blind);
    }

    #owner() {
      this.#number += 1n;
      return ownerOf({ pseudonym: this.pseudonym, chargeNumber: this.#number });
    }

    assigned(ordinal: number, plan: number, from: bigint, to: bigint): ChargeItem {
      const use = chargeOf({
        salt: bytesOf(`assignment ${ordinal} ${plan}`),
        kind: CHARGE_KIND.assignment,
        service: 0,
        start: from,
        quantity: to - from,
        counters: countersWithPlan({ plan, ordinal: BigInt(ordinal) }),
      });
      return { owner: this.#owner(), use, amountNano: 0n };
    }

    /** Priced by a plan, under the assignment that it names. */
    async call(plan: number, ordinal: number, at = start): Promise<ChargeItem> {
      const counters = plan === 0 ? [] : countersWithPlan({ plan, ordinal: BigInt(ordinal) });
      return { ...(await scene.call({}, { counters, start: at })), owner: this.#owner() };
    }

    consent(batch: OpenedBatch, leafIndex: number, domain = consentDomain(contract)) {
      const { book, sequence } = batch;
      return this.wallet.signTypedData(domain, CONSENT_TYPES, { book, sequence, leafIndex });
    }
  }

  const claimOf = (
    kind: "planNotAssigned" | "assignmentsClash",
    batch: OpenedBatch,
    index: number,
  ): Promise<string> => scene.claim(kind, batch, index, batch.openedUse(index), 0n);

  describe("a plan that was not assigned", () => {
    const kind = "planNotAssigned";
    let ann: Subscriber;
    let batch: OpenedBatch;
    /** What each leaf is. */
    const AT = {
      first: 0,
      second: 1,
      third: 2,
      right: 3,
      wrong: 4,
      before: 5,
      between: 6,
    } as const;

    before(async () => {
      ann = new Subscriber("Ann");
      batch = await scene.commit(scene.books.charges, [
        ann.assigned(1, 1, start - day(2n), start + day(2n)),
        ann.assigned(2, 2, start + day(3n), start + day(4n)),
        new Subscriber("Ben").assigned(1, 2, start - day(2n), start + day(2n)),
        await ann.call(1, 1),
        await ann.call(2, 1),
        await ann.call(1, 9, start - day(3n)),
        await ann.call(1, 9, start + day(2n)),
        await ann.call(0, 0),
        ann.assigned(3, 3, start + day(9n), start + day(10n)),
        await ann.call(2, 9),
        await ann.call(1, 1, start + day(3n)),
      ]);
    });

    async function evidence(index: number, assignments: number[], change: object = {}) {
      const { account, party, amountNano, path } = batch.owner(index);
      const { charge } = batch.usage(index);
      const consented = { account, charge, party, amountNano, path };
      const own = { disputeAddress: ann.wallet.address, blind: toHex(ann.blind) };
      const signature = await ann.consent(batch, index);
      return {
        claimed: { ...consented, ...own, signature, ...change },
        assignments: assignments.map((at) => batch.assignment(at)),
      };
    }

    async function opened(index: number, assignments: number[]): Promise<string> {
      const claim = await claimOf(kind, batch, index);
      await scene.open(claim, kind, await evidence(index, assignments));
      return (await scene.outcome(claim)).state;
    }

    const refused = async (index: number, assignments: number[], change: object = {}) =>
      scene.refusal(
        await claimOf(kind, batch, index),
        kind,
        await evidence(index, assignments, change),
      );

    it("is not shown without the subscriber's own signature for this very charge", async () => {
      const { wallet } = new Subscriber("Ben");
      const open = (change: object) => refused(AT.wrong, [AT.first], change);
      assert.equal(await open({ signature: "0x" }), "ConsentMissing");
      assert.equal(await open({ signature: await ann.consent(batch, AT.right) }), "ConsentMissing");
      const elsewhere = consentDomain({ ...contract, chainId: 1n });
      const foreign = await ann.consent(batch, AT.wrong, elsewhere);
      assert.equal(await open({ signature: foreign }), "ConsentMissing");
      const ben = await new Subscriber("Ben").consent(batch, AT.wrong);
      assert.equal(await open({ signature: ben }), "ConsentMissing");
      const impostor = { signature: ben, disputeAddress: wallet.address };
      assert.equal(await open(impostor), "EvidenceUnfit", "not the pseudonym's key");
    });

    it("is a breach where the assignment of that time names another", async () => {
      const bond = await scene.bond();
      assert.equal(await opened(AT.wrong, [AT.first]), "settled", "nothing is owed");
      assert.ok((await scene.bond()) < bond);
      assert.equal(await opened(9, [AT.first]), "settled", "whatever assignment it names");
    });

    it("is a breach where the assignment that it names is of another time", async () => {
      assert.equal(await refused(AT.right, [AT.first]), "BreachNotShown");
      assert.equal(await opened(10, [AT.first]), "settled");
    });

    it("is a breach before the first assignment and between two neighbours", async () => {
      assert.equal(await opened(AT.before, [AT.first]), "settled");
      assert.equal(await opened(AT.between, [AT.first, AT.second]), "settled");
    });

    it("is none where it was assigned, or where the charge needed no plan", async () => {
      assert.equal(await refused(AT.right, [AT.first]), "BreachNotShown");
      assert.equal(await refused(AT.right, [AT.second]), "BreachNotShown", "of another time");
      assert.equal(await refused(AT.right, [AT.first, AT.second]), "BreachNotShown");
      assert.equal(await refused(7, [AT.first]), "BreachNotShown", "no plan");
    });

    it("is not shown by what is not this subscriber's, or not in the book", async () => {
      assert.equal(await refused(AT.right, [AT.third]), "BreachNotShown", "Ben's");
      assert.equal(await refused(AT.right, [AT.first, 8]), "BreachNotShown", "no neighbours");
      assert.equal(await refused(AT.right, [AT.wrong]), "BreachNotShown", "no assignment");
      assert.equal(await refused(AT.right, []), "EvidenceUnfit");
      assert.equal(await refused(AT.right, [0, 1, 8]), "EvidenceUnfit");
      const claim = await claimOf(kind, batch, AT.right);
      const shown = await evidence(AT.right, [AT.first]);
      const [assignment] = shown.assignments;
      const other = { ...assignment, charge: { ...assignment!.charge, quantity: 9n } };
      assert.equal(
        await scene.refusal(claim, kind, { ...shown, assignments: [other] }),
        "SealMismatch",
      );
      const use = (batch.items[AT.right] as ChargeItem).use as ChargeGroup;
      const charge = { ...batch.usage(AT.right).charge, quantity: use.quantity + 1n };
      assert.equal(await refused(AT.right, [AT.first], { charge }), "SealMismatch");
    });
  });

  describe("an assignment", () => {
    it("asks nothing: whatever it asks is owed", async () => {
      const ann = new Subscriber("Asked");
      const leaf = { ...ann.assigned(1, 1, 0n, day(10n)), amountNano: 5n };
      const batch = await scene.commit(scene.books.charges, [leaf]);
      const claim = await scene.claim("mispricedCharge", batch, 0, batch.openedUse(0), 5n);
      await scene.open(claim, "mispricedCharge", {
        ...batch.usage(0),
        price: tariffOf().evidence(),
      });
      assert.deepEqual(await scene.outcome(claim), { state: "proven", dueNano: 5n });
    });

    it("is never too early or too late", async () => {
      const ann = new Subscriber("Timely");
      const batch = await scene.commit(scene.books.charges, [
        ann.assigned(1, 1, 0n, day(10n)),
        ann.assigned(2, 1, start + day(99n), start + day(100n)),
      ]);
      for (const index of [0, 1]) {
        const claim = await scene.claim("untimelyCharge", batch, index, batch.openedUse(index), 1n);
        await scene.open(claim, "untimelyCharge", batch.usage(index));
        assert.equal((await scene.outcome(claim)).state, "refuted");
      }
    });
  });

  describe("two assignments", () => {
    const kind = "assignmentsClash";

    it("that do not follow each other are a breach at the later place", async () => {
      const ann = new Subscriber("Clashing");
      const batch = await scene.commit(scene.books.charges, [
        ann.assigned(1, 1, 0n, day(10n)),
        ann.assigned(2, 2, day(10n), day(20n)),
        ann.assigned(3, 3, day(15n), day(25n)),
        ann.assigned(3, 4, day(30n), day(40n)),
        new Subscriber("Other").assigned(1, 1, 0n, day(10n)),
      ]);
      const pair = (claimed: number, before: number) => ({
        claimed: batch.assignment(claimed),
        before: batch.assignment(before),
      });
      const refused = async (claimed: number, before: number) =>
        scene.refusal(await claimOf(kind, batch, claimed), kind, pair(claimed, before));
      assert.equal(await refused(1, 0), "BreachNotShown", "one begins when the other ends");
      assert.equal(await refused(4, 0), "BreachNotShown", "of two subscribers");
      assert.equal(await refused(1, 2), "EvidenceUnfit", "the earlier place");
      const misplaced = scene.refusal(await claimOf(kind, batch, 2), kind, pair(3, 1));
      assert.equal(await misplaced, "EvidenceUnfit", "another place than alleged");
      const overlap = await claimOf(kind, batch, 2);
      await scene.open(overlap, kind, pair(2, 1));
      assert.equal((await scene.outcome(overlap)).state, "settled");
      const twice = await claimOf(kind, batch, 3);
      await scene.open(twice, kind, pair(3, 2));
      assert.equal((await scene.outcome(twice)).state, "settled", "one ordinal");
    });
  });

  describe("an invoice's document", () => {
    const kind = "invoiceDocumentDiffers";
    const documentHash = bytesOf("as committed");
    const sentHash = toHex(bytesOf("as sent"));
    let batch: OpenedBatch;
    let document: InvoiceDocument;

    before(async () => {
      document = { salt: bytesOf("document"), documentHash, closingState: NOTHING };
      const body = {
        salt: bytesOf("body"),
        pseudonym: bytesOf("Ann"),
        lastChargeNumber: 1n,
        lastCreditNumber: 0n,
        creditsNano: 0n,
        taxNano: 0n,
      };
      const digest = invoiceDocumentDigest(document);
      const invoice: InvoiceItem = {
        orderKey: bytesOf("order"),
        body,
        document: digest,
        amountNano: MINUTE,
      };
      batch = await scene.commit(scene.books.invoices, [invoice]);
    });

    const sign = (by: { signTypedData: Wallet["signTypedData"] }, hash = sentHash) =>
      by.signTypedData(invoiceDomain(contract), INVOICE_TYPES, {
        book: batch.book,
        orderKey: toHex(bytesOf("order")),
        documentHash: hash,
      });

    async function evidence(by = scene.operator.settle, change: object = {}) {
      const invoice = batch.items[0] as InvoiceItem;
      return {
        orderKey: toHex(invoice.orderKey),
        body: toHex(invoiceBodyDigest(invoice.body)),
        document: hexed(document),
        chargesNano: MINUTE,
        path: batch.path(0),
        sentHash,
        signer: by.address,
        signature: await sign(by),
        ...change,
      };
    }

    const claim = () =>
      scene.claim(kind, batch, 0, { leaf: batch.leaf(0), salt: toHex(document.salt) }, 0n);

    it("is not shown by what the operator did not sign, or not as this invoice", async () => {
      const id = await claim();
      const refused = async (shown: object) => scene.refusal(id, kind, shown);
      const { operator, ledger } = scene;
      const birch = await admit(ledger, "Birch Telecom", ROLE.operator, 7);
      assert.equal(await refused(await evidence(birch.settle)), "SignatureNotOfOperator");
      assert.equal(await refused(await evidence(operator.govern)), "SignatureNotOfOperator");
      const forged = { signature: await sign(birch.settle) };
      const byName = await evidence(operator.settle, forged);
      assert.equal(await refused(byName), "SignatureNotOfOperator");
      const other = await evidence(operator.settle, { sentHash: toHex(bytesOf("third")) });
      assert.equal(await refused(other), "SignatureNotOfOperator");
      const same = { sentHash: toHex(documentHash) };
      const signedSame = { ...same, signature: await sign(operator.settle, same.sentHash) };
      assert.equal(await refused(await evidence(operator.settle, signedSame)), "BreachNotShown");
      const moved = { orderKey: toHex(bytesOf("another order")) };
      assert.equal(await refused(await evidence(operator.settle, moved)), "SealMismatch");
    });

    it("is a breach where the operator signed another one", async () => {
      const id = await claim();
      const bond = await scene.bond();
      await scene.open(id, kind, await evidence());
      assert.equal((await scene.outcome(id)).state, "settled", "nothing is owed");
      assert.ok((await scene.bond()) < bond);
    });

    it("is alleged of invoices alone", async () => {
      const charges = await scene.commit(scene.books.charges, [await scene.call()]);
      const place = [charges.book, charges.sequence, 0] as const;
      const call = [17, ...place, 0n, charges.leaf(0)] as const;
      assert.equal(
        await scene.ledger.refusal(scene.finder, "claims", "claim", ...call),
        "PlaceUnusable",
      );
    });
  });
});
