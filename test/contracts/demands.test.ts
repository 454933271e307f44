import { strict as assert } from "node:assert";
import { Wallet } from "ethers";
import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import {
  decodeCharge,
  decodeChunk,
  rootOfCharge,
  rootOfChunk,
  sealOfDelivery,
} from "../../node/core/evidence/delivery-bytes.ts";
import { oneTimePublicKey, openDelivery } from "../../node/core/evidence/sealed-delivery.ts";
import { bytesOf } from "../../scripts/attack/named-bytes.ts";
import type { OpenedBatch } from "../../scripts/attack/opened-batch.ts";
import { ownerOf } from "./support/breach-scene.ts";
import { ASKER_SECRET, DemandScene } from "./support/demand-scene.ts";
import { admit, agree, BOOK, bondFor, DAY, openBook, ROLE, WINDOWS } from "./support/parties.ts";

const BOUNTY = 2_000_000n;
const PENALTY = 1_000_000n;

describe("Demands", function () {
  this.timeout(240_000);

  describe("for a charge", () => {
    let demands: DemandScene;
    let batch: OpenedBatch;

    beforeEach(async () => {
      demands = await DemandScene.start();
      batch = await demands.calls(3);
    });

    it("are answered with what opens the charge, for the asker's eyes only", async () => {
      await demands.stand(3n);
      const id = await demands.demand(2n);
      assert.equal(await demands.state(id), "asked");
      const sealed = await demands.deliver(id, demands.chargeBytes(batch, 1));
      assert.equal(await demands.state(id), "answered");
      const opened = decodeCharge(openDelivery(id, ASKER_SECRET, sealed));
      const domain = fromHex(batch.book, 20);
      const root = rootOfCharge(domain, opened);
      const seal = sealOfDelivery(domain, opened.sequence, root, opened.batch);
      assert.equal(
        toHex(seal),
        await demands.scene.ledger.read("books", "sealOf", batch.book, batch.sequence),
      );
      assert.equal(opened.leaf.account.chargeNumber, 2n);
      const strangers = openDelivery(id, bytesOf("another key"), sealed);
      assert.notDeepEqual(strangers, openDelivery(id, ASKER_SECRET, sealed));
    });

    it("can not be called rubbish when the answer opens it", async () => {
      const { ledger, finder } = demands.scene;
      await demands.stand(3n);
      const id = await demands.demand(2n);
      const sealed = await demands.deliver(id, demands.chargeBytes(batch, 1));
      const complain = (...call: readonly unknown[]) =>
        ledger.refusal(finder, "demands", "showRubbish", ...call);
      assert.equal(await complain(...demands.complaint(id, sealed)), "DeliveryOpens");
      const another = bytesOf("another key");
      assert.equal(await complain(...demands.complaint(id, sealed, another)), "NotTheOneTimeKey");
      const other = demands.seal(id, bytesOf("something else"));
      assert.equal(await complain(...demands.complaint(id, other)), "DeliveryMismatch");
    });

    const rubbish: [string, (honest: Uint8Array) => Uint8Array][] = [
      ["noise", () => bytesOf("noise")],
      ["one changed byte of a group", (bytes) => changed(bytes, 100)],
      ["another amount", (bytes) => changed(bytes, 385)],
      ["another place", (bytes) => changed(bytes, 397)],
      ["a depth that no batch has", (bytes) => changed(bytes, 398, 200)],
      ["a path of another length", (bytes) => bytes.slice(0, bytes.length - 32)],
      ["another sibling", (bytes) => changed(bytes, bytes.length - 1)],
      ["more than was asked for", (bytes) => Uint8Array.from([...bytes, ...bytes])],
    ];
    for (const [what, spoil] of rubbish) {
      it(`answered with rubbish cost the operator, once: ${what}`, async () => {
        const { ledger, finder, scene } = { ...demands.scene, scene: demands.scene };
        await demands.stand(3n);
        const id = await demands.demand(2n);
        const sealed = await demands.deliver(id, spoil(demands.chargeBytes(batch, 1)));
        const before = await scene.bond();
        const call = demands.complaint(id, sealed);
        await ledger.send(finder, "demands", "showRubbish", ...call);
        assert.equal(await demands.state(id), "rubbish");
        assert.equal(before - (await scene.bond()), BOUNTY + PENALTY);
        const { demoToken } = ledger.addresses;
        assert.equal(
          await ledger.read("bonds", "bountyOf", demoToken, demands.subscriber.address),
          BOUNTY,
        );
        assert.equal(
          await ledger.refusal(finder, "demands", "showRubbish", ...call),
          "DemandStateWrong",
        );
      });
    }

    it("answered with another charge, or another subscriber's, are answered with rubbish", async () => {
      const { ledger, finder, books } = demands.scene;
      await demands.stand(3n);
      const stranger = await demands.scene.commit(books.charges, [
        {
          ...(batch.items[0] as object as { use: never; amountNano: bigint; party: never }),
          owner: ownerOf({ pseudonym: bytesOf("Bob"), chargeNumber: 2n }),
        },
      ]);
      for (const plain of [demands.chargeBytes(batch, 0), demands.chargeBytes(stranger, 0)]) {
        const id = await demands.demand(2n);
        const sealed = await demands.deliver(id, plain);
        await ledger.send(finder, "demands", "showRubbish", ...demands.complaint(id, sealed));
        assert.equal(await demands.state(id), "rubbish");
      }
    });

    it("that are not answered in time cost the operator, once for each place", async () => {
      const { ledger, finder, scene } = { ...demands.scene, scene: demands.scene };
      await demands.stand(3n);
      const before = await scene.bond();
      for (const costs of [BOUNTY + PENALTY, BOUNTY + PENALTY]) {
        const id = await demands.demand(3n);
        assert.equal(
          await ledger.refusal(finder, "demands", "concludeSilence", id),
          "DeadlineNotPassed",
        );
        await ledger.pass(DAY + 60);
        await ledger.send(finder, "demands", "concludeSilence", id);
        assert.equal(await demands.state(id), "withheld");
        assert.equal(before - (await scene.bond()), costs);
      }
      const id = await demands.demand(1n);
      await ledger.pass(DAY + 60);
      await ledger.send(finder, "demands", "concludeSilence", id);
      assert.equal(before - (await scene.bond()), 2n * (BOUNTY + PENALTY));
    });

    it("can be answered until the last second, and not after it", async () => {
      const { ledger, operator } = demands.scene;
      await demands.stand(3n);
      const id = await demands.demand(2n);
      const { ephemeral, ciphertext } = demands.seal(id, demands.chargeBytes(batch, 1));
      await ledger.pass(DAY + 60);
      assert.equal(
        await ledger.refusal(operator.commit, "demands", "deliver", id, ephemeral, ciphertext),
        "DeadlinePassed",
      );
    });

    it("wait while the operator is suspended, which can still answer", async () => {
      const { ledger, operator, finder } = demands.scene;
      await demands.stand(3n);
      const id = await demands.demand(2n);
      await ledger.send(ledger.account(0), "members", "suspend", operator.id);
      await ledger.pass(3 * DAY);
      assert.equal(
        await ledger.refusal(finder, "demands", "concludeSilence", id),
        "DeadlineNotPassed",
      );
      await demands.deliver(id, demands.chargeBytes(batch, 1));
      assert.equal(await demands.state(id), "answered");
    });

    it("are answered by the operator's keys only, with a key that is one", async () => {
      const { ledger, operator, finder } = demands.scene;
      await demands.stand(3n);
      const id = await demands.demand(2n);
      const { ephemeral, ciphertext } = demands.seal(id, demands.chargeBytes(batch, 1));
      const refused = (by: typeof finder, ...call: unknown[]) =>
        ledger.refusal(by, "demands", "deliver", id, ...call);
      assert.equal(await refused(finder, ephemeral, ciphertext), "NotTheOperator");
      assert.equal(await refused(operator.govern, ephemeral, ciphertext), "NotTheOperator");
      const off = { x: ephemeral.x, y: ephemeral.y + 1n };
      assert.equal(await refused(operator.commit, off, ciphertext), "KeyUnusable");
      assert.equal(await refused(operator.commit, ephemeral, []), "DeliverySizeUnusable");
      const long = Array.from({ length: 405 }, () => toHex(bytesOf("word")));
      assert.equal(await refused(operator.commit, ephemeral, long), "DeliverySizeUnusable");
    });

    it("need a pseudonym that was shown, its owner's signature and a number that exists", async () => {
      const { ledger, finder } = demands.scene;
      const refused = (...call: readonly unknown[]) =>
        ledger.refusal(finder, "demands", "demandCharge", ...call);
      assert.equal(await refused(...(await demands.demandArguments(1n))), "StandingMissing");
      await demands.stand(3n);
      assert.equal(await refused(...(await demands.demandArguments(4n))), "NumberBeyond");
      assert.equal(await refused(...(await demands.demandArguments(0n))), "NumberBeyond");
      const stranger = new Wallet(toHex(bytesOf("stranger")));
      assert.equal(
        await refused(...(await demands.demandArguments(1n, { by: stranger }))),
        "SignatureInvalid",
      );
      const [pseudonym, number, key, nonce, until, signature] = await demands.demandArguments(1n);
      assert.equal(await refused(pseudonym, 2n, key, nonce, until, signature), "SignatureInvalid");
      const other = oneTimePublicKey(bytesOf("another key"));
      assert.equal(
        await refused(pseudonym, number, other, nonce, until, signature),
        "SignatureInvalid",
      );
      await demands.demand(1n);
      assert.equal(
        await refused(pseudonym, number, key, nonce, until, signature),
        "InvalidAccountNonce",
      );
      await ledger.pass(DAY);
      assert.equal(
        await refused(pseudonym, number, key, nonce, until, signature),
        "SignatureExpired",
      );
    });

    it("are made once for each number that was answered, and eight at a time", async () => {
      const { ledger, finder } = demands.scene;
      await demands.stand(100n);
      const refused = async (number: bigint) =>
        ledger.refusal(
          finder,
          "demands",
          "demandCharge",
          ...(await demands.demandArguments(number)),
        );
      const first = await demands.demand(1n);
      assert.equal(await refused(1n), "DemandedAlready");
      for (let number = 2n; number <= 8n; number++) await demands.demand(number);
      assert.equal(await refused(9n), "DemandsTooMany");
      await demands.deliver(first, demands.chargeBytes(batch, 0));
      assert.equal(await refused(1n), "DemandedAlready");
      await demands.demand(9n);
    });

    it("end when evidence need not be kept any more", async () => {
      const { ledger, finder } = demands.scene;
      await demands.stand(3n);
      await ledger.provider.send("evm_increaseTime", [63_072_000]);
      await ledger.send(finder, "clock", "tick");
      assert.equal(
        await ledger.refusal(
          finder,
          "demands",
          "demandCharge",
          ...(await demands.demandArguments(1n)),
        ),
        "StandingTooOld",
      );
    });

    it("keep to a key on the curve, so that the operator can answer", async () => {
      const { ledger, finder } = demands.scene;
      await demands.stand(3n);
      const [pseudonym, number, key, nonce, until] = await demands.demandArguments(1n);
      const off = { x: key.x, y: key.y ^ 1n };
      const { chainId } = await ledger.provider.getNetwork();
      const { DEMAND_TYPES, demandDomain } = await import(
        "../../node/core/evidence/demand-message.ts"
      );
      const signature = await demands.subscriber.signTypedData(
        demandDomain(chainId, ledger.addresses.demands as Hex),
        DEMAND_TYPES,
        {
          pseudonym,
          chargeNumber: number,
          keyX: off.x,
          keyY: off.y,
          nonce,
          validUntil: until,
        },
      );
      assert.equal(
        await ledger.refusal(
          finder,
          "demands",
          "demandCharge",
          pseudonym,
          number,
          off,
          nonce,
          until,
          signature,
        ),
        "KeyUnusable",
      );
    });
  });

  describe("standing", () => {
    let demands: DemandScene;

    before(async () => {
      demands = await DemandScene.start();
      await demands.calls(3);
    });

    it("is shown by a committed invoice for the pseudonym", async () => {
      const { ledger, finder, books } = demands.scene;
      const invoices = await demands.scene.commit(books.invoices, [demands.invoiceItem(3n)]);
      const invoice = demands.standing(invoices);
      const show = [books.charges, demands.owner(), invoice] as const;
      await ledger.send(finder, "standings", "showByInvoice", ...show);
      const id = toHex(demands.pseudonym);
      const standing = await ledger.read("standings", "standingOf", id);
      assert.equal(standing.owner, demands.subscriber.address);
      assert.equal(standing.lastChargeNumber, 3n);
      assert.equal(standing.since, invoices.blockTime);
    });

    it("is not shown by what was not committed, is another's, or of another book", async () => {
      const { ledger, finder, books } = demands.scene;
      const invoices = await demands.scene.commit(books.invoices, [
        demands.invoiceItem(3n, { pseudonym: bytesOf("Bob") }),
        demands.invoiceItem(3n),
      ]);
      const refused = (...call: unknown[]) =>
        ledger.refusal(finder, "standings", "showByInvoice", ...call);
      const owner = demands.owner();
      const good = demands.standing(invoices, 1);
      const { charges } = books;
      assert.equal(await refused(charges, owner, demands.standing(invoices, 0)), "StandingUnfit");
      const more = { ...good, body: { ...good.body, lastChargeNumber: 9n } };
      assert.equal(await refused(charges, owner, more), "SealMismatch");
      const blind = { ...owner, blind: toHex(bytesOf("another blind")) };
      assert.equal(await refused(charges, blind, good), "StandingUnfit");
      assert.equal(await refused(books.credits, owner, good), "StandingUnfit");
      assert.equal(
        await refused(charges, owner, { ...good, invoiceBook: charges }),
        "StandingUnfit",
      );
    });

    it("is shown by the operator's receipt, and by nobody else's or an altered one", async () => {
      const { ledger, finder, books, operator } = demands.scene;
      const refused = (receipt: object) =>
        ledger.refusal(
          finder,
          "standings",
          "showByReceipt",
          books.charges,
          demands.owner(),
          receipt,
        );
      assert.equal(await refused(await demands.receipt(9n, finder)), "StandingUnfit");
      assert.equal(await refused(await demands.receipt(9n, operator.govern)), "StandingUnfit");
      const receipt = await demands.receipt(9n);
      assert.equal(await refused({ ...receipt, lastChargeNumber: 10n }), "StandingUnfit");
      const ahead = await demands.receipt(9n, operator.settle, (await demands.scene.now()) + 900n);
      assert.equal(await refused(ahead), "StandingUnfit");
      await demands.stand(9n);
      await demands.stand(1n);
      const { lastChargeNumber } = await ledger.read(
        "standings",
        "standingOf",
        toHex(demands.pseudonym),
      );
      assert.equal(lastChargeNumber, 9n);
    });
  });

  describe("for a chunk", () => {
    let demands: DemandScene;
    let batch: OpenedBatch;
    let partner: Awaited<ReturnType<typeof admit>>;
    let book: Hex;

    beforeEach(async () => {
      demands = await DemandScene.start();
      const { scene } = demands;
      const { ledger, operator, arbiter } = scene;
      partner = await admit(ledger, "City", ROLE.partner, 7);
      const { retailTerms } = await import("./support/parties.ts");
      const terms = retailTerms(ledger, operator, arbiter);
      terms.parties = [operator.id, partner.id];
      terms.windows = [...WINDOWS];
      scene.agreement = await agree(ledger, terms, [operator, partner]);
      await bondFor(ledger, operator, scene.agreement);
      book = (await openBook(ledger, operator, scene.agreement, BOOK.charges)) as Hex;
      scene.books.charges = book;
      batch = await demands.calls(40);
      await ledger.send(partner.settle, "token", "mint", partner.settle.address, 10n * BOUNTY);
      const { demands: at } = ledger.addresses;
      await ledger.send(partner.settle, "token", "approve", at, 10n * BOUNTY);
    });

    const arguments_ = (chunk: number) => [
      book,
      batch.sequence,
      chunk,
      oneTimePublicKey(ASKER_SECRET),
      batch.commitment(),
      batch.blockTime,
    ];

    async function demandChunk(chunk: number): Promise<Hex> {
      const { ledger } = demands.scene;
      const call = arguments_(chunk);
      const id = (await ledger.preview(partner.settle, "demands", "demandChunk", ...call)) as Hex;
      await ledger.send(partner.settle, "demands", "demandChunk", ...call);
      return id;
    }

    const held = async (): Promise<bigint> => {
      const { ledger } = demands.scene;
      const { demoToken, demands: at } = ledger.addresses;
      const deposits = (await ledger.read("demands", "depositsOf", demoToken)) as bigint;
      assert.equal(deposits, await ledger.read("token", "balanceOf", at));
      return deposits;
    };

    for (const chunk of [0, 1]) {
      it(`are answered with its leaves, and the deposit pays for it: chunk ${chunk}`, async () => {
        const { ledger, finder, scene } = { ...demands.scene, scene: demands.scene };
        const id = await demandChunk(chunk);
        assert.equal(await held(), BOUNTY);
        const sealed = await demands.deliver(id, demands.chunkBytes(batch, chunk));
        const opened = decodeChunk(openDelivery(id, ASKER_SECRET, sealed), false);
        assert.equal(opened.leaves.length, chunk === 0 ? 32 : 8);
        const domain = fromHex(book, 20);
        const root = rootOfChunk(domain, chunk, opened);
        const seal = toHex(sealOfDelivery(domain, batch.sequence, root, opened.batch));
        assert.equal(seal, await ledger.read("books", "sealOf", book, batch.sequence));
        const complaint = demands.complaint(id, sealed);
        assert.equal(
          await ledger.refusal(finder, "demands", "showRubbish", ...complaint),
          "DeliveryOpens",
        );
        assert.equal(
          await ledger.refusal(finder, "demands", "releaseDeposit", id),
          "DeadlineNotPassed",
        );
        await ledger.pass(DAY + 60);
        const before = await scene.bond();
        await ledger.send(finder, "demands", "releaseDeposit", id);
        assert.equal((await scene.bond()) - before, BOUNTY);
        assert.equal(await held(), 0n);
        assert.equal(
          await ledger.refusal(finder, "demands", "releaseDeposit", id),
          "NothingToRelease",
        );
      });
    }

    it("answered with rubbish, or with fewer leaves, cost the operator; the deposit comes back", async () => {
      const { ledger, finder } = demands.scene;
      for (const spoil of [
        (bytes: Uint8Array) => changed(bytes, 73, 7),
        (bytes: Uint8Array) => changed(bytes, 500),
        (bytes: Uint8Array) => changed(bytes, 0, 255),
        (bytes: Uint8Array) => bytes.slice(0, 1_000),
      ]) {
        const id = await demandChunk(1);
        const sealed = await demands.deliver(id, spoil(demands.chunkBytes(batch, 1)));
        const before = await ledger.read("token", "balanceOf", partner.settle.address);
        await ledger.send(finder, "demands", "showRubbish", ...demands.complaint(id, sealed));
        assert.equal(await demands.state(id), "rubbish");
        await ledger.send(finder, "demands", "releaseDeposit", id);
        const after = await ledger.read("token", "balanceOf", partner.settle.address);
        assert.equal(after - before, BOUNTY);
      }
      const { demoToken } = ledger.addresses;
      const bounty = await ledger.read("bonds", "bountyOf", demoToken, partner.settle.address);
      assert.equal(bounty, BOUNTY, "one place, one bounty");
      assert.equal(await held(), 0n);
    });

    it("that is none are answered by the batch's header alone", async () => {
      const { ledger, operator, finder } = demands.scene;
      const { totals, runningTotals, blockTime } = batch.path(0);
      const header = {
        depth: batch.depth,
        root: toHex(batch.root),
        totals,
        runningTotals,
        blockTime,
      };
      const there = await demandChunk(1);
      const show = (id: Hex, of: object) =>
        ledger.refusal(operator.commit, "demands", "showEmpty", id, of);
      assert.equal(await show(there, header), "PlaceExists");
      const none = await demandChunk(2);
      assert.equal(await show(none, { ...header, depth: 5 }), "BatchNotShown");
      await ledger.send(operator.commit, "demands", "showEmpty", none, header);
      assert.equal(await demands.state(none), "answered");
      await ledger.send(finder, "demands", "releaseDeposit", none);
    });

    it("are for other parties and the arbiter, of batches that stand", async () => {
      const { ledger, operator, finder, books } = demands.scene;
      const refused = (by: typeof finder, call: unknown[]) =>
        ledger.refusal(by, "demands", "demandChunk", ...call);
      assert.equal(await refused(finder, arguments_(0)), "NotEntitled");
      assert.equal(await refused(operator.commit, arguments_(0)), "NotEntitled");
      assert.equal(await refused(partner.govern, arguments_(0)), "NotEntitled");
      const [, ...rest] = arguments_(0);
      const other = [book, 2n, ...rest.slice(1)];
      assert.equal(await refused(partner.settle, other), "BatchNotShown");
      assert.equal(await refused(partner.settle, [books.invoices, ...rest]), "BookUnfit");
      await demandChunk(0);
      assert.equal(await refused(partner.settle, arguments_(0)), "DemandedAlready");
    });

    it("in vain are conceded by silence, and the deposit comes back", async () => {
      const { ledger, finder, scene } = { ...demands.scene, scene: demands.scene };
      const id = await demandChunk(0);
      const before = await scene.bond();
      assert.equal(
        await ledger.refusal(finder, "demands", "releaseDeposit", id),
        "DemandStateWrong",
      );
      await ledger.pass(DAY + 60);
      await ledger.send(finder, "demands", "concludeSilence", id);
      assert.equal(before - (await scene.bond()), BOUNTY + PENALTY);
      await ledger.send(finder, "demands", "releaseDeposit", id);
      assert.equal(await held(), 0n);
    });
  });
});

function changed(bytes: Uint8Array, at: number, to?: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = to ?? (copy[at] as number) ^ 1;
  return copy;
}
