import { strict as assert } from "node:assert";
import { id } from "ethers";
import { toHex } from "../../node/core/bytes.ts";
import { commitmentOf } from "../../node/core/commitment/batch-commitment.ts";
import { TestLedger } from "./support/chain.ts";
import {
  admit,
  agree,
  BOOK,
  DAY,
  NO_BOOK,
  openBook,
  type Party,
  ROLE,
  receive,
  retailTerms,
  type TermsDraft,
} from "./support/parties.ts";
import {
  chargeOf,
  entryOf,
  NO_RUNNING,
  runningOf,
  type TestBatch,
  TestBook,
} from "./support/records.ts";

const UNIT = 1_000_000_000n;

describe("Statements between two operators", () => {
  let ledger: TestLedger;
  let alder: Party;
  let birch: Party;
  let arbiter: Party;
  let city: Party;
  let agreement: string;
  let charges: TestBook;
  let credits: TestBook;

  before(async () => {
    ledger = await TestLedger.start();
    alder = await admit(ledger, "Alder Mobile", ROLE.operator, 1);
    birch = await admit(ledger, "Birch Telecom", ROLE.operator, 4);
    arbiter = await admit(ledger, "Arbiter", ROLE.arbiter, 7);
    city = await admit(ledger, "City", ROLE.partner, 10);
    agreement = await agree(ledger, interconnect(), [alder, birch]);
    charges = new TestBook(await openBook(ledger, alder, agreement, BOOK.charges));
    credits = new TestBook(await openBook(ledger, alder, agreement, BOOK.credits));
    await ledger.send(birch.settle, "token", "mint", birch.settle.address, 1_000_000_000n);
    const { settlement } = ledger.addresses;
    await ledger.send(birch.settle, "token", "approve", settlement, 1_000_000_000n);
  });

  const interconnect = (): TermsDraft => ({
    ...retailTerms(ledger, alder, arbiter),
    parties: [alder.id, birch.id],
    sides: [
      [alder.id, birch.id],
      [birch.id, alder.id],
    ],
  });

  async function commit(book: TestBook, units: bigint): Promise<[TestBatch, bigint]> {
    const batch = book.next([entryOf(chargeOf(), units * UNIT)]);
    const { blockTime } = await ledger.send(
      alder.commit,
      "books",
      "commit",
      batch.book,
      batch.sequence,
      batch.commitment,
    );
    return [batch, blockTime];
  }

  async function post([batch, time]: [TestBatch, bigint]): Promise<string> {
    const call = [batch.book, batch.sequence, runningOf(batch, time), NO_BOOK, 0, NO_RUNNING];
    const statement = (await ledger.preview(alder.settle, "statements", "post", ...call)) as string;
    await ledger.send(alder.settle, "statements", "post", ...call);
    return statement;
  }

  const refusal = (by: Party, method: string, ...call: unknown[]) =>
    ledger.refusal(by.settle, "statements", method, ...call);
  const obligation = (statement: string, part: number) =>
    ledger.read("statements", "obligationIdOf", statement, part);
  const withdrawable = (member: Party) =>
    ledger.read("settlement", "withdrawableOf", ledger.addresses.demoToken, member.id);

  it("are posted by the operator, with the opening that the ledger keeps", async () => {
    const [batch, time] = await commit(charges, 7n);
    const opening = runningOf(batch, time);
    const call = (change: object, book = batch.book) =>
      [book, 1, { ...opening, ...change }, NO_BOOK, 0, NO_RUNNING] as const;
    assert.equal(await refusal(birch, "post", ...call({})), "DutyMissing");
    assert.equal(await refusal(alder, "post", ...call({ sumNano: 8n * UNIT })), "SealMismatch");
    assert.equal(await refusal(alder, "post", ...call({ count: 2n })), "SealMismatch");
    assert.equal(await refusal(alder, "post", ...call({ salt: id("x") })), "SealMismatch");
    assert.equal(await refusal(alder, "post", ...call({}, credits.book)), "StatementBookUnfit");
    assert.equal(
      await refusal(alder, "post", batch.book, 1, opening, batch.book, 2, opening),
      "StatementBookUnfit",
      "charges are no credits",
    );
    const statement = await post([batch, time]);
    const stored = await ledger.read("statements", "statementOf", statement);
    assert.equal(stored.payableNano, 7n * UNIT);
  });

  it("count each batch once, voided ones not at all", async () => {
    await commit(charges, 2n);
    const [voided] = await commit(charges, 1000n);
    await ledger.send(alder.commit, "books", "voidNewest", voided.book, voided.sequence);
    // The next batch goes on from the running totals before the voided one.
    const after = new TestBook(charges.book);
    for (const units of [7n, 2n]) after.next([entryOf(chargeOf(), units * UNIT)]);
    const next = after.next([entryOf(chargeOf(), 5n * UNIT)]);
    assert.equal(next.sequence, 3n);
    const carried = { ...next, sequence: 4n };
    const commitment = toHex(commitmentOf({ ...carried.committed.parts, sequence: 4n }));
    const sent = await ledger.send(alder.commit, "books", "commit", charges.book, 4, commitment);
    const opening = runningOf(carried, sent.blockTime);
    assert.equal(
      await refusal(alder, "post", charges.book, 3, opening, NO_BOOK, 0, NO_RUNNING),
      "SealMismatch",
      "a statement can not end at a voided batch",
    );
    const statement = await post([carried, sent.blockTime]);
    const stored = await ledger.read("statements", "statementOf", statement);
    assert.deepEqual(
      [stored.fromSequence, stored.toSequence, stored.chargesNano, stored.chargeCount],
      [2n, 4n, 7n * UNIT, 2n],
    );
    assert.equal(
      await ledger.refusal(alder.commit, "books", "voidNewest", charges.book, 4),
      "BatchReferencedAlready",
    );
  });

  it("refuse running totals that fall", async () => {
    const book = new TestBook(await openBook(ledger, alder, agreement, BOOK.charges, 2));
    await post(await commit(book, 9n));
    const forged = new TestBook(book.book);
    forged.next([]);
    const [batch, time] = await commit(forged, 1n);
    assert.equal(
      await refusal(alder, "post", batch.book, 2, runningOf(batch, time), NO_BOOK, 0, NO_RUNNING),
      "RunningTotalFell",
    );
  });

  it("pay the undisputed part and hold only the rest, which the arbiter decides", async () => {
    const book = new TestBook(await openBook(ledger, alder, agreement, BOOK.charges, 3));
    const statement = await post(await commit(book, 100n));
    assert.equal(await refusal(alder, "object", statement, 0n, id("no")), "MayNotObject");
    assert.equal(
      await refusal(birch, "object", statement, 100n * UNIT, id("no")),
      "AmountUnusable",
    );
    await ledger.send(birch.settle, "statements", "object", statement, 60n * UNIT, id("because"));
    assert.equal(await refusal(birch, "object", statement, 0n, id("more")), "ObjectedAlready");
    assert.equal(await refusal(arbiter, "resolve", statement, 1n), "StatementStateWrong");
    await receive(ledger, birch, statement);
    await ledger.pass(7 * DAY + 60);
    await ledger.send(birch.commit, "statements", "finalize", statement);
    assert.equal(await refusal(birch, "finalize", statement), "StatementStateWrong");

    assert.equal(
      await ledger.refusal(alder.settle, "settlement", "pay", await obligation(statement, 0)),
      "DutyMissing",
    );
    await ledger.send(birch.settle, "settlement", "pay", await obligation(statement, 0));
    assert.equal(await withdrawable(alder), 60_000_000n);

    assert.equal(await refusal(birch, "resolve", statement, 10n * UNIT), "MayNotResolve");
    assert.equal(await refusal(alder, "resolve", statement, 40n * UNIT), "MayNotResolve");
    assert.equal(await refusal(arbiter, "resolve", statement, 41n * UNIT), "AmountUnusable");
    await ledger.send(arbiter.settle, "statements", "resolve", statement, 30n * UNIT);
    assert.equal(await refusal(arbiter, "resolve", statement, 30n * UNIT), "NoOpenDispute");
    await ledger.send(birch.settle, "settlement", "pay", await obligation(statement, 1));
    assert.equal(await withdrawable(alder), 90_000_000n);
  });

  it("are halved when the arbiter is silent for two dispute windows, by anyone and not before", async () => {
    const book = new TestBook(await openBook(ledger, alder, agreement, BOOK.charges, 4));
    const statement = await post(await commit(book, 100n));
    await ledger.send(birch.settle, "statements", "object", statement, 59n * UNIT, id("because"));
    await receive(ledger, birch, statement);
    await ledger.pass(7 * DAY + 60);
    await ledger.send(birch.commit, "statements", "finalize", statement);
    const half = (41n * UNIT) / 2n;
    const window = Number((await ledger.read("agreements", "windowsOf", agreement)).dispute);
    await ledger.pass(2 * window - DAY);
    const early = await ledger.refusal(alder.settle, "disputes", "concludeObjection", statement);
    assert.equal(early, "ArbiterHasTime");
    await ledger.pass(DAY);
    await ledger.send(ledger.account(19), "disputes", "concludeObjection", statement);
    const again = await ledger.refusal(alder.settle, "disputes", "concludeObjection", statement);
    assert.equal(again, "NothingToConclude");
    const { amountNano } = await ledger.read(
      "statements",
      "obligationOf",
      await obligation(statement, 1),
    );
    assert.equal(amountNano, half);
  });

  it("can not be objected to after the window", async () => {
    const book = new TestBook(await openBook(ledger, alder, agreement, BOOK.charges, 5));
    const statement = await post(await commit(book, 1n));
    await receive(ledger, birch, statement);
    await ledger.pass(7 * DAY + 60);
    assert.equal(await refusal(birch, "object", statement, 0n, id("late")), "WindowClosed");
  });

  it("carry on what credits exceed charges by", async () => {
    const own = await agree(ledger, interconnect(), [alder, birch]);
    const book = new TestBook(await openBook(ledger, alder, own, BOOK.charges));
    credits = new TestBook(await openBook(ledger, alder, own, BOOK.credits));
    const [first, firstTime] = await commit(book, 3n);
    const [credit, creditTime] = await commit(credits, 10n);
    const call = [
      first.book,
      first.sequence,
      runningOf(first, firstTime),
      credit.book,
      credit.sequence,
      runningOf(credit, creditTime),
    ];
    await ledger.send(alder.settle, "statements", "post", ...call);
    assert.equal(await ledger.read("statements", "carriedCreditOf", book.book), 7n * UNIT);
    const statement = await post(await commit(book, 8n));
    const stored = await ledger.read("statements", "statementOf", statement);
    assert.equal(stored.payableNano, 1n * UNIT);
    assert.equal(await ledger.read("statements", "carriedCreditOf", book.book), 0n);
  });

  it("count the credits of their own number and nobody else's", async () => {
    const own = await agree(ledger, interconnect(), [alder, birch]);
    await openBook(ledger, alder, own, BOOK.charges);
    const second = new TestBook(await openBook(ledger, alder, own, BOOK.charges, 2));
    const others = new TestBook(await openBook(ledger, alder, own, BOOK.credits));
    await openBook(ledger, alder, own, BOOK.credits, 2);
    const [batch, time] = await commit(second, 3n);
    const [credit, creditTime] = await commit(others, 2n);
    const call = [batch.book, 1n, runningOf(batch, time)] as const;
    const foreign = [credit.book, 1n, runningOf(credit, creditTime)] as const;
    assert.equal(await refusal(alder, "post", ...call, ...foreign), "StatementBookUnfit");
  });

  describe("with taxes", () => {
    let own: string;
    let statement: string;

    /** 100 of charges, 40 of credits, 19 of taxes. The city gets 2, and a quarter of what is left. */
    before(async () => {
      const terms = { ...interconnect(), parties: [alder.id, birch.id, city.id] };
      terms.splits = [[alder.id, [[city.id, 2n * UNIT, 250_000, 0n, 0n]]]];
      own = await agree(ledger, terms, [alder, birch, city]);
      const books = [];
      for (const [kind, units] of [
        [BOOK.charges, 100n],
        [BOOK.credits, 40n],
        [BOOK.taxes, 19n],
      ] as const) {
        const book = new TestBook(await openBook(ledger, alder, own, kind));
        books.push(await commit(book, units));
      }
      const counted = books.map(([batch, time]) => [batch.sequence, runningOf(batch, time)]);
      const [charges, credits] = books.map(([batch]) => batch.book);
      const call = [charges, counted[0], credits, counted[1], counted[2]];
      statement = (await ledger.preview(
        alder.settle,
        "statements",
        "postWithTaxes",
        ...call,
      )) as string;
      await ledger.send(alder.settle, "statements", "postWithTaxes", ...call);
    });

    it("have them on top, as totals of their own", async () => {
      const stored = await ledger.read("statements", "statementOf", statement);
      assert.deepEqual(
        [stored.chargesNano, stored.creditsNano, stored.taxesNano, stored.payableNano],
        [100n * UNIT, 40n * UNIT, 19n * UNIT, 79n * UNIT],
      );
    });

    it("share what was charged, and leave the taxes to the operator", async () => {
      const [alderBefore, cityBefore] = [await withdrawable(alder), await withdrawable(city)];
      await receive(ledger, birch, statement);
      await ledger.send(birch.settle, "statements", "object", statement, 31_600_000_000n, id("?"));
      await ledger.pass(7 * DAY + 60);
      await ledger.send(birch.settle, "statements", "finalize", statement);
      await ledger.send(birch.settle, "statements", "resolve", statement, 47_400_000_000n);
      const nano = [];
      for (const part of [0, 1, 2, 3]) {
        const due = await obligation(statement, part);
        nano.push((await ledger.read("statements", "obligationOf", due)).amountNano);
        await ledger.send(birch.settle, "settlement", "pay", due);
      }
      // Two fifths undisputed: of 60 and of 19.
      assert.deepEqual(nano, [24n * UNIT, 36n * UNIT, 7_600_000_000n, 11_400_000_000n]);
      assert.equal((await withdrawable(city)) - cityBefore, 16_500_000n, "2, and a quarter of 58");
      assert.equal((await withdrawable(alder)) - alderBefore, 62_500_000n, "the rest and 19");
    });

    it("need a book of taxes", async () => {
      const bare = await agree(ledger, interconnect(), [alder, birch]);
      const book = new TestBook(await openBook(ledger, alder, bare, BOOK.charges));
      const [batch, time] = await commit(book, 1n);
      const counted = [1n, runningOf(batch, time)];
      const none = [0n, NO_RUNNING];
      assert.equal(
        await refusal(alder, "postWithTaxes", batch.book, counted, NO_BOOK, none, none),
        "BookUnknown",
      );
    });
  });
});
