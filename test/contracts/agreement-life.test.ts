import { strict as assert } from "node:assert";
import { id } from "ethers";
import { TestLedger } from "./support/chain.ts";
import {
  admit,
  agree,
  BOOK,
  bondFor,
  DAY,
  openBook,
  type Party,
  ROLE,
  retailTerms,
  type TermsDraft,
} from "./support/parties.ts";

const AGREE_TYPE = {
  Agree: [
    { name: "agreement", type: "bytes32" },
    { name: "party", type: "bytes20" },
    { name: "validUntil", type: "uint64" },
  ],
};

describe("An agreement's life", () => {
  let ledger: TestLedger;
  let alder: Party;
  let birch: Party;
  let arbiter: Party;
  let other: Party;

  before(async () => {
    ledger = await TestLedger.start();
    alder = await admit(ledger, "Alder Mobile", ROLE.operator, 1);
    birch = await admit(ledger, "Birch Telecom", ROLE.operator, 4);
    arbiter = await admit(ledger, "Arbiter", ROLE.arbiter, 7);
    other = await admit(ledger, "Another arbiter", ROLE.arbiter, 10);
  });

  const now = async () => BigInt((await ledger.provider.getBlock("latest"))?.timestamp ?? 0);

  const interconnect = (): TermsDraft => ({
    ...retailTerms(ledger, alder, arbiter),
    parties: [alder.id, birch.id],
    sides: [[alder.id, birch.id]],
  });

  async function proposed(): Promise<string> {
    return agree(ledger, interconnect(), [alder]);
  }

  async function signature(agreement: string, change: object = {}, domain: object = {}) {
    const { chainId } = await ledger.provider.getNetwork();
    const message = { agreement, party: birch.id, validUntil: (await now()) + 3600n, ...change };
    const typed = {
      name: "Tallystick Agreements",
      version: "1",
      chainId,
      verifyingContract: ledger.addresses.agreements,
      ...domain,
    };
    const signed = await birch.govern.signTypedData(typed, AGREE_TYPE, message);
    return { validUntil: message.validUntil, signed };
  }

  const carrier = () => ledger.account(15);

  describe("a signature that somebody else carries", () => {
    it("puts it in force, once", async () => {
      const agreement = await proposed();
      const { validUntil, signed } = await signature(agreement);
      const call = [agreement, birch.id, validUntil, signed] as const;
      await ledger.send(carrier(), "agreements", "signBySignature", ...call);
      assert.equal(await ledger.read("agreements", "isInForce", agreement), true);
      assert.equal(
        await ledger.refusal(carrier(), "agreements", "signBySignature", ...call),
        "AlreadySigned",
      );
    });

    it("is good for one agreement, party, chain, contract and time", async () => {
      const agreement = await proposed();
      const second = await proposed();
      const refused = (on: string, party: string, validUntil: bigint, signed: string) =>
        ledger.refusal(carrier(), "agreements", "signBySignature", on, party, validUntil, signed);
      const { validUntil, signed } = await signature(agreement);
      assert.equal(await refused(second, birch.id, validUntil, signed), "SignatureInvalid");
      assert.equal(await refused(agreement, alder.id, validUntil, signed), "SignatureInvalid");
      assert.equal(await refused(agreement, birch.id, validUntil + 1n, signed), "SignatureInvalid");
      for (const domain of [
        { chainId: 1n },
        { verifyingContract: ledger.addresses.claims },
        { name: "Tallystick Claims" },
      ]) {
        const elsewhere = await signature(agreement, {}, domain);
        assert.equal(
          await refused(agreement, birch.id, elsewhere.validUntil, elsewhere.signed),
          "SignatureInvalid",
        );
      }
      const late = await signature(agreement, { validUntil: (await now()) - 1n });
      assert.equal(
        await refused(agreement, birch.id, late.validUntil, late.signed),
        "SignatureExpired",
      );
      assert.equal(
        await refused(agreement, `0x${"99".repeat(20)}`, validUntil, signed),
        "MemberIsSuspended",
        "no member",
      );
    });

    it("is worth nothing after its key was rotated out", async () => {
      const agreement = await proposed();
      const { validUntil, signed } = await signature(agreement);
      const old = birch.govern;
      const fresh = ledger.account(16);
      await ledger.send(old, "members", "rotateKey", 2, fresh.address);
      const call = [agreement, birch.id, validUntil, signed] as const;
      assert.equal(
        await ledger.refusal(carrier(), "agreements", "signBySignature", ...call),
        "SignatureInvalid",
      );
      await ledger.send(fresh, "members", "rotateKey", 2, old.address);
    });

    it("does not speak for a suspended member", async () => {
      const agreement = await proposed();
      const { validUntil, signed } = await signature(agreement);
      const governor = ledger.account(0);
      await ledger.send(governor, "members", "suspend", birch.id);
      const call = [agreement, birch.id, validUntil, signed] as const;
      assert.equal(
        await ledger.refusal(carrier(), "agreements", "signBySignature", ...call),
        "MemberIsSuspended",
      );
      await ledger.send(governor, "members", "reinstate", birch.id);
    });
  });

  describe("a notice", () => {
    it("ends new books and tariffs after thirty days, and nothing that stands", async () => {
      const agreement = await agree(ledger, interconnect(), [alder, birch]);
      const book = await openBook(ledger, alder, agreement, BOOK.charges);
      const refusedTo = (by: Party) =>
        ledger.refusal(by.govern, "agreements", "announceTermination", agreement);
      assert.equal(await refusedTo(arbiter), "NotAParty");
      assert.equal(
        await ledger.refusal(birch.settle, "agreements", "announceTermination", agreement),
        "DutyMissing",
      );
      await ledger.send(birch.govern, "agreements", "announceTermination", agreement);
      assert.equal(await refusedTo(alder), "TerminationAnnouncedAlready");
      await ledger.pass(29 * DAY);
      await openBook(ledger, alder, agreement, BOOK.charges, 2);
      await ledger.pass(2 * DAY);
      assert.equal(await ledger.read("agreements", "isInForce", agreement), false);
      assert.equal(
        await ledger.refusal(alder.commit, "books", "openBook", agreement, BOOK.charges, 3, 1),
        "AgreementNotInForce",
      );
      const tariff = [agreement, 1, id("tariff"), (await now()) + 60n] as const;
      assert.equal(
        await ledger.refusal(alder.govern, "tariffs", "publish", ...tariff),
        "AgreementNotInForce",
      );
      await ledger.send(alder.commit, "books", "commit", book, 1, id("late records"));
    });

    it("is of an agreement that is in force", async () => {
      const agreement = await proposed();
      assert.equal(
        await ledger.refusal(alder.govern, "agreements", "announceTermination", agreement),
        "AgreementNotInForce",
      );
    });
  });

  describe("a book", () => {
    it("is not opened without the bond that the agreement asks", async () => {
      const agreement = await agree(ledger, interconnect(), [alder, birch]);
      const open = () =>
        ledger.refusal(alder.commit, "books", "openBook", agreement, BOOK.charges, 1, 1);
      assert.equal(await open(), "BondTooSmall");
      await bondFor(ledger, alder, agreement);
      await openBook(ledger, alder, agreement, BOOK.charges);
    });

    it("asks the bonds that were named once and for all", async () => {
      const governor = ledger.account(0);
      const { bonds } = ledger.addresses;
      assert.equal(await ledger.refusal(governor, "books", "askBonds", bonds), "BondsSetAlready");
      assert.equal(
        await ledger.refusal(alder.govern, "books", "askBonds", bonds),
        "AccessManagedUnauthorized",
      );
    });
  });

  describe("retail", () => {
    const least = [DAY, DAY / 2, 0, 0, DAY, 0, 0, 0];
    const most = [0, 0, 31 * DAY, 8 * DAY, 0, 2 * DAY, 3 * DAY, 30 * DAY];
    const leastStakes = [5_000_000n, 2_000_000n, 1_000_000n, 400_000_000n, 1_000n];

    before(async () => {
      const bounds = [least, most, leastStakes, arbiter.id] as const;
      assert.equal(
        await ledger.refusal(alder.govern, "agreements", "setRetailBounds", bounds),
        "AccessManagedUnauthorized",
      );
      await ledger.send(ledger.account(0), "agreements", "setRetailBounds", bounds);
    });

    it("keeps to the bounds that the governor set", async () => {
      const fitting = retailTerms(ledger, alder, arbiter);
      fitting.windows[4] = DAY;
      fitting.stakes[4] = 1_000n;
      const refused = (change: (terms: TermsDraft) => void) => {
        const terms = structuredClone(fitting);
        change(terms);
        return ledger.refusal(alder.govern, "agreements", "propose", terms);
      };
      for (const [window, seconds] of [
        [0, DAY - 1],
        [1, DAY / 2 - 1],
        [2, 31 * DAY + 1],
        [3, 8 * DAY + 1],
        [4, DAY - 1],
        [5, 2 * DAY + 1],
        [6, 3 * DAY + 1],
        [7, 30 * DAY + 1],
      ] as const) {
        const shown = await refused((terms) => {
          terms.windows[window] = seconds;
        });
        assert.equal(shown, "OutsideRetailBounds", `window ${window}`);
      }
      for (const stake of [0, 1, 2, 3, 4] as const) {
        const shown = await refused((terms) => {
          terms.stakes[stake] = (leastStakes[stake] as bigint) - 1n;
        });
        assert.equal(shown, "OutsideRetailBounds", `stake ${stake}`);
      }
      const byOther = await refused((terms) => {
        terms.arbiter = other.id;
      });
      assert.equal(byOther, "ArbiterUnusable");
      await agree(ledger, fitting, [alder]);
    });

    it("alone: two operators agree on what they like", async () => {
      const terms = interconnect();
      terms.arbiter = other.id;
      terms.windows[2] = 90 * DAY;
      await agree(ledger, terms, [alder, birch]);
    });
  });
});
