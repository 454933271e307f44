import { strict as assert } from "node:assert";
import { encodeBytes32String, id } from "ethers";
import { toHex } from "../../node/core/bytes.ts";
import { TestLedger } from "./support/chain.ts";
import {
  admit,
  agree,
  BERLIN,
  BOOK,
  DAY,
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
  evidenceHashOf,
  leavesOf,
  pathOf,
  runningOf,
  TestBook,
} from "./support/records.ts";
import { plain, StateFromEvents } from "./support/state-from-events.ts";

const UNIT = 1_000_000_000n;
const SDR = encodeBytes32String("XDR/EUR");
const LISTED = [
  ["members", "memberAt", "membersFrom"],
  ["claims", "claimAt", "claimsFrom"],
  ["demands", "demandAt", "demandsFrom"],
  ["disputes", "disputeAt", "disputesFrom"],
] as const;
/** Small, so that lists have several pages. */
const PAGE = 2n;

/*
 * Whoever audits needs no database of anybody: the events of the contracts tell their whole state,
 * and every getter says the same.
 */
describe("The contracts' state, from their events alone", () => {
  let ledger: TestLedger;
  let alder: Party;
  let birch: Party;
  let city: Party;
  let arbiter: Party;
  let state: StateFromEvents;

  before(async () => {
    ledger = await TestLedger.start();
    alder = await admit(ledger, "Alder Mobile", ROLE.operator, 1);
    birch = await admit(ledger, "Birch Telecom", ROLE.operator, 4);
    city = await admit(ledger, "City", ROLE.partner, 7);
    arbiter = await admit(ledger, "Arbiter", ROLE.arbiter, 10);
    await playInterconnect();
    await playRetail();
    await playRules();
    state = await StateFromEvents.read(ledger);
  });

  const now = async () => (await ledger.provider.getBlock("latest"))?.timestamp ?? 0;
  const read = (contract: Parameters<TestLedger["read"]>[0], view: string, ...args: unknown[]) =>
    ledger.read(contract, view, ...args);

  /** A bilateral agreement with periods, taxes, an amended price and a dispute. */
  async function playInterconnect(): Promise<void> {
    const terms: TermsDraft = {
      ...retailTerms(ledger, alder, arbiter),
      parties: [alder.id, birch.id, city.id],
      sides: [
        [alder.id, birch.id],
        [birch.id, alder.id],
      ],
      splits: [[alder.id, [[city.id, 5n, 100_000, 0n, 0n]]]],
      tolerances: [[1, 1, 10_000, UNIT, 3]],
      period: [BERLIN, 0, false, true],
    };
    const agreement = await agree(ledger, terms, [alder, birch, city]);
    const start = (await now()) + 10;
    for (const [version, after] of [
      [1, 0],
      [2, DAY],
      [3, 2 * DAY],
    ] as const) {
      const root = id(`tariff ${version}`);
      await ledger.send(
        alder.govern,
        "tariffs",
        "publish",
        agreement,
        version,
        root,
        start + after,
      );
      const rates = [agreement, SDR, version, id(`rates ${version}`), start + after] as const;
      await ledger.send(alder.govern, "exchangeTables", "publish", ...rates);
    }
    await ledger.pass(DAY);
    const amended = [agreement, alder.id, id("amended"), start, start + 60] as const;
    await ledger.send(birch.govern, "amendments", "propose", ...amended);
    for (const by of [alder, city]) await ledger.send(by.govern, "amendments", "sign", 1);
    await ledger.send(alder.govern, "amendments", "propose", ...amended);

    const counted: [bigint, object][] = [];
    const books: TestBook[] = [];
    for (const [kind, units] of [
      [BOOK.charges, 100n],
      [BOOK.credits, 130n],
      [BOOK.taxes, 19n],
    ] as const) {
      const book = new TestBook(await openBook(ledger, alder, agreement, kind));
      const batch = book.next([entryOf(chargeOf(), units * UNIT)]);
      const call = [batch.book, batch.sequence, batch.commitment] as const;
      const { blockTime } = await ledger.send(alder.commit, "books", "commit", ...call);
      await ledger.send(alder.commit, "books", "commit", batch.book, 2, id("to be voided"));
      await ledger.send(alder.commit, "books", "voidNewest", batch.book, 2);
      await ledger.send(alder.commit, "books", "commit", batch.book, 3, id("later"));
      counted.push([batch.sequence, runningOf(batch, blockTime)]);
      books.push(book);
    }
    const [charges, credits, taxes] = books.map(({ book }) => book);
    const closings = [
      [charges, 1],
      [taxes, 1],
    ];
    const close = (by: Party, number: number, of: unknown[]) =>
      ledger.send(by.settle, "periods", "close", agreement, number, of, id(`${number}`));
    await close(alder, 1, closings);
    await close(birch, 1, []);
    await close(alder, 2, [[charges, 1]]);
    await ledger.pass(DAY + 60);
    await close(birch, 2, []);
    await close(alder, 3, [[charges, 3]]);
    const call = [charges, counted[0], credits, counted[1], counted[2]] as const;
    const posting = ["statements", "postWithTaxes", ...call] as const;
    const statement = (await ledger.preview(alder.settle, ...posting)) as string;
    await ledger.send(alder.settle, ...posting);
    await receive(ledger, birch, statement);
    await ledger.send(birch.settle, "statements", "object", statement, 7n * UNIT, id("why"));
    await ledger.pass(7 * DAY + 60);
    await ledger.send(birch.settle, "statements", "finalize", statement);
    await ledger.send(birch.settle, "statements", "resolve", statement, 12n * UNIT);
    await ledger.send(city.govern, "agreements", "announceTermination", agreement);
  }

  /** A retail agreement with a conceded claim, a bond that moves, and a statement that waits. */
  async function playRetail(): Promise<void> {
    const terms = { ...retailTerms(ledger, alder, arbiter), parties: [alder.id, city.id] };
    terms.stakes[4] = 250_000n;
    const agreement = await agree(ledger, terms, [alder, city]);
    const book = new TestBook(await openBook(ledger, alder, agreement, BOOK.charges));
    const batch = book.next([entryOf(chargeOf(), UNIT)]);
    const committing = [batch.book, batch.sequence, batch.commitment] as const;
    const { blockTime } = await ledger.send(alder.commit, "books", "commit", ...committing);
    const finder = ledger.account(15);
    const claiming = [1, batch.book, 1, 0, 1_000n, evidenceHashOf(batch, 0, finder.address)];
    const claim = await ledger.preview(finder, "claims", "claim", ...claiming);
    await ledger.send(finder, "claims", "claim", ...claiming);
    await ledger.send(alder.commit, "claims", "concede", claim);
    const shown = [toHex(leavesOf(batch)[0] as Uint8Array), pathOf(batch, 0, blockTime)];
    await ledger.send(finder, "concessionFees", "collect", claim, ...shown);

    await ledger.send(alder.settle, "token", "mint", alder.settle.address, 9_000_000n);
    const { bonds, demoToken } = ledger.addresses;
    await ledger.send(alder.settle, "token", "approve", bonds, 9_000_000n);
    await ledger.send(alder.settle, "bonds", "deposit", agreement, alder.id, 9_000_000n);
    await ledger.send(alder.settle, "bonds", "announceWithdrawal", agreement, 2_000_000n);
    await ledger.pass(2 * DAY + 60);
    await ledger.send(alder.settle, "bonds", "withdraw", agreement, alder.settle.address);
    await ledger.send(alder.settle, "bonds", "announceWithdrawal", agreement, 1_000_000n);
    await ledger.send(finder, "bonds", "collectFor", demoToken, finder.address);

    const none = ["0x".padEnd(42, "0"), 0, runningOf(batch, blockTime)] as const;
    const call = [batch.book, 1, runningOf(batch, blockTime), ...none] as const;
    await ledger.send(alder.settle, "statements", "post", ...call);
    await ledger.pass(DAY + 60);
    const waiting = await read("statements", "statementAt", 2);
    await ledger.send(alder.settle, "statements", "drawSample", waiting);
  }

  async function playRules(): Promise<void> {
    const governor = ledger.account(0);
    const least = [DAY, 1, 0, 0, 0, 0, 0, 0];
    const most = [0, 0, 90 * DAY, 0, 0, 0, 0, 0];
    const bounds = [least, most, [1n, 2n, 3n, 4n, 5n], arbiter.id];
    await ledger.send(governor, "agreements", "setRetailBounds", bounds);
    await ledger.send(governor, "agreements", "refuseToken", ledger.addresses.demoToken);
  }

  /** All of a paged list. */
  async function all(
    contract: Parameters<TestLedger["read"]>[0],
    view: string,
    ...of: unknown[]
  ): Promise<unknown[]> {
    const found: unknown[] = [];
    for (;;) {
      const page = await read(contract, view, ...of, BigInt(found.length) + 1n, PAGE);
      if (page.length === 0) return found;
      assert.ok(BigInt(page.length) <= PAGE);
      found.push(...page.map(plain));
    }
  }

  const text = async (...args: Parameters<TestLedger["read"]>) => plain(await read(...args));

  it("of agreements: terms, signatures, notice, tokens and bounds", async () => {
    assert.deepEqual(await all("agreements", "agreementsFrom"), Object.keys(state.agreements));
    assert.equal(Object.keys(state.agreements).length, 2);
    for (const [agreement, told] of Object.entries(state.agreements)) {
      assert.deepEqual(await text("agreements", "termsOf", agreement), told.terms);
      assert.equal(await text("agreements", "endOf", agreement), told.endsAt);
      for (const party of await read("agreements", "partiesOf", agreement)) {
        const signed = await read("agreements", "hasSigned", agreement, party);
        assert.equal(signed, told.signed.includes(party));
      }
    }
    const count = Number(await read("agreements", "tokenCount"));
    assert.equal(count, Object.keys(state.tokens).length);
    for (const [index, [token, told]] of Object.entries(state.tokens).entries()) {
      const kept = await text("agreements", "tokenAt", index + 1);
      assert.deepEqual(kept, [token, ...(told as string[])]);
    }
    assert.deepEqual(await text("agreements", "retailBounds"), state.retailBounds);
  });

  it("of books: every seal, what was voided and what is referred to", async () => {
    assert.deepEqual(await all("books", "booksFrom"), Object.keys(state.books));
    assert.equal(Object.keys(state.books).length, 4);
    for (const [book, { fixed, newest, referenced }] of Object.entries(state.books)) {
      assert.deepEqual(await text("books", "bookOf", book), [...fixed, newest, referenced]);
      assert.deepEqual(await all("books", "sealsFrom", book), state.seals[book]);
    }
  });

  it("of periods: who closed what, where, and whether in time", async () => {
    for (const [key, number] of Object.entries(state.closedThrough)) {
      const [agreement, operator] = key.split(" ");
      assert.equal(await text("periods", "closedThrough", agreement, operator), number);
    }
    for (const [key, { closeBy, sides }] of Object.entries(state.periods)) {
      const [agreement, number] = key.split(" ");
      for (const operator of [alder.id, birch.id]) {
        assert.equal(await text("periods", "closeByOf", agreement, number, operator), closeBy);
        const told = sides[operator] ?? ["false", "false", id("").replace(/[^x]/g, "0")];
        const kept = await text("periods", "sideOf", agreement, number, operator);
        assert.deepEqual((kept as string[]).slice(0, 2), told.slice(0, 2));
      }
    }
    const late = Object.values(state.periods).flatMap(({ sides }) => Object.values(sides));
    assert.equal(late.filter((side) => (side as string[])[1] === "true").length, 1);
    for (const book of Object.keys(state.books)) {
      assert.deepEqual(await all("periods", "closingsFrom", book), state.closings[book] ?? []);
    }
  });

  it("of tariffs, exchange tables and amendments", async () => {
    for (const [key, told] of Object.entries(state.dated)) {
      const [agreement, operator, pairs] = key.split(" ");
      const kept =
        pairs === undefined
          ? await all("tariffs", "versionsFrom", agreement, operator)
          : await all("exchangeTables", "tablesFrom", agreement, operator, pairs);
      assert.deepEqual(kept, told);
    }
    for (const [key, told] of Object.entries(state.pairs)) {
      assert.deepEqual(await text("exchangeTables", "pairsOf", ...key.split(" ")), told);
    }
    const told = state.amendments.map(({ fields, agreedAt, signed }) => [
      ...fields,
      agreedAt,
      String(signed.length),
    ]);
    assert.deepEqual(await all("amendments", "amendmentsFrom"), told);
    assert.deepEqual(
      told.map((amendment) => amendment.at(-2) !== "0"),
      [true, false],
    );
  });

  it("of statements: totals, receipts, windows, disputes and obligations", async () => {
    assert.deepEqual(await all("statements", "statementsFrom"), Object.keys(state.statements));
    assert.equal(Object.keys(state.statements).length, 2);
    for (const [statement, told] of Object.entries(state.statements)) {
      const kept = (await read("statements", "statementOf", statement)).toObject();
      for (const [field, value] of Object.entries(kept)) {
        assert.equal(plain(value), plain(told[field]), field);
      }
      for (const part of [0, 1, 2, 3]) {
        const obligation = await read("statements", "obligationIdOf", statement, part);
        const { kept: owed, dueBy } = state.obligations[obligation] ?? { dueBy: "0" };
        const stored = (await text("statements", "obligationOf", obligation)) as string[];
        if (owed === undefined) assert.equal(stored[4], "0");
        else assert.deepEqual(stored, owed);
        assert.equal(await text("statements", "dueByOf", obligation), dueBy);
      }
      const from = state.sampleFrom[statement];
      assert.equal(await text("statements", "sampleFrom", statement), from);
    }
    assert.equal(Object.keys(state.obligations).length, 2, "taxes: undisputed and disputed");
    for (const [key, digest] of Object.entries(state.receipts)) {
      assert.equal(await text("statements", "receiptOf", ...key.split(" ")), digest);
    }
    for (const [book, told] of Object.entries(state.stated)) {
      assert.deepEqual(await text("statements", "lastStatedOf", book), told);
    }
    for (const [book, nano] of Object.entries(state.carried)) {
      assert.equal(await read("statements", "carriedCreditOf", book), nano);
    }
    assert.ok(Object.values(state.carried).includes(30n * UNIT));
  });

  it("of bonds: stakes, announcements and bounties", async () => {
    for (const [key, units] of Object.entries(state.bonds)) {
      assert.equal(await read("bonds", "bondOf", ...key.split(" ")), units);
    }
    for (const [key, told] of Object.entries(state.announcements)) {
      assert.deepEqual(await text("bonds", "announcementOf", ...key.split(" ")), told);
    }
    for (const [key, units] of Object.entries(state.bounties)) {
      assert.equal(await read("bonds", "bountyOf", ...key.split(" ")), units);
    }
    for (const [token, units] of Object.entries(state.funds)) {
      assert.equal(await read("bonds", "fundOf", token), units);
    }
  });

  it("in pages of a hundred at most, from the first place on", async () => {
    const anyone = ledger.account(12);
    for (const [from, size] of [
      [0, 1],
      [1, 0],
      [1, 101],
    ]) {
      for (const [contract, view] of [
        ["agreements", "agreementsFrom"],
        ["books", "booksFrom"],
        ["statements", "statementsFrom"],
        ["amendments", "amendmentsFrom"],
      ] as const) {
        assert.equal(await ledger.refusal(anyone, contract, view, from, size), "PageUnusable");
      }
    }
    assert.deepEqual([...(await read("books", "booksFrom", 99, 100))], []);
    assert.equal(await ledger.refusal(anyone, "books", "bookAt", 0), "OrdinalUnknown");
    assert.equal(await ledger.refusal(anyone, "statements", "statementAt", 9), "OrdinalUnknown");
    for (const [contract, one, all] of LISTED) {
      for (const ordinal of [0, 99]) {
        assert.equal(await ledger.refusal(anyone, contract, one, ordinal), "OrdinalUnknown");
      }
      assert.equal(await ledger.refusal(anyone, contract, all, 0, 1), "PageUnusable");
      assert.equal(await ledger.refusal(anyone, contract, all, 1, 101), "PageUnusable");
      const count = Number(await ledger.read(contract, one.replace(/At$/, "Count")));
      const page = (await ledger.read(contract, all, 1, 100)) as string[];
      assert.equal(page.length, count, all);
      for (let ordinal = 1; ordinal <= count; ordinal++) {
        assert.equal(page[ordinal - 1], await ledger.read(contract, one, ordinal), all);
      }
    }
  });
});
