import { strict as assert } from "node:assert";
import { id, type JsonRpcSigner } from "ethers";
import { fromHex } from "../../node/core/bytes.ts";
import type { ChargeGroup } from "../../node/core/commitment/charge-groups.ts";
import { bytesOf } from "../../scripts/attack/named-bytes.ts";
import { TestLedger } from "./support/chain.ts";
import {
  admit,
  agree,
  BOOK,
  DAY,
  openBook,
  type Party,
  ROLE,
  retailTerms,
} from "./support/parties.ts";
import {
  chargeOf,
  chargeTuple,
  creditTuple,
  entryOf,
  evidenceHashOf,
  pathOf,
  restOf,
  rowsOf,
  type TestBatch,
  TestBook,
  type TestTariff,
  tariffOf,
} from "./support/records.ts";
import { giveStanding } from "./support/standing.ts";

const STATE = { conceded: 2, contested: 3, proven: 4, refuted: 5, lapsed: 6, settled: 7 } as const;
const MISPRICED = 1;
const MATTER_OF_FACT = 100;
const CENT = 10_000_000n;

describe("Claims", () => {
  let ledger: TestLedger;
  let alder: Party;
  let birch: Party;
  let arbiter: Party;
  let finder: JsonRpcSigner;
  let agreement: string;
  let tariff: TestTariff;
  let book: TestBook;
  let batch: TestBatch;
  let blockTime: bigint;
  let start: bigint;

  /** What each leaf is, and so which defect a claim about it meets. */
  const LEAF = {
    right: 0,
    dear: 1,
    cheap: 2,
    roaming: 3,
    recurring: 4,
    number: 5,
    early: 6,
    spare: 7,
    other: 8,
    classed: 9,
    origin: 10,
    late: 11,
    both: 12,
    owned: 13,
  } as const;

  before(async () => {
    ledger = await TestLedger.start();
    alder = await admit(ledger, "Alder Mobile", ROLE.operator, 1);
    birch = await admit(ledger, "Birch Telecom", ROLE.operator, 4);
    arbiter = await admit(ledger, "Arbiter", ROLE.arbiter, 7);
    finder = ledger.account(12);
    agreement = await agree(ledger, retailTerms(ledger, alder, arbiter), [alder]);
    tariff = tariffOf();
    const now = BigInt((await ledger.provider.getBlock("latest"))?.timestamp ?? 0);
    await ledger.send(alder.govern, "tariffs", "publish", agreement, 1, tariff.root, now + 100n);
    await ledger.pass(DAY);
    start = (now + 3600n) * 1000n;
    book = new TestBook(await openBook(ledger, alder, agreement, BOOK.charges));
    const call = (change: Partial<ChargeGroup>) => chargeOf({ start, ...change });
    batch = book.next([
      entryOf(call({}), 20n * CENT),
      entryOf(call({}), 30n * CENT),
      entryOf(call({}), 19n * CENT),
      entryOf(call({ visitedNetwork: 0x62f210 }), 30n * CENT),
      entryOf(call({ kind: 2 }), 30n * CENT),
      entryOf(call({ decidingDigits: 0x491f_ffff_ffff_ffffn }), 30n * CENT),
      entryOf(call({ start: (now - 3600n) * 1000n }), 30n * CENT),
      entryOf(call({}), 30n * CENT),
      entryOf(call({}), 30n * CENT),
      entryOf(call({ class: 3 }), 30n * CENT),
      entryOf(call({ originDigits: 0x49ff_ffff_ffff_ffffn }), 30n * CENT),
      entryOf(call({}), 30n * CENT),
      entryOf(call({}), 30n * CENT),
      entryOf(call({}), 30n * CENT),
    ]);
    const sent = await ledger.send(
      alder.commit,
      "books",
      "commit",
      batch.book,
      1,
      batch.commitment,
    );
    blockTime = sent.blockTime;
    await ledger.send(alder.settle, "token", "mint", alder.settle.address, 100_000_000n);
    const { bonds } = ledger.addresses;
    await ledger.send(alder.settle, "token", "approve", bonds, 100_000_000n);
    await ledger.send(alder.settle, "bonds", "deposit", agreement, alder.id, 20_000_000n);
  });

  async function lodge(leaf: number, nano = 10n * CENT, kind = MISPRICED): Promise<string> {
    const evidenceHash = evidenceHashOf(batch, leaf, finder.address);
    const call = [kind, batch.book, 1, leaf, nano, evidenceHash] as const;
    const claim = (await ledger.preview(finder, "claims", "claim", ...call)) as string;
    await ledger.send(finder, "claims", "claim", ...call);
    return claim;
  }

  async function contested(leaf: number, nano = 10n * CENT, kind = MISPRICED): Promise<string> {
    const claim = await lodge(leaf, nano, kind);
    await ledger.send(alder.commit, "claims", "contest", claim);
    return claim;
  }

  const evidence = (leaf: number, change: object = {}) => ({
    charge: chargeTuple(batch.entries[leaf]!.group as ChargeGroup),
    rest: restOf(batch.entries[leaf]!),
    path: pathOf(batch, leaf, blockTime),
    price: tariff.evidence(),
    ...change,
  });

  const refusal = (method: string, ...call: unknown[]) =>
    ledger.refusal(finder, "claims", method, ...call);
  const stateOf = async (claim: string) =>
    Number((await ledger.read("claims", "claimOf", claim)).state);
  const dueOf = async (claim: string) =>
    (await ledger.read("claims", "claimOf", claim)).dueNano as bigint;

  describe("lodging", () => {
    it("needs a known kind, an amount, and a committed place in a book of charges", async () => {
      const claim = (...call: unknown[]) => refusal("claim", ...call, id("evidence"));
      const credits = await openBook(ledger, alder, agreement, BOOK.credits);
      assert.equal(await claim(99, batch.book, 1, 0, 1n), "ClaimKindUnknown");
      assert.equal(await claim(1, batch.book, 1, 0, 0n), "ClaimAmountEmpty");
      assert.equal(await claim(1, batch.book, 2, 0, 1n), "BatchUnknown");
      assert.equal(await claim(1, batch.book, 1, 2 ** 20, 1n), "PlaceUnusable");
      assert.equal(await claim(1, credits, 1, 0, 1n), "PlaceUnusable");
      assert.equal(await claim(1, `0x${"33".repeat(20)}`, 1, 0, 1n), "BookUnknown");
    });

    it("is answered by the operator's keys alone", async () => {
      const claim = await lodge(LEAF.right);
      for (const method of ["concede", "contest"]) {
        assert.equal(await ledger.refusal(birch.commit, "claims", method, claim), "NotTheOperator");
        assert.equal(await ledger.refusal(alder.govern, "claims", method, claim), "NotTheOperator");
      }
    });
  });

  describe("opening", () => {
    it("waits until the operator contests", async () => {
      const claim = await lodge(LEAF.spare);
      assert.equal(await refusal("openMispriced", claim, evidence(LEAF.spare)), "ClaimStateWrong");
    });

    it("refuses evidence that does not lead to what the ledger keeps", async () => {
      const claim = await contested(LEAF.spare);
      const open = (change: object) =>
        refusal("openMispriced", claim, evidence(LEAF.spare, change));
      const { charge, rest, path } = evidence(LEAF.spare);
      assert.equal(await open({ charge: { ...charge, quantity: 1n } }), "SealMismatch");
      assert.equal(await open({ charge: { ...charge, salt: id("x") } }), "SealMismatch");
      assert.equal(await open({ rest: { ...rest, amountNano: 99n * CENT } }), "SealMismatch");
      assert.equal(await open({ rest: { ...rest, account: id("x") } }), "SealMismatch");
      assert.equal(await open({ path: { ...path, blockTime: blockTime + 1n } }), "SealMismatch");
      assert.equal(await open({ path: { ...path, totals: id("x") } }), "SealMismatch");
      assert.equal(await open({ path: pathOf(batch, LEAF.dear, blockTime) }), "SealMismatch");
      assert.equal(
        await open({ path: { ...path, siblings: path.siblings.slice(1) } }),
        "PathLengthWrong",
      );
      assert.equal(
        await open({ path: { ...path, depth: 4, siblings: path.siblings.slice(1) } }),
        "DepthOutOfBounds",
      );
    });

    it("refuses another leaf than the claimed one", async () => {
      const claim = await contested(LEAF.right);
      assert.equal(await refusal("openMispriced", claim, evidence(LEAF.dear)), "SealMismatch");
    });

    it("refuses rows that are not in the tariff, or not for this charge", async () => {
      const claim = await contested(LEAF.spare);
      const open = (price: object) =>
        refusal("openMispriced", claim, evidence(LEAF.spare, { price }));
      const rows = tariff.evidence() as Record<string, Record<string, unknown>>;
      const cheaper = { ...rows.price, price: 1n };
      assert.equal(await open({ ...rows, price: cheaper }), "RowNotInTariff");
      assert.equal(
        await open(tariffOf(rowsOf({ priceNano: 1n })).evidence()),
        "TariffRootMismatch",
      );
      assert.equal(await open(tariff.evidence(1)), "RowDoesNotApply");
      const beyond = { ...rows.pricePath, index: 7 };
      assert.equal(await open({ ...rows, pricePath: beyond }), "RowBeyondCount");
      const header = { ...rows.header, currency: "0x555344" };
      assert.equal(await open({ ...rows, header }), "CurrencyMismatch");
    });

    it("leaves to the arbiter what the ledger can not price", async () => {
      const open = async (leaf: number) =>
        refusal("openMispriced", await contested(leaf), evidence(leaf));
      assert.equal(await open(LEAF.roaming), "RowNotProvable");
      assert.equal(await open(LEAF.recurring), "RowNotProvable");
      assert.equal(await open(LEAF.classed), "RowNotProvable");
      assert.equal(await open(LEAF.origin), "RowNotProvable");
      assert.equal(await open(LEAF.number), "RowDoesNotApply", "digits that decide nothing");
      assert.equal(await open(LEAF.early), "NoTariffInForce", "before the first tariff");
    });

    it("refutes a claim about a right price, and about one too low", async () => {
      for (const leaf of [LEAF.right, LEAF.cheap]) {
        const claim = await contested(leaf);
        await ledger.send(finder, "claims", "openMispriced", claim, evidence(leaf));
        assert.equal(await stateOf(claim), STATE.refuted);
        assert.equal(await refusal("claim", 1, batch.book, 1, leaf, 1n, id("x")), "PlaceDecided");
      }
    });
  });

  describe("a breach", () => {
    it("is punished once, and only for what is not conceded already", async () => {
      const first = await lodge(LEAF.dear, 4n * CENT);
      const second = await contested(LEAF.dear);
      const third = await contested(LEAF.dear);
      await ledger.send(alder.settle, "claims", "concede", first);
      assert.equal(await dueOf(first), 4n * CENT);

      const before = await ledger.read("bonds", "bondOf", agreement, alder.id);
      await ledger.send(finder, "claims", "openMispriced", second, evidence(LEAF.dear));
      assert.equal(await stateOf(second), STATE.proven);
      assert.equal(await dueOf(second), 6n * CENT, "0.10 less the 0.04 that were conceded");
      const after = await ledger.read("bonds", "bondOf", agreement, alder.id);
      assert.equal(before - after, 3_000_000n, "bounty and penalty");

      assert.equal(await refusal("openMispriced", third, evidence(LEAF.dear)), "PlaceDecided");
      assert.equal(
        await refusal("claim", 1, batch.book, 1, LEAF.dear, 1n, id("x")),
        "PlaceDecided",
      );
      await ledger.send(finder, "claims", "lapse", third);
      assert.equal(await stateOf(third), STATE.lapsed);
      assert.equal(await ledger.read("bonds", "bondOf", agreement, alder.id), after);
    });

    it("that was conceded in full is not punished", async () => {
      const first = await lodge(LEAF.owned);
      const second = await contested(LEAF.owned);
      await ledger.send(alder.settle, "claims", "concede", first);
      const before = await ledger.read("bonds", "bondOf", agreement, alder.id);
      await ledger.send(finder, "claims", "openMispriced", second, evidence(LEAF.owned));
      assert.equal(await stateOf(second), STATE.lapsed);
      assert.equal(await ledger.read("bonds", "bondOf", agreement, alder.id), before);
    });

    it("makes never more due than the charge asks, however many kinds there are", async () => {
      const whole = await lodge(LEAF.both, 30n * CENT, MATTER_OF_FACT);
      await ledger.send(alder.settle, "claims", "concede", whole);
      const claim = await contested(LEAF.both);
      const before = await ledger.read("bonds", "bondOf", agreement, alder.id);
      await ledger.send(finder, "claims", "openMispriced", claim, evidence(LEAF.both));
      assert.equal(await stateOf(claim), STATE.settled, "nothing more is due");
      assert.equal(await dueOf(claim), 0n);
      const after = await ledger.read("bonds", "bondOf", agreement, alder.id);
      assert.equal(before - after, 3_000_000n, "the breach costs all the same");
    });

    it("is owed until a fitting credit is shown, and overdue after the deadline", async () => {
      const claim = (await ledger.read("claims", "claimAt", 1)) as string;
      assert.equal(await refusal("markOverdue", claim), "ClaimStateWrong");
      const owed = await lodge(LEAF.other, 5n * CENT, MATTER_OF_FACT);
      await ledger.send(alder.settle, "claims", "concede", owed);
      assert.equal(await refusal("markOverdue", owed), "DeadlineNotPassed");

      const credits = new TestBook((await bookOfKind(BOOK.credits)) as string);
      const group = {
        salt: bytesOf("salt"),
        targetDomain: fromHex(batch.book, 20),
        targetSequence: 1n,
        targetIndex: LEAF.other as number,
        reason: 1,
        claim: fromHex(owed, 32),
      };
      const credited = credits.next([
        entryOf(group, 4n * CENT),
        entryOf({ ...group, targetIndex: 0 }, 5n * CENT),
        entryOf(group, 5n * CENT),
      ]);
      const { sequence, commitment } = credited;
      const sent = await ledger.send(
        alder.commit,
        "books",
        "commit",
        credited.book,
        sequence,
        commitment,
      );
      const shown = (leafIndex: number) => ({
        book: credited.book,
        sequence,
        leafIndex,
        credit: creditTuple(credited.entries[leafIndex]!.group as never),
        rest: restOf(credited.entries[leafIndex]!),
        path: pathOf(credited, leafIndex, sent.blockTime),
      });
      assert.equal(await refusal("settleByCredit", owed, shown(0)), "CreditUnfit", "too little");
      assert.equal(
        await refusal("settleByCredit", owed, shown(1)),
        "CreditUnfit",
        "another charge",
      );
      assert.equal(
        await refusal("settleByCredit", owed, { ...shown(2), leafIndex: 1 }),
        "SealMismatch",
      );
      assert.equal(
        await refusal("settleByCredit", owed, { ...shown(2), book: batch.book }),
        "CreditUnfit",
        "a book of charges",
      );
      const elsewhere = new TestBook(
        await openBook(ledger, alder, agreement, BOOK.credits, 2),
      ).next([entryOf(group, 5n * CENT)]);
      const there = await ledger.send(
        alder.commit,
        "books",
        "commit",
        elsewhere.book,
        1,
        elsewhere.commitment,
      );
      assert.equal(
        await refusal("settleByCredit", owed, {
          ...shown(2),
          book: elsewhere.book,
          sequence: 1,
          leafIndex: 0,
          rest: restOf(elsewhere.entries[0]!),
          path: pathOf(elsewhere, 0, there.blockTime),
        }),
        "CreditUnfit",
        "a book that no statement of these charges counts",
      );
      await ledger.pass(8 * DAY);
      await ledger.send(finder, "claims", "markOverdue", owed);
      assert.equal(await refusal("markOverdue", owed), "ClaimStateWrong", "once");
      await ledger.send(finder, "claims", "settleByCredit", owed, shown(2));
      assert.equal(await stateOf(owed), STATE.settled);
      assert.equal(
        await ledger.refusal(alder.commit, "books", "voidNewest", credited.book, sequence),
        "BatchReferencedAlready",
      );
    });
  });

  async function bookOfKind(kind: number): Promise<string | undefined> {
    const count = Number(await ledger.read("books", "bookCount"));
    for (let ordinal = 1; ordinal <= count; ordinal++) {
      const candidate = (await ledger.read("books", "bookAt", ordinal)) as string;
      if (Number((await ledger.read("books", "bookOf", candidate)).kind) === kind) return candidate;
    }
    return undefined;
  }

  describe("silence", () => {
    it("towards a stranger concedes nothing: the claim waits for evidence, a fact lapses", async () => {
      const priced = await lodge(LEAF.spare, 7n * CENT);
      const fact = await lodge(LEAF.spare, 7n * CENT, MATTER_OF_FACT);
      assert.equal((await ledger.read("claims", "claimOf", priced)).hasStanding, false);
      await ledger.pass(DAY + 60);
      await ledger.send(finder, "claims", "concludeSilence", priced);
      await ledger.send(finder, "claims", "concludeSilence", fact);
      assert.equal(await stateOf(priced), STATE.contested);
      assert.equal(await stateOf(fact), STATE.lapsed);
      assert.equal(await dueOf(priced), 0n);
      await ledger.pass(DAY + 60);
      await ledger.send(finder, "claims", "lapse", priced);
      assert.equal(await stateOf(priced), STATE.lapsed);
    });

    it("towards a subscriber counts for so many claims at a time", async () => {
      const subscriber = ledger.account(13);
      await giveStanding(ledger, alder, batch.book, subscriber.address);
      const hash = id("a fact");
      const lodgeOne = async (): Promise<string> => {
        const call = [MATTER_OF_FACT, batch.book, 1, LEAF.other, CENT, hash] as const;
        const claim = (await ledger.preview(subscriber, "claims", "claim", ...call)) as string;
        await ledger.send(subscriber, "claims", "claim", ...call);
        return claim;
      };
      const standing = async (claim: string) =>
        (await ledger.read("claims", "claimOf", claim)).hasStanding as boolean;
      const first = await lodgeOne();
      const others: string[] = [];
      for (let count = 1; count < 32; count++) others.push(await lodgeOne());
      assert.equal(await standing(others.at(-1) as string), true);
      assert.equal(await standing(await lodgeOne()), false, "the thirty-third");
      await ledger.send(alder.commit, "claims", "contest", first);
      assert.equal(await standing(await lodgeOne()), true, "one was answered");
      assert.equal(await standing(await lodgeOne()), false);
    });

    it("concedes what is claimed, at most the cap, and no more than once", async () => {
      await giveStanding(ledger, alder, batch.book, finder.address);
      const small = await lodge(LEAF.spare, 7n * CENT, MATTER_OF_FACT);
      const large = await lodge(LEAF.spare, 900n * CENT, MATTER_OF_FACT);
      const same = await lodge(LEAF.spare, 7n * CENT, MATTER_OF_FACT);
      assert.equal(await refusal("concludeSilence", small), "DeadlineNotPassed");
      await ledger.pass(DAY + 60);
      for (const claim of [small, large, same]) {
        await ledger.send(finder, "claims", "concludeSilence", claim);
      }
      assert.equal(await dueOf(small), 7n * CENT);
      assert.equal(await dueOf(large), 43n * CENT, "the cap of 0.50 less 0.07");
      assert.equal(await stateOf(same), STATE.lapsed);
    });

    it("can not be broken after the deadline", async () => {
      const claim = await lodge(LEAF.spare);
      await ledger.pass(DAY + 60);
      for (const method of ["concede", "contest"]) {
        assert.equal(await ledger.refusal(alder.commit, "claims", method, claim), "DeadlinePassed");
      }
    });

    it("of the finder lets a contested claim lapse", async () => {
      const claim = await contested(LEAF.late);
      assert.equal(await refusal("lapse", claim), "DeadlineNotPassed");
      await ledger.pass(DAY + 60);
      assert.equal(await refusal("openMispriced", claim, evidence(LEAF.late)), "DeadlinePassed");
      await ledger.send(finder, "claims", "lapse", claim);
      assert.equal(await stateOf(claim), STATE.lapsed);
      const again = await contested(LEAF.late);
      await ledger.send(finder, "claims", "openMispriced", again, evidence(LEAF.late));
      assert.equal(await stateOf(again), STATE.proven);
    });
  });

  describe("a matter of fact", () => {
    it("goes to the arbiter, who decides within the claim and never by silence", async () => {
      const claim = await contested(LEAF.cheap, 10n * CENT, MATTER_OF_FACT);
      assert.equal(await refusal("openMispriced", claim, evidence(LEAF.cheap)), "ClaimKindWrong");
      await ledger.pass(3 * DAY);
      assert.equal(await refusal("lapse", claim), "ClaimKindWrong");
      assert.equal(await refusal("decide", claim, 1n), "NotTheArbiter");
      assert.equal(
        await ledger.refusal(arbiter.commit, "claims", "decide", claim, 1n),
        "NotTheArbiter",
      );
      assert.equal(
        await ledger.refusal(arbiter.settle, "claims", "decide", claim, 11n * CENT),
        "DecisionAboveClaim",
      );
      await ledger.send(arbiter.settle, "claims", "decide", claim, 6n * CENT);
      assert.equal(await stateOf(claim), STATE.proven);
      assert.equal(await dueOf(claim), 6n * CENT);
    });

    it("is refuted by a decision of zero", async () => {
      const claim = await contested(LEAF.right, 10n * CENT, MATTER_OF_FACT);
      await ledger.send(arbiter.settle, "claims", "decide", claim, 0n);
      assert.equal(await stateOf(claim), STATE.refuted);
    });
  });

  describe("a bond", () => {
    it("leaves only beyond its minimum, announced a claim's life ahead", async () => {
      const bond = (await ledger.read("bonds", "bondOf", agreement, alder.id)) as bigint;
      const announce = (units: bigint) =>
        ledger.refusal(alder.settle, "bonds", "announceWithdrawal", agreement, units);
      assert.equal(await announce(bond - 5_000_000n + 1n), "UnitsUnusable");
      assert.equal(await announce(0n), "UnitsUnusable");
      const to = alder.settle.address;
      const withdraw = () => ledger.refusal(alder.settle, "bonds", "withdraw", agreement, to);
      assert.equal(await withdraw(), "NothingAnnounced");
      await ledger.send(alder.settle, "bonds", "announceWithdrawal", agreement, bond - 5_000_000n);
      assert.equal(await withdraw(), "WithdrawalNotReady");
      await ledger.pass(2 * DAY + 60);
      await ledger.send(alder.settle, "bonds", "withdraw", agreement, to);
      assert.equal(await ledger.read("bonds", "bondOf", agreement, alder.id), 5_000_000n);
      assert.equal(await withdraw(), "NothingAnnounced");
    });

    it("is slashed by the claims contract alone, and holds what it says", async () => {
      assert.equal(
        await ledger.refusal(finder, "bonds", "slash", agreement, alder.id, finder.address),
        "AccessManagedUnauthorized",
      );
      const { demoToken, bonds } = ledger.addresses;
      assert.equal(
        await ledger.refusal(finder, "bonds", "spendFund", demoToken, finder.address, 1n),
        "AccessManagedUnauthorized",
      );
      const fund = (await ledger.read("bonds", "fundOf", demoToken)) as bigint;
      const bounty = (await ledger.read("bonds", "bountyOf", demoToken, finder.address)) as bigint;
      const bond = (await ledger.read("bonds", "bondOf", agreement, alder.id)) as bigint;
      assert.equal(
        await ledger.contracts.token.getFunction("balanceOf")(bonds),
        fund + bounty + bond,
      );
      await ledger.send(ledger.account(15), "bonds", "collectFor", demoToken, finder.address);
      assert.equal(
        await ledger.refusal(finder, "bonds", "collectFor", demoToken, finder.address),
        "NothingToCollect",
      );
    });
  });
});
