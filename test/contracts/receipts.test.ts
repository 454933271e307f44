import { strict as assert } from "node:assert";
import { id, ZeroHash } from "ethers";
import { type Hex, toHex } from "../../node/core/bytes.ts";
import { showChunk } from "../../node/core/commitment/chunk-path.ts";
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
} from "./support/parties.ts";
import {
  chargeOf,
  entryOf,
  leavesOf,
  NO_RUNNING,
  runningOf,
  type TestBatch,
  TestBook,
} from "./support/records.ts";

const RECEIPT = {
  StatementReceipt: [
    { name: "statement", type: "bytes32" },
    { name: "member", type: "bytes20" },
    { name: "dataDigest", type: "bytes32" },
    { name: "validUntil", type: "uint64" },
  ],
};
const UNIT = 1_000_000_000n;

describe("A statement's data", () => {
  let ledger: TestLedger;
  let alder: Party;
  let birch: Party;
  let city: Party;
  let arbiter: Party;
  let agreement: string;
  let book: TestBook;
  const batches: { batch: TestBatch; time: bigint }[] = [];

  before(async () => {
    ledger = await TestLedger.start();
    alder = await admit(ledger, "Alder Mobile", ROLE.operator, 1);
    birch = await admit(ledger, "Birch Telecom", ROLE.operator, 4);
    city = await admit(ledger, "City", ROLE.partner, 7);
    arbiter = await admit(ledger, "Arbiter", ROLE.arbiter, 10);
    const terms = {
      ...retailTerms(ledger, alder, arbiter),
      parties: [alder.id, birch.id],
      sides: [[alder.id, birch.id]] as [string, string][],
    };
    terms.windows[7] = 14 * DAY;
    agreement = await agree(ledger, terms, [alder, birch]);
    book = new TestBook(await openBook(ledger, alder, agreement, BOOK.charges));
  });

  /** Commits a batch of so many charges of one unit each. */
  async function commit(to: TestBook, count: number) {
    const entries = Array.from({ length: count }, (_, i) => entryOf(chargeOf(), UNIT, `${i}`));
    const batch = to.next(entries);
    const call = [batch.book, batch.sequence, batch.commitment] as const;
    const { blockTime } = await ledger.send(alder.commit, "books", "commit", ...call);
    return { batch, time: blockTime };
  }

  async function post({ batch, time }: { batch: TestBatch; time: bigint }): Promise<string> {
    const call = [batch.book, batch.sequence, runningOf(batch, time), NO_BOOK, 0, NO_RUNNING];
    const statement = await ledger.preview(alder.settle, "statements", "post", ...call);
    await ledger.send(alder.settle, "statements", "post", ...call);
    return statement as string;
  }

  async function posted(...counts: number[]): Promise<string> {
    for (const count of counts) batches.push(await commit(book, count));
    return post(batches.at(-1) as (typeof batches)[0]);
  }

  const refusal = (by: Party, method: string, ...call: unknown[]) =>
    ledger.refusal(by.settle, "statements", method, ...call);
  const objectBy = async (statement: string) =>
    (await ledger.read("statements", "statementOf", statement)).objectBy;
  const domain = async () => ({
    name: "Tallystick Statements",
    version: "1",
    chainId: (await ledger.provider.getNetwork()).chainId,
    verifyingContract: ledger.addresses.statements,
  });

  /** What was drawn, as the operator shows it. */
  async function sample(statement: string) {
    const places = await ledger.read("statements", "sampleOf", statement);
    return [...places].map(({ sequence, number }: { sequence: bigint; number: bigint }) => {
      const { batch, time } = batches[Number(sequence) - 1] as (typeof batches)[0];
      const { parts } = batch.committed;
      const chunk = Number(number % (1n << BigInt(parts.depth - 5)));
      const { leaves, siblings } = showChunk(leavesOf(batch), parts.depth, chunk);
      return {
        depth: parts.depth,
        leaves: leaves.map(toHex),
        siblings: siblings.map(toHex),
        totals: toHex(parts.totals),
        runningTotals: toHex(parts.runningTotals),
        blockTime: time,
      };
    });
  }

  describe("that the payer signs for", () => {
    let statement: string;

    it("starts the window to object, and nothing is final before", async () => {
      statement = await posted(2);
      await ledger.pass(30 * DAY);
      assert.equal(await refusal(city, "finalize", statement), "NotReceivedYet");
      for (const by of [alder, city, arbiter]) {
        assert.equal(
          await refusal(by, "signReceipt", statement, id("data")),
          "MayNotReceive",
          "only who pays receives",
        );
      }
      assert.equal(
        await ledger.refusal(birch.commit, "statements", "signReceipt", statement, id("data")),
        "DutyMissing",
      );
      assert.equal(await refusal(birch, "signReceipt", statement, ZeroHash), "ReceiptInvalid");
      await receive(ledger, birch, statement);
      assert.equal(
        await objectBy(statement),
        (await ledger.read("clock", "ledgerTime")) + BigInt(7 * DAY),
      );
      assert.equal(await refusal(birch, "signReceipt", statement, id("more")), "ReceivedAlready");
      assert.equal(await refusal(city, "finalize", statement), "WindowOpen");
    });

    it("is due after the payment term", async () => {
      await ledger.pass(7 * DAY + 1);
      await ledger.send(city.settle, "statements", "finalize", statement);
      const now = await ledger.read("clock", "ledgerTime");
      const obligation = await ledger.read("statements", "obligationIdOf", statement, 0);
      assert.equal(await ledger.read("statements", "dueByOf", obligation), now + BigInt(14 * DAY));
    });

    it("can be signed for by whoever carries the signature, once and for that statement", async () => {
      const next = await posted(1);
      const other = await posted(1);
      const now = BigInt((await ledger.provider.getBlock("latest"))?.timestamp ?? 0);
      const validUntil = now + 600n;
      const value = { statement: next, member: birch.id, dataDigest: id("data"), validUntil };
      const sign = (by: Party) =>
        domain().then((of) => by.settle.signTypedData(of, RECEIPT, value));
      const signature = await sign(birch);
      const carry = (change: Partial<typeof value>, signed = signature) => {
        const { dataDigest, ...given } = { ...value, ...change };
        const call = [given.statement, given.member, dataDigest, given.validUntil, signed];
        return ledger.refusal(city.settle, "statements", "signReceiptBySignature", ...call);
      };
      assert.equal(await carry({ statement: other }), "ReceiptInvalid");
      assert.equal(await carry({ dataDigest: id("other data") }), "ReceiptInvalid");
      assert.equal(await carry({ validUntil: validUntil + 1n }), "ReceiptInvalid");
      assert.equal(await carry({ validUntil: now - 1n }), "ReceiptExpired");
      assert.equal(await carry({}, await sign(alder)), "ReceiptInvalid");
      const call = [next, birch.id, id("data"), validUntil, signature];
      await ledger.send(city.settle, "statements", "signReceiptBySignature", ...call);
      assert.equal(await ledger.read("statements", "receiptOf", next, birch.id), id("data"));
      assert.equal(await carry({}), "ReceivedAlready");
    });
  });

  describe("that nobody signs for", () => {
    let statement: string;

    it("is sampled by the operator, after the payer had time to ask for it", async () => {
      statement = await posted(70, 33);
      assert.equal(await refusal(alder, "drawSample", statement), "SampleTooEarly");
      assert.equal(await refusal(birch, "drawSample", statement), "DutyMissing");
      await ledger.pass(DAY + 1);
      assert.equal(await refusal(alder, "sampleOf", statement), "SampleNotDrawn");
      await ledger.send(alder.settle, "statements", "drawSample", statement);
      assert.equal(
        await refusal(alder, "drawSample", statement),
        "SampleDrawnAlready",
        "no second throw of the dice",
      );
      await ledger.provider.send("hardhat_mine", ["0x2"]);
      assert.equal(await refusal(alder, "drawSample", statement), "SampleDrawnAlready");
    });

    it("is received when all that was drawn is shown as it was committed", async () => {
      const shown = await sample(statement);
      assert.equal(shown.length, 3);
      const show = (chunks: unknown[]) => refusal(city, "showSample", statement, chunks);
      assert.equal(await show(shown.slice(1)), "SampleIncomplete");
      const first = shown[0] as (typeof shown)[0];
      const forged = { ...first, leaves: first.leaves.with(7, id("forged") as Hex) };
      assert.equal(await show([forged, ...shown.slice(1)]), "SampleWrong");
      assert.equal(
        await show([{ ...first, leaves: first.leaves.slice(1) }, ...shown.slice(1)]),
        "ChunkIncomplete",
      );
      assert.equal(await show([{ ...first, depth: 4 }, ...shown.slice(1)]), "DepthOutOfBounds");
      assert.equal(await show([{ ...first, depth: 20 }, ...shown.slice(1)]), "PathLengthWrong");
      await ledger.send(city.settle, "statements", "showSample", statement, shown);
      assert.ok((await objectBy(statement)) > 0n);
      assert.equal(await show(shown), "ReceivedAlready");
    });

    it("is drawn again when the draw is too old, and then asks for one chunk more", async () => {
      const old = await posted(3);
      await ledger.pass(DAY + 1);
      await ledger.send(alder.settle, "statements", "drawSample", old);
      await ledger.provider.send("hardhat_mine", ["0x101"]);
      const shown = await sample(old);
      await ledger.provider.send("hardhat_mine", ["0x1"]);
      assert.equal(await refusal(alder, "showSample", old, shown), "SampleLapsed");
      await ledger.send(alder.settle, "statements", "drawSample", old);
      await ledger.provider.send("hardhat_mine", ["0x2"]);
      assert.equal((await sample(old)).length, 4);
      await ledger.send(alder.settle, "statements", "showSample", old, await sample(old));
    });

    it("can be objected to all the same before it was received", async () => {
      const unseen = await posted(1);
      await ledger.send(birch.settle, "statements", "object", unseen, 0n, id("no data"));
      assert.equal(await refusal(city, "finalize", unseen), "NotReceivedYet");
    });
  });

  it("of an operator that pays itself is received by each of its partners", async () => {
    const shared = {
      ...retailTerms(ledger, alder, arbiter),
      parties: [alder.id, city.id, birch.id],
    };
    const retail = await agree(ledger, shared, [alder, city, birch]);
    const own = new TestBook(await openBook(ledger, alder, retail, BOOK.charges));
    const statement = await post(await commit(own, 1));
    assert.equal(await refusal(alder, "signReceipt", statement, id("own")), "MayNotReceive");
    await receive(ledger, city, statement);
    assert.equal(await objectBy(statement), 0n);
    assert.equal(
      await refusal(city, "signReceipt", statement, id("again")),
      "ReceiptSignedAlready",
    );
    await receive(ledger, birch, statement);
    assert.ok((await objectBy(statement)) > 0n);
  });

  it("of an operator alone has nobody to wait for", async () => {
    const retail = await agree(ledger, retailTerms(ledger, alder, arbiter), [alder]);
    const own = new TestBook(await openBook(ledger, alder, retail, BOOK.charges));
    const statement = await post(await commit(own, 1));
    assert.ok((await objectBy(statement)) > 0n);
  });
});
