import { strict as assert } from "node:assert";
import { AbiCoder, dataSlice, id, keccak256, ZeroHash } from "ethers";
import { fromHex, toHex } from "../../node/core/bytes.ts";
import { bookDomain } from "../../node/core/commitment/domain.ts";
import { TestLedger } from "./support/chain.ts";
import {
  admit,
  agree,
  BOOK,
  DUTY,
  openBook,
  type Party,
  ROLE,
  retailTerms,
} from "./support/parties.ts";

describe("Members and books", () => {
  let ledger: TestLedger;
  let alder: Party;
  let birch: Party;
  let arbiter: Party;
  let agreement: string;
  let book: string;

  before(async () => {
    ledger = await TestLedger.start();
    alder = await admit(ledger, "Alder Mobile", ROLE.operator, 1);
    birch = await admit(ledger, "Birch Telecom", ROLE.operator, 4);
    arbiter = await admit(ledger, "Arbiter", ROLE.arbiter, 7);
    agreement = await agree(ledger, retailTerms(ledger, alder, arbiter), [alder]);
    book = await openBook(ledger, alder, agreement, BOOK.charges);
  });

  describe("a member", () => {
    it("has an id that follows from chain, contract and ordinal", async () => {
      const { chainId } = await ledger.provider.getNetwork();
      const packed = AbiCoder.defaultAbiCoder().encode(
        ["uint256", "address", "uint256"],
        [chainId, ledger.addresses.members, 2],
      );
      assert.equal(birch.id, dataSlice(keccak256(packed), 0, 20));
    });

    it("is admitted by the governor alone", async () => {
      const keys = [10, 11, 12].map((i) => ledger.account(i).address);
      assert.equal(
        await ledger.refusal(alder.govern, "members", "admit", "Mallory", 1, keys),
        "AccessManagedUnauthorized",
      );
    });

    it("can not take another's key, not even one that was rotated out", async () => {
      const call = ["members", "rotateKey", DUTY.commit] as const;
      assert.equal(await ledger.refusal(birch.govern, ...call, alder.commit.address), "KeyTaken");
      const zero = `0x${"00".repeat(20)}`;
      assert.equal(await ledger.refusal(birch.govern, ...call, zero), "KeyUnusable");
    });

    it("rotates keys by its Govern key alone", async () => {
      const next = ledger.account(13).address;
      assert.equal(
        await ledger.refusal(alder.commit, "members", "rotateKey", DUTY.commit, next),
        "DutyMissing",
      );
      assert.equal(
        await ledger.refusal(ledger.account(15), "members", "rotateKey", DUTY.commit, next),
        "NotAMember",
      );
    });

    it("has roles, and only known ones", async () => {
      const keys = [10, 11, 12].map((i) => ledger.account(i).address);
      const governor = ledger.account(0);
      assert.equal(
        await ledger.refusal(governor, "members", "admit", "X", 16, keys),
        "RolesUnknown",
      );
      assert.equal(await ledger.refusal(governor, "members", "admit", "", 1, keys), "NameUnusable");
    });
  });

  describe("a book", () => {
    it("has the domain of the protocol for its id", async () => {
      const { chainId } = await ledger.provider.getNetwork();
      const domain = bookDomain({
        chainId,
        books: fromHex(ledger.addresses.books.toLowerCase(), 20),
        operator: fromHex(alder.id, 20),
        agreement: fromHex(agreement, 32),
        kind: BOOK.charges,
        number: 1n,
      });
      assert.equal(book, toHex(domain));
    });

    it("is opened by an operator with a side, in order, of a known kind and split", async () => {
      const open = (by: Party, ...call: unknown[]) =>
        ledger.refusal(by.commit, "books", "openBook", ...call);
      assert.equal(await open(birch, agreement, 1, 1, 1), "OperatorHasNoSide");
      assert.equal(await open(alder, agreement, 1, 1, 1), "BookNumberOutOfOrder");
      assert.equal(await open(alder, agreement, 1, 3, 1), "BookNumberOutOfOrder");
      assert.equal(await open(alder, agreement, 5, 1, 1), "BookKindUnknown");
      assert.equal(await open(alder, agreement, 0, 1, 1), "BookKindUnknown");
      assert.equal(await open(alder, agreement, 1, 2, 2), "SplitUnknown");
      assert.equal(await open(alder, id("no agreement"), 1, 1, 1), "AgreementNotInForce");
    });

    it("shares the split of its number: what is taken back is taken from who got it", async () => {
      const terms = retailTerms(ledger, alder, arbiter);
      terms.splits = [
        [alder.id, []],
        [alder.id, []],
      ];
      const own = await agree(ledger, terms, [alder]);
      await openBook(ledger, alder, own, BOOK.charges, 1, 2);
      const open = (kind: number, split: number) =>
        ledger.refusal(alder.commit, "books", "openBook", own, kind, 1, split);
      assert.equal(await open(BOOK.credits, 1), "SplitDiffers");
      await openBook(ledger, alder, own, BOOK.credits, 1, 2);
      assert.equal(await open(BOOK.taxes, 1), "SplitDiffers");
      await openBook(ledger, alder, own, BOOK.charges, 2, 1);
    });

    it("takes nothing from another operator's key", async () => {
      const call = ["commit", book, 1, id("x")] as const;
      assert.equal(await ledger.refusal(birch.commit, "books", ...call), "NotTheCommitKey");
      assert.equal(await ledger.refusal(alder.settle, "books", ...call), "NotTheCommitKey");
      assert.equal(await ledger.refusal(ledger.account(15), "books", ...call), "NotTheCommitKey");
    });

    it("has no gap, no fork and no empty commitment", async () => {
      const commit = (sequence: number, commitment: string) =>
        ledger.refusal(alder.commit, "books", "commit", book, sequence, commitment);
      assert.equal(await commit(2, id("gap")), "SequenceOutOfOrder");
      assert.equal(await commit(0, id("zero")), "SequenceOutOfOrder");
      assert.equal(await commit(1, ZeroHash), "CommitmentEmpty");
      await ledger.send(alder.commit, "books", "commit", book, 1, id("one"));
      assert.equal(await commit(1, id("fork")), "SequenceOutOfOrder");
      const unknown = `0x${"11".repeat(20)}`;
      assert.equal(
        await ledger.refusal(alder.commit, "books", "commit", unknown, 1, id("x")),
        "BookUnknown",
      );
    });

    it("takes many batches all or none", async () => {
      const batches = [
        [book, 2, id("two")],
        [book, 4, id("four")],
      ];
      assert.equal(
        await ledger.refusal(alder.commit, "books", "commitMany", batches),
        "SequenceOutOfOrder",
      );
      assert.equal(await ledger.read("books", "newestSequenceOf", book), 1n);
      assert.equal(await ledger.refusal(alder.commit, "books", "commitMany", []), "BatchesTooMany");
      await ledger.send(alder.commit, "books", "commitMany", [
        [book, 2, id("two")],
        [book, 3, id("three")],
      ]);
    });

    it("voids only its newest batch, once, and goes on behind it", async () => {
      const voiding = (by: Party, sequence: number) =>
        ledger.refusal(by.commit, "books", "voidNewest", book, sequence);
      assert.equal(await voiding(alder, 2), "BatchNotNewest");
      assert.equal(await voiding(birch, 3), "NotTheCommitKey");
      await ledger.send(alder.commit, "books", "voidNewest", book, 3);
      assert.equal(await ledger.read("books", "sealOf", book, 3), ZeroHash);
      assert.equal(await ledger.read("books", "isVoided", book, 3), true);
      assert.equal(await voiding(alder, 3), "BatchUnknown");
      assert.equal(await voiding(alder, 2), "BatchNotNewest");
      assert.equal(
        await ledger.refusal(alder.commit, "books", "commit", book, 3, id("again")),
        "SequenceOutOfOrder",
      );
      await ledger.send(alder.commit, "books", "commit", book, 4, id("four"));
    });

    it("voids nothing that a claim refers to", async () => {
      const anyone = ledger.account(15);
      await ledger.send(anyone, "claims", "claim", 1, book, 4, 0, 1n, id("evidence"));
      assert.equal(
        await ledger.refusal(alder.commit, "books", "voidNewest", book, 4),
        "BatchReferencedAlready",
      );
    });

    it("listens to nobody else about references and keys", async () => {
      const governor = ledger.account(0);
      assert.equal(
        await ledger.refusal(birch.commit, "books", "noteReference", book, 1),
        "AccessManagedUnauthorized",
      );
      const call = [alder.id, alder.commit.address, governor.address] as const;
      assert.equal(
        await ledger.refusal(governor, "books", "commitKeyChanged", ...call),
        "NotTheMembersContract",
      );
    });
  });

  describe("a change of keys", () => {
    it("reaches every book at once", async () => {
      const next = ledger.account(13);
      await ledger.send(alder.govern, "members", "rotateKey", DUTY.commit, next.address);
      const call = ["commit", book, 5, id("five")] as const;
      assert.equal(await ledger.refusal(alder.commit, "books", ...call), "NotTheCommitKey");
      await ledger.send(next, "books", ...call);
      assert.equal(
        await ledger.refusal(
          birch.govern,
          "members",
          "rotateKey",
          DUTY.commit,
          alder.commit.address,
        ),
        "KeyTaken",
      );
      alder = { ...alder, commit: next };
    });

    it("stops a suspended member from committing, but not from answering", async () => {
      const governor = ledger.account(0);
      const claim = (await ledger.read("claims", "claimAt", 1)) as string;
      assert.equal(
        await ledger.refusal(birch.govern, "members", "suspend", alder.id),
        "AccessManagedUnauthorized",
      );
      await ledger.send(governor, "members", "suspend", alder.id);
      const call = ["commit", book, 6, id("six")] as const;
      assert.equal(await ledger.refusal(alder.commit, "books", ...call), "NotTheCommitKey");
      assert.equal(
        await ledger.refusal(alder.commit, "books", "openBook", agreement, 1, 2, 1),
        "MemberIsSuspended",
      );
      await ledger.send(alder.settle, "claims", "contest", claim);
      // A key that is changed meanwhile does not commit either.
      const next = ledger.account(14);
      await ledger.send(alder.govern, "members", "rotateKey", DUTY.commit, next.address);
      assert.equal(await ledger.refusal(next, "books", ...call), "NotTheCommitKey");
      await ledger.send(governor, "members", "reinstate", alder.id);
      assert.equal(await ledger.refusal(alder.commit, "books", ...call), "NotTheCommitKey");
      await ledger.send(next, "books", ...call);
    });
  });
});
