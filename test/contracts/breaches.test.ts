import { strict as assert } from "node:assert";
import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import type { CreditGroup } from "../../node/core/commitment/charge-groups.ts";
import { chunkSum, sumNode, sumTreeRoot } from "../../node/core/commitment/sum-tree.ts";
import { hash } from "../../node/core/hash.ts";
import { bytesOf } from "../../scripts/attack/named-bytes.ts";
import {
  type ChargeItem,
  hexed,
  type InvoiceItem,
  type OpenedBatch,
} from "../../scripts/attack/opened-batch.ts";
import { BreachScene, MINUTE, ownerOf } from "./support/breach-scene.ts";
import { admit, agree, BOOK, DAY, openBook, ROLE, retailTerms } from "./support/parties.ts";
import { tariffOf } from "./support/records.ts";
import { giveStanding } from "./support/standing.ts";

const CALL = 2n * MINUTE;
const STAKE = 3_000_000n;

describe("Breaches that the ledger decides alone", () => {
  let scene: BreachScene;

  before(async () => {
    scene = await BreachScene.start();
  });

  /** A leaf of its own subscriber, so that tests do not meet each other's numbers and sources. */
  const call = (name: string, owner: object = {}, use: object = {}): Promise<ChargeItem> =>
    scene.call(
      { pseudonym: bytesOf(name), sourceTag: bytesOf(`source ${name}`, 24), ...owner },
      use,
    );

  async function isProven(claim: string, dueNano: bigint, bondBefore: bigint): Promise<void> {
    const outcome = await scene.outcome(claim);
    assert.deepEqual(outcome, { state: dueNano > 0n ? "proven" : "settled", dueNano });
    assert.equal(bondBefore - (await scene.bond()), STAKE, "bounty and penalty, once");
  }

  describe("an untimely charge", () => {
    const kind = "untimelyCharge";
    const ago = async (seconds: bigint) => ((await scene.now()) - seconds) * 1000n;

    async function opened(use: object) {
      const batch = await scene.commit(scene.books.charges, [await call("late", {}, use)]);
      const claim = await scene.claim(kind, batch, 0, batch.openedUse(0), CALL);
      const bond = await scene.bond();
      await scene.open(claim, kind, batch.usage(0));
      return { claim, bond };
    }

    it("is one that is older than the agreement allows, whatever its flags", async () => {
      const late = await opened({ start: await ago(31n * BigInt(DAY)), flags: 0b101 });
      await isProven(late.claim, CALL, late.bond);
    });

    it("is one that was committed before it was due", async () => {
      const early = await opened({ start: await ago(-10n), quantity: 1_000n });
      await isProven(early.claim, CALL, early.bond);
      const running = await opened({ start: await ago(100n), quantity: 600_000n });
      await isProven(running.claim, CALL, running.bond);
      const data = { service: 4, quantity: 1n, secondQuantity: 600_000n };
      const session = await opened({ start: await ago(100n), ...data });
      await isProven(session.claim, CALL, session.bond);
    });

    it("is a call that says to have begun more than a day before", async () => {
      const impossible = await opened({ start: await ago(600n), sessionMinutes: 1_441 });
      await isProven(impossible.claim, CALL, impossible.bond);
      const day = await opened({ start: await ago(600n), sessionMinutes: 1_440 });
      assert.equal((await scene.outcome(day.claim)).state, "refuted");
      const content = { service: 7, start: await ago(600n), sessionMinutes: 1_441 };
      assert.equal((await scene.outcome((await opened(content)).claim)).state, "refuted");
    });

    it("is none within the age, or when only its octets are many", async () => {
      for (const use of [
        { start: await ago(29n * BigInt(DAY)) },
        { start: await ago(100n), service: 4, quantity: 10n ** 12n, secondQuantity: 1_000n },
        { start: await ago(100n), kind: 2, quantity: 600_000n },
      ]) {
        const fine = await opened(use);
        assert.equal((await scene.outcome(fine.claim)).state, "refuted");
        assert.equal(await scene.bond(), fine.bond);
      }
    });

    it("is none when the operator was suspended or the ledger stood still meanwhile", async () => {
      const { ledger, operator } = scene;
      const governor = ledger.account(0);
      const beforeSuspension = await ago(25n * BigInt(DAY));
      await ledger.send(governor, "members", "suspend", operator.id);
      await ledger.pass(6 * DAY);
      await ledger.send(governor, "members", "reinstate", operator.id);
      const suspended = await opened({ start: beforeSuspension });
      assert.equal((await scene.outcome(suspended.claim)).state, "refuted");

      const beforeGap = await ago(25n * BigInt(DAY));
      await ledger.provider.send("evm_increaseTime", [20 * DAY]);
      await ledger.send(ledger.account(19), "clock", "tick");
      const stood = await opened({ start: beforeGap });
      assert.equal((await scene.outcome(stood.claim)).state, "refuted");
      const late = await opened({ start: await ago(60n * BigInt(DAY)) });
      assert.equal((await scene.outcome(late.claim)).state, "proven", "older than both explain");
    });
  });

  describe("a charge number used twice", () => {
    const kind = "chargeNumberReused";
    let batch: OpenedBatch;

    before(async () => {
      batch = await scene.commit(scene.books.charges, [
        await call("number"),
        await call("number", { salt: bytesOf("second"), sourceTag: bytesOf("s2", 24) }),
        await call("number", { salt: bytesOf("third"), sourceTag: bytesOf("s3", 24) }),
        await call("number", { chargeNumber: 2n }),
        await call("somebody else"),
      ]);
    });

    const pair = (claimed: number, before: number) => ({
      claimed: batch.owner(claimed),
      beforeSequence: batch.sequence,
      beforeIndex: before,
      before: batch.owner(before),
    });

    it("is punished at the later place, exactly once", async () => {
      const claim = await scene.claim(kind, batch, 1, batch.openedOwner(1), CALL);
      const again = await scene.claim(kind, batch, 1, batch.openedOwner(1), CALL);
      const bond = await scene.bond();
      await scene.open(claim, kind, pair(1, 0));
      await isProven(claim, CALL, bond);
      assert.equal(await scene.refusal(again, kind, pair(1, 0)), "PlaceDecided");
      const mirrored = await scene.claim(kind, batch, 0, batch.openedOwner(0), CALL);
      assert.equal(await scene.refusal(mirrored, kind, pair(0, 1)), "EvidenceUnfit");
      assert.equal(await scene.refusal(mirrored, kind, pair(0, 0)), "EvidenceUnfit");
    });

    it("is a breach of its own each further time", async () => {
      const claim = await scene.claim(kind, batch, 2, batch.openedOwner(2), CALL);
      const bond = await scene.bond();
      await scene.open(claim, kind, pair(2, 1));
      await isProven(claim, CALL, bond);
    });

    it("is none of another number, or of another subscriber", async () => {
      const next = await scene.claim(kind, batch, 3, batch.openedOwner(3), CALL);
      assert.equal(await scene.refusal(next, kind, pair(3, 0)), "BreachNotShown");
      const other = await scene.claim(kind, batch, 4, batch.openedOwner(4), CALL);
      assert.equal(await scene.refusal(other, kind, pair(4, 0)), "BreachNotShown");
    });

    it("is not shown by what the ledger does not hold", async () => {
      const claim = await scene.claim(kind, batch, 3, batch.openedOwner(3), CALL);
      const { claimed, ...rest } = pair(3, 0);
      const account = { ...claimed.account, chargeNumber: 1n };
      const forged = { ...rest, claimed: { ...claimed, account } };
      assert.equal(await scene.refusal(claim, kind, forged), "SealMismatch");
      const forgedBefore = { ...pair(3, 0), before: { ...batch.owner(0), amountNano: 1n } };
      assert.equal(await scene.refusal(claim, kind, forgedBefore), "SealMismatch");
    });
  });

  describe("a source used twice", () => {
    const kind = "sourceReused";

    it("is one tag in two charges of a book, under whatever subscriber", async () => {
      const batch = await scene.commit(scene.books.charges, [
        await call("source one", { sourceTag: bytesOf("one record", 24) }),
        await call("source two", { sourceTag: bytesOf("one record", 24) }),
        await call("source three"),
        await call("recurring one", { sourceTag: new Uint8Array(24) }),
        await call("recurring two", { sourceTag: new Uint8Array(24) }),
      ]);
      const pair = (claimed: number, before: number) => ({
        claimed: batch.owner(claimed),
        beforeSequence: batch.sequence,
        beforeIndex: before,
        before: batch.owner(before),
      });
      const claim = await scene.claim(kind, batch, 1, batch.openedOwner(1), CALL);
      const bond = await scene.bond();
      await scene.open(claim, kind, pair(1, 0));
      await isProven(claim, CALL, bond);
      const other = await scene.claim(kind, batch, 2, batch.openedOwner(2), CALL);
      assert.equal(await scene.refusal(other, kind, pair(2, 0)), "BreachNotShown");
      const none = await scene.claim(kind, batch, 4, batch.openedOwner(4), CALL);
      assert.equal(await scene.refusal(none, kind, pair(4, 3)), "BreachNotShown", "no source");
      const first = await scene.claim(kind, batch, 0, batch.openedOwner(0), CALL);
      assert.equal(await scene.refusal(first, kind, pair(0, 1)), "EvidenceUnfit", "earlier");
    });
  });

  describe("a running total", () => {
    const kind = "runningTotalWrong";
    let batch: OpenedBatch;

    before(async () => {
      batch = await scene.commit(scene.books.charges, [
        await call("total"),
        await call("total", { chargeNumber: 2n, runningTotalNano: 2n * CALL }),
        await call("total", { chargeNumber: 3n, runningTotalNano: 3n * CALL + 7n }),
        await call("total", { chargeNumber: 4n, runningTotalNano: 4n * CALL }),
        await call("first", { runningTotalNano: CALL + 5n }),
      ]);
    });

    const step = (claimed: number, before: number) => ({
      claimed: batch.owner(claimed),
      beforeSequence: batch.sequence,
      beforeIndex: before,
      before: batch.owner(before),
    });

    it("that grows too much owes the excess, one that falls nothing", async () => {
      const rise = await scene.claim(kind, batch, 2, batch.openedOwner(2), 7n);
      let bond = await scene.bond();
      await scene.open(rise, kind, step(2, 1));
      await isProven(rise, 7n, bond);
      const fall = await scene.claim(kind, batch, 3, batch.openedOwner(3), 7n);
      bond = await scene.bond();
      await scene.open(fall, kind, step(3, 2));
      await isProven(fall, 0n, bond);
    });

    it("of the first charge is its amount", async () => {
      const claim = await scene.claim(kind, batch, 4, batch.openedOwner(4), 5n);
      const bond = await scene.bond();
      await scene.open(claim, kind, step(4, 4));
      await isProven(claim, 5n, bond);
      const fine = await scene.claim(kind, batch, 0, batch.openedOwner(0), 5n);
      assert.equal(await scene.refusal(fine, kind, step(0, 0)), "BreachNotShown");
    });

    it("is compared with the neighbour's alone", async () => {
      const claim = await scene.claim(kind, batch, 1, batch.openedOwner(1), 5n);
      assert.equal(await scene.refusal(claim, kind, step(1, 0)), "BreachNotShown", "right step");
      assert.equal(await scene.refusal(claim, kind, step(1, 2)), "BreachNotShown", "not before");
      assert.equal(await scene.refusal(claim, kind, step(1, 4)), "BreachNotShown", "another's");
    });
  });

  describe("a counter", () => {
    const kind = "scopeReused";
    const move = (name: string, scopeSequence: bigint) => ({
      scope: bytesOf(name, 8),
      scopeSequence,
      counterBefore: 0n,
    });

    it("that moves twice from one place is a breach, in whatever slot it stands", async () => {
      let batch = await scene.commit(scene.books.charges, [
        await call("pool one", {}, { counters: [move("pool", 1n)] }),
        await call("pool two", {}, { counters: [move("other", 1n), move("pool", 1n)] }),
        await call("pool three", {}, { counters: [move("pool", 2n)] }),
      ]);
      const pair = (claimed: number, claimedSlot: number, before: number, beforeSlot: number) => ({
        claimed: batch.usage(claimed),
        claimedSlot,
        beforeSequence: batch.sequence,
        beforeIndex: before,
        before: batch.usage(before),
        beforeSlot,
      });
      const claim = await scene.claim(kind, batch, 1, batch.openedUse(1), 0n);
      assert.equal(await scene.refusal(claim, kind, pair(1, 0, 0, 0)), "BreachNotShown", "scope");
      assert.equal(await scene.refusal(claim, kind, pair(1, 0, 0, 1)), "BreachNotShown", "none");
      assert.equal(await scene.refusal(claim, kind, pair(1, 1, 2, 0)), "EvidenceUnfit", "later");
      const bond = await scene.bond();
      await scene.open(claim, kind, pair(1, 1, 0, 0));
      await isProven(claim, 0n, bond);
      const next = await scene.claim(kind, batch, 2, batch.openedUse(2), 0n);
      assert.equal(await scene.refusal(next, kind, pair(2, 0, 0, 0)), "BreachNotShown", "sequence");
      assert.equal(await scene.refusal(next, kind, pair(2, 1, 0, 1)), "BreachNotShown", "no scope");
      const plan = new TextEncoder().encode("PLAN\0\0\0\x01");
      const named = { scope: plan, scopeSequence: 1n, counterBefore: 0n };
      batch = await scene.commit(scene.books.charges, [
        await call("p", {}, { counters: [named] }),
        await call("p", {}, { counters: [named] }),
      ]);
      const same = await scene.claim(kind, batch, 1, batch.openedUse(1), 0n);
      assert.equal(await scene.refusal(same, kind, pair(1, 0, 0, 0)), "BreachNotShown", "a plan");
    });
  });

  describe("a charge in the wrong book", () => {
    it("is one whose row names another split than the book pays out by", async () => {
      const { ledger, operator, arbiter } = scene;
      const terms = retailTerms(ledger, operator, arbiter);
      terms.splits = [
        [operator.id, []],
        [operator.id, []],
      ];
      const agreement = await agree(ledger, terms, [operator]);
      await ledger.send(operator.settle, "bonds", "deposit", agreement, operator.id, 9_000_000n);
      const { root } = scene.tariff;
      const from = (await scene.now()) + 60n;
      await ledger.send(operator.govern, "tariffs", "publish", agreement, 1, root, from);
      const wrong = (await openBook(ledger, operator, agreement, BOOK.charges, 1, 2)) as Hex;
      const right = (await openBook(ledger, operator, agreement, BOOK.charges, 2, 1)) as Hex;
      await ledger.pass(DAY);
      for (const [book, state] of [
        [wrong, "settled"],
        [right, "refuted"],
      ] as const) {
        const batch = await scene.commit(book, [await call("split")]);
        const claim = await scene.claim("wrongSplit", batch, 0, batch.openedUse(0), 0n);
        const evidence = { ...batch.usage(0), price: tariffOf().evidence() };
        await scene.open(claim, "wrongSplit", evidence);
        assert.equal((await scene.outcome(claim)).state, state);
      }
      const bond = await ledger.read("bonds", "bondOf", agreement, operator.id);
      assert.equal(bond, 9_000_000n - STAKE);
    });
  });

  describe("an invoice", () => {
    let charges: OpenedBatch;
    let invoices: OpenedBatch;

    const invoiceOf = (name: string, last: bigint, amountNano: bigint, run = "1"): InvoiceItem => ({
      orderKey: bytesOf(`order ${name} ${run}`),
      body: {
        salt: bytesOf(`body ${name} ${run}`),
        pseudonym: bytesOf(name),
        lastChargeNumber: last,
        lastCreditNumber: 0n,
        creditsNano: 0n,
        taxNano: 0n,
      },
      document: bytesOf("document"),
      amountNano,
    });

    before(async () => {
      charges = await scene.commit(scene.books.charges, [
        await call("bill"),
        await call("bill", { chargeNumber: 2n, runningTotalNano: 2n * CALL }),
        await call("bill", { chargeNumber: 3n, runningTotalNano: 3n * CALL }),
        await call("cheap bill"),
        await call("right bill"),
        await call("not billed", { chargeNumber: 9n }),
        await call("another total", { runningTotalNano: 1n }),
      ]);
      invoices = await scene.commit(scene.books.invoices, [
        invoiceOf("bill", 2n, 2n * CALL + 9n),
        invoiceOf("cheap bill", 1n, CALL - 1n),
        invoiceOf("right bill", 1n, CALL),
        invoiceOf("right bill", 1n, CALL, "2"),
      ]);
    });

    const afterInvoice = (charge: number, invoice: number) => ({
      charge: charges.owner(charge),
      invoiceBook: invoices.book,
      invoiceSequence: invoices.sequence,
      invoiceIndex: invoice,
      invoice: invoices.invoice(invoice),
    });

    const total = (invoice: number, charge: number) => ({
      invoice: invoices.invoice(invoice),
      chargeBook: charges.book,
      chargeSequence: charges.sequence,
      chargeIndex: charge,
      lastCharge: charges.owner(charge),
    });

    it("closes the epoch: a charge with a higher number is a breach", async () => {
      const kind = "chargeAfterInvoice";
      const claim = await scene.claim(kind, charges, 2, charges.openedOwner(2), CALL);
      const bond = await scene.bond();
      await scene.open(claim, kind, afterInvoice(2, 0));
      await isProven(claim, CALL, bond);
      const billed = await scene.claim(kind, charges, 1, charges.openedOwner(1), CALL);
      assert.equal(await scene.refusal(billed, kind, afterInvoice(1, 0)), "BreachNotShown");
      const other = await scene.claim(kind, charges, 5, charges.openedOwner(5), CALL);
      assert.equal(await scene.refusal(other, kind, afterInvoice(5, 0)), "BreachNotShown");
      const noInvoice = { ...afterInvoice(5, 0), invoiceBook: charges.book };
      assert.equal(await scene.refusal(other, kind, noInvoice), "EvidenceUnfit");
      const forged = afterInvoice(5, 0);
      forged.invoice.body = { ...forged.invoice.body, pseudonym: toHex(bytesOf("not billed")) };
      assert.equal(await scene.refusal(other, kind, forged), "SealMismatch");
    });

    it("of another operator or agreement says nothing about this one", async () => {
      const kind = "chargeAfterInvoice";
      const { ledger, operator, arbiter } = scene;
      const claim = await scene.claim(kind, charges, 5, charges.openedOwner(5), CALL);
      const birch = await admit(ledger, "Birch Telecom", ROLE.operator, 14);
      for (const [party, sender] of [
        [birch, birch.commit],
        [operator, operator.commit],
      ] as const) {
        const agreement = await agree(ledger, retailTerms(ledger, party, arbiter), [party]);
        const book = (await openBook(ledger, party, agreement, BOOK.invoices)) as Hex;
        const framed = await scene.commit(book, [invoiceOf("not billed", 1n, CALL)], {}, sender);
        const evidence = {
          ...afterInvoice(5, 0),
          invoiceBook: book,
          invoiceSequence: 1n,
          invoice: framed.invoice(0),
        };
        assert.equal(await scene.refusal(claim, kind, evidence), "EvidenceUnfit");
      }
      const both = retailTerms(ledger, operator, arbiter);
      both.parties = [operator.id, birch.id];
      both.sides = [
        [operator.id, birch.id],
        [birch.id, operator.id],
      ];
      const shared = await agree(ledger, both, [operator, birch]);
      const own = (await openBook(ledger, operator, shared, BOOK.charges)) as Hex;
      const theirs = (await openBook(ledger, birch, shared, BOOK.invoices)) as Hex;
      const charge = await scene.commit(own, [await call("framed", { chargeNumber: 9n })]);
      const invoice = await scene.commit(theirs, [invoiceOf("framed", 1n, 1n)], {}, birch.commit);
      const framing = await scene.claim(kind, charge, 0, charge.openedOwner(0), CALL);
      const evidence = {
        charge: charge.owner(0),
        invoiceBook: theirs,
        invoiceSequence: 1n,
        invoiceIndex: 0,
        invoice: invoice.invoice(0),
      };
      assert.equal(await scene.refusal(framing, kind, evidence), "EvidenceUnfit", "a partner's");
    });

    it("asks what its last charge says: an excess is owed, too little costs the bond", async () => {
      const kind = "invoiceTotalWrong";
      const dear = await scene.claim(kind, invoices, 0, invoices.openedBody(0), 9n);
      let bond = await scene.bond();
      await scene.open(dear, kind, total(0, 1));
      await isProven(dear, 9n, bond);
      const cheap = await scene.claim(kind, invoices, 1, invoices.openedBody(1), 1n);
      bond = await scene.bond();
      await scene.open(cheap, kind, total(1, 3));
      await isProven(cheap, 0n, bond);
      const right = await scene.claim(kind, invoices, 2, invoices.openedBody(2), 1n);
      assert.equal(await scene.refusal(right, kind, total(2, 4)), "BreachNotShown", "right");
      assert.equal(await scene.refusal(right, kind, total(2, 6)), "BreachNotShown", "another's");
      assert.equal(
        await scene.refusal(right, kind, { ...total(2, 4), chargeBook: invoices.book }),
        "EvidenceUnfit",
      );
    });

    it("is compared with its last charge alone", async () => {
      const kind = "invoiceTotalWrong";
      const again = await scene.commit(scene.books.invoices, [invoiceOf("bill", 3n, 3n * CALL)]);
      const claim = await scene.claim(kind, again, 0, again.openedBody(0), 1n);
      const evidence = { ...total(0, 1), invoice: again.invoice(0) };
      assert.equal(await scene.refusal(claim, kind, evidence), "BreachNotShown");
    });

    it("stands once for each pseudonym: the second one owes all it asks", async () => {
      const kind = "secondInvoice";
      const second = (claimed: number, before: number) => ({
        claimed: invoices.invoice(claimed),
        beforeBook: invoices.book,
        beforeSequence: invoices.sequence,
        beforeIndex: before,
        before: invoices.invoice(before),
      });
      const claim = await scene.claim(kind, invoices, 3, invoices.openedBody(3), CALL);
      const bond = await scene.bond();
      assert.equal(await scene.refusal(claim, kind, second(3, 1)), "BreachNotShown");
      assert.equal(await scene.refusal(claim, kind, second(3, 3)), "EvidenceUnfit");
      const elsewhere = { ...second(3, 2), beforeBook: charges.book };
      assert.equal(await scene.refusal(claim, kind, elsewhere), "EvidenceUnfit");
      await scene.open(claim, kind, second(3, 2));
      await isProven(claim, CALL, bond);
      const first = await scene.claim(kind, invoices, 2, invoices.openedBody(2), CALL);
      assert.equal(await scene.refusal(first, kind, second(2, 3)), "EvidenceUnfit", "the first");
    });

    it("can not be alleged as a charge, nor a charge as an invoice", async () => {
      const opened = invoices.openedBody(0);
      for (const [kind, batch] of [
        ["chargeNumberReused", invoices],
        ["untimelyCharge", invoices],
        ["secondInvoice", charges],
        ["creditAboveOriginal", charges],
      ] as const) {
        await assert.rejects(scene.claim(kind, batch, 0, opened, 1n));
      }
    });
  });

  describe("a credit", () => {
    const kind = "creditAboveOriginal";
    let original: OpenedBatch;
    let credits: OpenedBatch;

    const creditOf = (targetIndex: number, amountNano: bigint, salt: string): ChargeItem => ({
      owner: ownerOf({ salt: bytesOf(`credited ${salt}`) }),
      use: {
        salt: bytesOf(salt),
        targetDomain: fromHex(original.book, 20),
        targetSequence: original.sequence,
        targetIndex,
        reason: 4,
        claim: new Uint8Array(32),
      } satisfies CreditGroup,
      amountNano,
    });

    before(async () => {
      original = await scene.commit(scene.books.charges, [await call("x"), await call("y")]);
      credits = await scene.commit(scene.books.credits, [
        creditOf(0, CALL + 1n, "too much"),
        creditOf(1, CALL - 1n, "first part"),
        creditOf(1, 1n, "second part"),
        creditOf(1, 1n, "one too many"),
      ]);
    });

    const evidence = (charge: number, ...shown: number[]) => {
      const { third, ...owner } = original.owner(charge);
      return {
        credits: shown.map((index) => credits.credit(index)),
        third,
        charge: original.rest(charge),
        chargePath: owner.path,
      };
    };

    it("that is larger than its charge is a breach", async () => {
      const claim = await scene.claim(kind, credits, 0, credits.openedUse(0), 0n);
      const bond = await scene.bond();
      await scene.open(claim, kind, evidence(0, 0));
      await isProven(claim, 0n, bond);
    });

    it("is added up with those before it, each counted once", async () => {
      const fine = await scene.claim(kind, credits, 2, credits.openedUse(2), 0n);
      assert.equal(await scene.refusal(fine, kind, evidence(1, 1, 2)), "BreachNotShown");
      assert.equal(await scene.refusal(fine, kind, evidence(1, 2, 2)), "EvidenceUnfit", "twice");
      assert.equal(await scene.refusal(fine, kind, evidence(1, 1, 2, 3)), "EvidenceUnfit", "place");
      assert.equal(await scene.refusal(fine, kind, evidence(0, 0, 2)), "EvidenceUnfit", "target");
      assert.equal(await scene.refusal(fine, kind, evidence(1)), "EvidenceUnfit", "none");
      const over = await scene.claim(kind, credits, 3, credits.openedUse(3), 0n);
      const bond = await scene.bond();
      assert.equal(await scene.refusal(over, kind, evidence(0, 1, 3)), "SealMismatch", "charge");
      await scene.open(over, kind, evidence(1, 1, 2, 3));
      await isProven(over, 0n, bond);
    });

    it("under another number than its charge is a breach, however small", async () => {
      const { ledger, operator, agreement } = scene;
      const other = (await openBook(ledger, operator, agreement, BOOK.credits, 2)) as Hex;
      const there = await scene.commit(other, [
        creditOf(0, 0n, "of nothing"),
        creditOf(0, 1n, "of another split"),
      ]);
      const shown = (index: number) => ({ ...evidence(0), credits: [there.credit(index)] });
      const fine = await scene.claim(kind, there, 0, there.openedUse(0), 0n);
      assert.equal(await scene.refusal(fine, kind, shown(0)), "BreachNotShown");
      const claim = await scene.claim(kind, there, 1, there.openedUse(1), 0n);
      const bond = await scene.bond();
      await scene.open(claim, kind, shown(1));
      await isProven(claim, 0n, bond);
    });
  });

  describe("a batch that contradicts itself", () => {
    const kind = "malformedBatch";
    const FILL = toHex(hash(new Uint8Array([0x0f])));

    /** The first chunk of a batch of one or two chunks, as the sum tree should be. */
    function chunk(batch: OpenedBatch, change: object = {}) {
      const items = batch.items as ChargeItem[];
      const inChunk = items.slice(0, 32);
      const levels = batch.depth - 5;
      const others = items.slice(32).map(({ amountNano }) => amountNano);
      const sibling = chunkSum(
        others.reduce((sum, amount) => sum + amount, 0n),
        others.length,
      );
      const chunkSumNano = inChunk.reduce((sum, { amountNano }) => sum + amountNano, 0n);
      return {
        depth: batch.depth,
        chunk: 0,
        leaves: inChunk.map((_, index) => ({
          first: batch.rest(index).account,
          second: batch.rest(index).party,
          third: batch.owner(index).third,
          amountNano: batch.rest(index).amountNano,
        })),
        digests: Array.from({ length: 32 - inChunk.length }, () => FILL),
        siblings: batch.tree.path(0).slice(5).map(toHex),
        chunkSumNano,
        chunkCount: inChunk.length,
        sums:
          levels === 0
            ? []
            : [
                {
                  sibling: toHex(sibling.digest),
                  siblingSumNano: sibling.sumNano,
                  statedSumNano: chunkSumNano,
                },
              ],
        totals: hexed(batch.totals),
        runningTotals: batch.path(0).runningTotals,
        blockTime: batch.blockTime,
        ...change,
      };
    }

    const batchOf = async (
      count: number,
      lie: Parameters<BreachScene["commit"]>[2] = {},
    ): Promise<OpenedBatch> => {
      const items: ChargeItem[] = [];
      for (let i = 0; i < count; i++) items.push(await call(`batch ${i}`));
      return scene.commit(scene.books.charges, items, lie);
    };

    async function provenBy(batch: OpenedBatch, change: object = {}): Promise<void> {
      const claim = await scene.claim(kind, batch, 0, batch.openedTotals(), 0n);
      const bond = await scene.bond();
      await scene.open(claim, kind, chunk(batch, change));
      await isProven(claim, 0n, bond);
    }

    it("is none when everything fits", async () => {
      for (const count of [1, 33]) {
        const batch = await batchOf(count);
        const claim = await scene.claim(kind, batch, 0, batch.openedTotals(), 0n);
        assert.equal(await scene.refusal(claim, kind, chunk(batch)), "BreachNotShown");
      }
    });

    it("is one whose chunk does not sum up to its leaves", async () => {
      const wrong = chunkSum(CALL + 1n, 1);
      const batch = await batchOf(1, { totals: { sumRoot: wrong.digest, sumNano: wrong.sumNano } });
      await provenBy(batch, { chunkSumNano: CALL + 1n });
    });

    it("is one whose total is not that of its tree", async () => {
      const batch = await batchOf(1, { totals: { sumNano: CALL + 1n } });
      await provenBy(batch);
    });

    it("is one whose inner node does not sum up to its children", async () => {
      const honest = [chunkSum(32n * CALL, 32), chunkSum(CALL, 1)] as const;
      const lie = { digest: honest[0].digest, sumNano: 32n * CALL + 5n };
      const root = sumNode(lie, honest[1]);
      const batch = await batchOf(33, { totals: { sumRoot: root.digest } });
      const [level] = chunk(batch).sums;
      await provenBy(batch, { sums: [{ ...level, statedSumNano: lie.sumNano }] });
    });

    it("is one with a leaf beyond its count, or one missing below it", async () => {
      const { digest } = sumTreeRoot([CALL], 5);
      const beyond = await batchOf(2, { totals: { count: 1n, sumRoot: digest, sumNano: CALL } });
      await provenBy(beyond, {
        leaves: chunk(beyond).leaves.slice(0, 1),
        digests: [beyond.leaf(1), ...chunk(beyond).digests],
        chunkSumNano: CALL,
        chunkCount: 1,
      });
      const two = chunkSum(CALL, 2);
      const missing = await batchOf(1, { totals: { count: 2n, sumRoot: two.digest } });
      await provenBy(missing, { chunkCount: 2 });
    });

    it("is one whose chunk has another count than T", async () => {
      const two = chunkSum(CALL, 2);
      const batch = await batchOf(1, { totals: { sumRoot: two.digest } });
      await provenBy(batch, { chunkCount: 2 });
    });

    it("is not shown by what the ledger does not hold", async () => {
      const batch = await batchOf(1);
      const claim = await scene.claim(kind, batch, 0, batch.openedTotals(), 0n);
      const refused = (change: object) => scene.refusal(claim, kind, chunk(batch, change));
      assert.equal(await refused({ chunkSumNano: 1n }), "EvidenceUnfit");
      assert.equal(await refused({ chunkCount: 2 }), "EvidenceUnfit");
      assert.equal(
        await refused({ totals: hexed({ ...batch.totals, count: 2n }) }),
        "SealMismatch",
      );
      assert.equal(await refused({ digests: Array(31).fill(batch.leaf(0)) }), "SealMismatch");
      assert.equal(await refused({ digests: [] }), "EvidenceUnfit");
      assert.equal(await refused({ depth: 4 }), "EvidenceUnfit");
      const [level] = chunk(await batchOf(33)).sums;
      assert.equal(await refused({ sums: [level] }), "EvidenceUnfit");
      const elsewhere = await scene.claim(kind, batch, 1, batch.openedTotals(), 0n);
      assert.equal(await scene.refusal(elsewhere, kind, chunk(batch)), "EvidenceUnfit", "place");
    });
  });

  describe("a book whose running totals do not grow by its batches", () => {
    const kind = "bookTotalsWrong";
    const NONE = {
      root: toHex(new Uint8Array(32)),
      depth: 0,
      totals: toHex(new Uint8Array(32)),
      blockTime: 0n,
      salt: toHex(new Uint8Array(32)),
      sumNano: 0n,
      count: 0n,
    };
    let book: Hex;

    before(async () => {
      const { ledger, operator, agreement } = scene;
      book = (await openBook(ledger, operator, agreement, BOOK.charges, 2)) as Hex;
    });

    const step = (batch: OpenedBatch, before?: OpenedBatch) => ({
      running: batch.opening(),
      totals: hexed(batch.totals),
      beforeSequence: before?.sequence ?? 0n,
      before: before?.opening() ?? NONE,
    });

    it("is a breach, over batches that were voided too", async () => {
      const first = await scene.commit(book, [await call("a")]);
      const voided = await scene.commit(book, [await call("b")]);
      await scene.void(voided);
      const right = await scene.commit(book, [await call("c")]);
      const sumNano = 3n * CALL + 1n;
      const wrong = await scene.commit(book, [await call("d")], { running: { sumNano } });
      const counted = await scene.commit(book, [await call("e")], { running: { count: 9n } });

      const fine = await scene.claim(kind, right, 0, right.openedTotals(), 0n);
      assert.equal(await scene.refusal(fine, kind, step(right, first)), "BreachNotShown");
      const bond = await scene.bond();
      const claim = await scene.claim(kind, wrong, 0, wrong.openedTotals(), 0n);
      assert.equal(await scene.refusal(claim, kind, step(wrong, first)), "EvidenceUnfit", "skips");
      assert.equal(await scene.refusal(claim, kind, step(wrong)), "EvidenceUnfit", "skips all");
      const other = { ...step(wrong, right), totals: hexed(right.totals) };
      assert.equal(await scene.refusal(claim, kind, other), "EvidenceUnfit", "another's T");
      await scene.open(claim, kind, step(wrong, right));
      await isProven(claim, 0n, bond);
      const count = await scene.claim(kind, counted, 0, counted.openedTotals(), 0n);
      const again = await scene.bond();
      await scene.open(count, kind, step(counted, wrong));
      await isProven(count, 0n, again);
    });

    it("starts from nothing", async () => {
      const { ledger, operator, agreement } = scene;
      const fresh = (await openBook(ledger, operator, agreement, BOOK.charges, 3)) as Hex;
      const lie = { running: { sumNano: CALL + 1n } };
      const batch = await scene.commit(fresh, [await call("f")], lie);
      const claim = await scene.claim(kind, batch, 0, batch.openedTotals(), 0n);
      const bond = await scene.bond();
      await scene.open(claim, kind, step(batch));
      await isProven(claim, 0n, bond);
    });

    it("is shown over as many voided batches as there can be in a row", async () => {
      const { ledger, operator, agreement } = scene;
      const fresh = (await openBook(ledger, operator, agreement, BOOK.charges, 4)) as Hex;
      const first = await scene.commit(fresh, [await call("g")]);
      const empty = await call("void");
      for (let voided = 0; voided < 99; voided++) {
        await scene.void(await scene.commit(fresh, [empty]));
      }
      const lie = { running: { sumNano: 2n * CALL + 1n } };
      const wrong = await scene.commit(fresh, [await call("h")], lie);
      assert.equal(
        await ledger.refusal(operator.commit, "books", "voidNewest", fresh, wrong.sequence),
        "VoidedTooMany",
      );
      const claim = await scene.claim(kind, wrong, 0, wrong.openedTotals(), 0n);
      const bond = await scene.bond();
      await scene.open(claim, kind, step(wrong, first));
      await isProven(claim, 0n, bond);
      await scene.void(await scene.commit(fresh, [empty]));
    });
  });

  describe("whatever the kind", () => {
    it("the bounty is for who named the evidence before it was seen", async () => {
      const batch = await scene.commit(scene.books.charges, [
        await call("bounty", {}, { start: 0n }),
      ]);
      const thief = scene.ledger.account(13);
      // The thief sees the place of the claim, but not yet the salt.
      const guess = { leaf: toHex(bytesOf("guess")), salt: toHex(bytesOf("guess")) };
      const stolen = await scene.claim("untimelyCharge", batch, 0, guess, CALL, thief);
      const copied = await scene.claim(
        "untimelyCharge",
        batch,
        0,
        batch.openedUse(0),
        CALL,
        scene.finder,
      );
      const evidence = batch.usage(0);
      assert.equal(await scene.refusal(stolen, "untimelyCharge", evidence), "EvidenceNotOfFinder");
      const { ledger } = scene;
      const hash = (await ledger.read("claims", "claimOf", copied)).request.evidenceHash;
      const request = [2, batch.book, batch.sequence, 0, CALL, hash] as const;
      const again = await ledger.preview(thief, "claims", "claim", ...request);
      await ledger.send(thief, "claims", "claim", ...request);
      await ledger.send(scene.operator.commit, "claims", "contest", again);
      assert.equal(
        await scene.refusal(again as string, "untimelyCharge", evidence),
        "EvidenceNotOfFinder",
        "not even with the finder's own hash",
      );
      await scene.open(copied, "untimelyCharge", evidence);
      assert.equal((await scene.outcome(copied)).state, "proven");
      const token = ledger.addresses.demoToken;
      assert.equal(await ledger.read("bonds", "bountyOf", token, thief.address), 0n);
    });

    it("what was conceded is punished all the same when its credit is overdue", async () => {
      const twice = { sourceTag: bytesOf("conceded", 24) };
      const batch = await scene.commit(scene.books.charges, [
        await call("once", twice),
        await call("again", twice),
      ]);
      const pair = {
        claimed: batch.owner(1),
        beforeSequence: batch.sequence,
        beforeIndex: 0,
        before: batch.owner(0),
      };
      const { ledger, operator, finder } = scene;
      const request = [5, batch.book, batch.sequence, 1, CALL, batch.leaf(1)] as const;
      const conceded = await ledger.preview(finder, "claims", "claim", ...request);
      await ledger.send(finder, "claims", "claim", ...request);
      await ledger.send(operator.settle, "claims", "concede", conceded);
      const bond = await scene.bond();
      const early = await scene.claim("sourceReused", batch, 1, batch.openedOwner(1), CALL);
      await scene.open(early, "sourceReused", pair);
      assert.deepEqual(await scene.outcome(early), { state: "lapsed", dueNano: 0n });
      assert.equal(await scene.bond(), bond, "conceded, and not overdue yet");

      await ledger.pass(8 * DAY);
      await ledger.send(finder, "claims", "markOverdue", conceded);
      const late = await scene.claim("sourceReused", batch, 1, batch.openedOwner(1), CALL);
      await scene.open(late, "sourceReused", pair);
      await isProven(late, 0n, bond);
      const { dueNano } = await ledger.read("claims", "claimOf", conceded);
      assert.equal(dueNano, CALL, "and still due, once");
    });

    it("who used and what was used never stand open together", async () => {
      const batch = await scene.commit(scene.books.charges, [
        await call("private"),
        await call("private", {}, { start: 0n }),
      ]);
      const late = await scene.claim("untimelyCharge", batch, 1, batch.openedUse(1), CALL);
      await scene.open(late, "untimelyCharge", batch.usage(1));
      const reused = await scene.claim("chargeNumberReused", batch, 1, batch.openedOwner(1), CALL);
      const pair = {
        claimed: batch.owner(1),
        beforeSequence: batch.sequence,
        beforeIndex: 0,
        before: batch.owner(0),
      };
      assert.equal(await scene.refusal(reused, "chargeNumberReused", pair), "GroupsTogether");
    });

    it("what restores nothing is neither asked for nor claimed in money", async () => {
      const batch = await scene.commit(scene.books.charges, [await call("z")]);
      const { ledger, finder } = scene;
      const refused = (kind: number, nano: bigint) =>
        ledger.refusal(finder, "claims", "claim", kind, batch.book, 1n, 0, nano, batch.leaf(0));
      assert.equal(await refused(12, 1n), "ClaimAmountNotDue");
      assert.equal(await refused(2, 0n), "ClaimAmountEmpty");
      assert.equal(await refused(99, 1n), "ClaimKindUnknown");
    });

    it("a judge is registered by the governor, and stays", async () => {
      const { ledger, operator } = scene;
      const judge = ledger.addresses.mispricedCharge;
      const register = (by: typeof operator.govern, kind: number, at = judge) =>
        ledger.refusal(by, "claims", "registerJudge", kind, at);
      const governor = ledger.account(0);
      assert.equal(await register(operator.govern, 50), "AccessManagedUnauthorized");
      assert.equal(await register(governor, 1), "ClaimKindTaken");
      assert.equal(await register(governor, 100), "ClaimKindTaken", "the arbiter's");
      assert.equal(await register(governor, 50, operator.govern.address), "ClaimKindUnknown");
      assert.equal(await ledger.read("claims", "judgeOf", 1), judge);
    });

    it("windows stand still while the operator is suspended", async () => {
      const batch = await scene.commit(scene.books.charges, [await call("still")]);
      const { ledger, operator, finder } = scene;
      await giveStanding(ledger, operator, batch.book, finder.address);
      const governor = ledger.account(0);
      const request = [2, batch.book, batch.sequence, 0, CALL, batch.leaf(0)] as const;
      const claim = (await ledger.preview(finder, "claims", "claim", ...request)) as string;
      await ledger.send(finder, "claims", "claim", ...request);
      const deadline = (await ledger.read("claims", "deadlineOf", claim)) as bigint;
      await ledger.send(governor, "members", "suspend", operator.id);
      await ledger.pass(2 * DAY);
      const silence = () => ledger.refusal(finder, "claims", "concludeSilence", claim);
      assert.equal(await silence(), "DeadlineNotPassed");
      await ledger.send(governor, "members", "reinstate", operator.id);
      assert.equal(await silence(), "DeadlineNotPassed");
      const later = (await ledger.read("claims", "deadlineOf", claim)) as bigint;
      assert.ok(later - deadline >= 2n * BigInt(DAY));
      await ledger.pass(DAY + 60);
      await ledger.send(finder, "claims", "concludeSilence", claim);
      assert.equal((await scene.outcome(claim)).state, "conceded");
    });
  });
});
