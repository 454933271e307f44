import { strict as assert } from "node:assert";
import { id, ZeroHash } from "ethers";
import { TestLedger } from "./support/chain.ts";
import {
  admit,
  agree,
  BERLIN,
  BOOK,
  DAY,
  NO_BOOK,
  openBook,
  type Party,
  ROLE,
  receive,
  retailTerms,
} from "./support/parties.ts";
import { chargeOf, entryOf, NO_RUNNING, runningOf, TestBook } from "./support/records.ts";

const UNIT = 1_000_000_000n;

/** A book with its commitments and their block times. */
interface Kept {
  book: TestBook;
  openings: Map<bigint, object>;
}

describe("Periods that both sides close", () => {
  let ledger: TestLedger;
  let alder: Party;
  let birch: Party;
  let city: Party;
  let arbiter: Party;
  let agreement: string;
  let calls: Kept;
  let taxes: Kept;
  let back: Kept;

  before(async () => {
    ledger = await TestLedger.start();
    alder = await admit(ledger, "Alder Mobile", ROLE.operator, 1);
    birch = await admit(ledger, "Birch Telecom", ROLE.operator, 4);
    city = await admit(ledger, "City", ROLE.partner, 7);
    arbiter = await admit(ledger, "Arbiter", ROLE.arbiter, 10);
    agreement = await agree(ledger, interconnect(), [alder, birch]);
    calls = kept(await openBook(ledger, alder, agreement, BOOK.charges));
    taxes = kept(await openBook(ledger, alder, agreement, BOOK.taxes));
    back = kept(await openBook(ledger, birch, agreement, BOOK.charges));
  });

  const interconnect = () => ({
    ...retailTerms(ledger, alder, arbiter),
    parties: [alder.id, birch.id],
    sides: [
      [alder.id, birch.id],
      [birch.id, alder.id],
    ] as [string, string][],
    period: [BERLIN, 0, false, true] as [string, number, boolean, boolean],
  });
  const kept = (book: string): Kept => ({ book: new TestBook(book), openings: new Map() });

  async function commit(by: Party, { book, openings }: Kept, units: bigint): Promise<bigint> {
    const batch = book.next([entryOf(chargeOf(), units * UNIT)]);
    const call = [batch.book, batch.sequence, batch.commitment] as const;
    const { blockTime } = await ledger.send(by.commit, "books", "commit", ...call);
    openings.set(batch.sequence, runningOf(batch, blockTime));
    return batch.sequence;
  }

  const close = (by: Party, number: number, ...closings: [string, bigint][]) =>
    ledger.send(by.commit, "periods", "close", agreement, number, closings, id("secret"));
  const refusedToClose = (by: Party, number: number, ...closings: [string, bigint][]) =>
    ledger.refusal(by.settle, "periods", "close", agreement, number, closings, ZeroHash);
  const isOpen = (number: number) => ledger.read("periods", "isOpen", agreement, number);
  const posting = ({ book, openings }: Kept, to: bigint) => [
    book.book,
    to,
    openings.get(to) ?? NO_RUNNING,
    NO_BOOK,
    0n,
    NO_RUNNING,
  ];
  const refusedToPost = (by: Party, book: Kept, to: bigint) =>
    ledger.refusal(by.settle, "statements", "post", ...posting(book, to));
  const post = (by: Party, book: Kept, to: bigint) =>
    ledger.send(by.settle, "statements", "post", ...posting(book, to));

  it("are closed in order, by operators of the agreement, of their own books", async () => {
    await commit(alder, calls, 3n);
    await commit(alder, calls, 4n);
    await commit(birch, back, 5n);
    assert.equal(await refusedToClose(alder, 2), "PeriodOutOfOrder");
    assert.equal(await refusedToClose(city, 1), "OperatorHasNoSide");
    assert.equal(await refusedToClose(alder, 1, [back.book.book, 1n]), "ClosingUnfit");
    assert.equal(await refusedToClose(alder, 1, [calls.book.book, 3n]), "BatchUnknown");
    const twice: [string, bigint][] = [
      [calls.book.book, 1n],
      [calls.book.book, 2n],
    ];
    assert.equal(await refusedToClose(alder, 1, ...twice), "ClosingUnfit");
    const many = Array.from({ length: 33 }, () => [calls.book.book, 1n] as [string, bigint]);
    assert.equal(await refusedToClose(alder, 1, ...many), "ClosingsTooMany");
    const other = await agree(ledger, retailTerms(ledger, alder, arbiter), [alder]);
    assert.equal(
      await ledger.refusal(alder.settle, "periods", "close", other, 1, [], ZeroHash),
      "ClosedByNobody",
    );
    assert.equal(await ledger.read("periods", "isOpen", other, 1), true, "nobody has to close");
    assert.equal(
      await ledger.refusal(alder.govern, "periods", "close", agreement, 1, [], ZeroHash),
      "DutyMissing",
    );
  });

  it("are open to nobody, and stated by nobody, until both sides closed", async () => {
    assert.equal(await refusedToPost(alder, calls, 2n), "OrdinalUnknown", "nothing was closed");
    await close(alder, 1, [calls.book.book, 2n]);
    assert.equal(await isOpen(1), false);
    assert.equal(await refusedToPost(alder, calls, 2n), "PeriodNotOpen");
    await close(birch, 1, [back.book.book, 1n]);
    assert.equal(await isOpen(1), true);
    assert.equal(await isOpen(2), false);
  });

  it("never change: neither by closing again nor by voiding what was closed", async () => {
    assert.equal(await refusedToClose(alder, 1, [calls.book.book, 1n]), "PeriodOutOfOrder");
    assert.equal(await refusedToClose(alder, 2, [calls.book.book, 1n]), "ClosingFell");
    assert.equal(
      await ledger.refusal(alder.commit, "books", "voidNewest", calls.book.book, 2n),
      "BatchReferencedAlready",
    );
    const { sequence, number } = await ledger.read("periods", "closingAt", calls.book.book, 1);
    assert.deepEqual([number, sequence], [1n, 2n]);
  });

  it("end statements where they closed, one after the other", async () => {
    await commit(alder, calls, 6n);
    assert.equal(await refusedToPost(alder, calls, 1n), "NotAtClosing");
    assert.equal(await refusedToPost(alder, calls, 3n), "NotAtClosing");
    await post(alder, calls, 2n);
    await close(alder, 2, [calls.book.book, 3n]);
    await commit(alder, calls, 7n);
    await close(alder, 3, [calls.book.book, 4n]);
    await close(birch, 2);
    await close(birch, 3);
    assert.equal(await refusedToPost(alder, calls, 4n), "NotAtClosing", "no period is skipped");
    await post(alder, calls, 3n);
    await post(alder, calls, 4n);
    assert.equal(await refusedToPost(alder, calls, 4n), "StatementRangeEmpty");
  });

  it("close taxes with the charges that they are on", async () => {
    await commit(alder, calls, 100n);
    await commit(alder, taxes, 19n);
    await close(alder, 4, [calls.book.book, 5n], [taxes.book.book, 1n]);
    await commit(alder, taxes, 1n);
    await close(birch, 4, [back.book.book, 1n]);
    const counted = ({ openings }: Kept, to: bigint) => [to, openings.get(to) ?? NO_RUNNING];
    const call = (taxesTo: bigint) => [
      calls.book.book,
      counted(calls, 5n),
      NO_BOOK,
      [0n, NO_RUNNING],
      counted(taxes, taxesTo),
    ];
    const refused = (taxesTo: bigint) =>
      ledger.refusal(alder.settle, "statements", "postWithTaxes", ...call(taxesTo));
    assert.equal(await refused(2n), "NotAtClosing");
    assert.equal(await refused(0n), "NotAtClosing");
    const statement = (await ledger.preview(
      alder.settle,
      "statements",
      "postWithTaxes",
      ...call(1n),
    )) as string;
    await ledger.send(alder.settle, "statements", "postWithTaxes", ...call(1n));
    const stored = await ledger.read("statements", "statementOf", statement);
    assert.equal(stored.taxesNano, 19n * UNIT);
    assert.equal(stored.payableNano, 119n * UNIT);
    await receive(ledger, birch, statement);
    assert.equal(await ledger.read("periods", "sequenceAt", taxes.book.book, 3), 0n);
    assert.equal(await ledger.read("periods", "sequenceAt", taxes.book.book, 9), 1n);
  });

  it("go on without a side that stays silent, and mark it late", async () => {
    await commit(alder, calls, 8n);
    await close(alder, 5, [calls.book.book, 6n]);
    const closeBy = await ledger.read("periods", "closeByOf", agreement, 5, birch.id);
    await ledger.pass(DAY / 2);
    assert.equal(await isOpen(5), false);
    await ledger.pass(DAY / 2 + 1);
    assert.ok((await ledger.read("clock", "ledgerTime")) > closeBy);
    assert.equal(await isOpen(5), true);
    await post(alder, calls, 6n);
    await close(birch, 5);
    const side = await ledger.read("periods", "sideOf", agreement, 5, birch.id);
    assert.deepEqual([side.closed, side.late, side.secretDigest], [true, true, id("secret")]);
    assert.equal((await ledger.read("periods", "sideOf", agreement, 4, birch.id)).late, false);
  });

  it("wait for a side that can not act because it is suspended", async () => {
    await commit(alder, calls, 9n);
    await close(alder, 6, [calls.book.book, 7n]);
    await ledger.send(ledger.account(0), "members", "suspend", birch.id);
    await ledger.pass(3 * DAY);
    assert.equal(await isOpen(6), false);
    await ledger.send(ledger.account(0), "members", "reinstate", birch.id);
    await ledger.pass(DAY - 3600);
    assert.equal(await isOpen(6), false);
    await ledger.pass(2 * 3600);
    assert.equal(await isOpen(6), true);
  });
});
