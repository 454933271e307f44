import { strict as assert } from "node:assert";
import { id } from "ethers";
import { toHex } from "../../node/core/bytes.ts";
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
  entryOf,
  evidenceHashOf,
  leavesOf,
  pathOf,
  type TestBatch,
  TestBook,
} from "./support/records.ts";
import { giveStanding } from "./support/standing.ts";

const FEE = 300_000n;
const MISPRICED = 1;

describe("The fee for a conceded claim", () => {
  let ledger: TestLedger;
  let operator: Party;
  let agreement: string;
  let batch: TestBatch;
  let time: bigint;

  before(async () => {
    ledger = await TestLedger.start();
    operator = await admit(ledger, "Alder Mobile", ROLE.operator, 1);
    const arbiter = await admit(ledger, "Arbiter", ROLE.arbiter, 4);
    const terms = retailTerms(ledger, operator, arbiter);
    terms.stakes[4] = FEE;
    agreement = await agree(ledger, terms, [operator]);
    const book = new TestBook(await openBook(ledger, operator, agreement, BOOK.charges));
    batch = book.next(
      ["a", "b", "c", "d"].map((name) => entryOf(chargeOf(), 1_000_000_000n, name)),
    );
    const call = [batch.book, batch.sequence, batch.commitment] as const;
    time = (await ledger.send(operator.commit, "books", "commit", ...call)).blockTime;
  });

  async function claim(index: number, kind = MISPRICED): Promise<string> {
    const finder = ledger.account(10);
    const hash = evidenceHashOf(batch, index, finder.address);
    const call = [kind, batch.book, 1, index, 1_000n, hash] as const;
    const claimed = (await ledger.preview(finder, "claims", "claim", ...call)) as string;
    await ledger.send(finder, "claims", "claim", ...call);
    return claimed;
  }

  const shown = (claimed: string, index: number) =>
    [claimed, toHex(leavesOf(batch)[index] as Uint8Array), pathOf(batch, index, time)] as const;
  const refused = (...call: unknown[]) =>
    ledger.refusal(ledger.account(12), "concessionFees", "collect", ...call);
  const bountyOf = (address: string) =>
    ledger.read("bonds", "bountyOf", ledger.addresses.demoToken, address);
  const bond = () => ledger.read("bonds", "bondOf", agreement, operator.id);

  it("is for the finder, whoever shows the leaf, out of the operator's bond", async () => {
    const claimed = await claim(0);
    assert.equal(await refused(...shown(claimed, 0)), "ClaimNotConceded");
    await ledger.send(operator.commit, "claims", "concede", claimed);
    const before = await bond();
    await ledger.send(ledger.account(12), "concessionFees", "collect", ...shown(claimed, 0));
    assert.equal(await bountyOf(ledger.account(10).address), FEE);
    assert.equal(await bountyOf(ledger.account(12).address), 0n);
    assert.equal(await bond(), before - FEE);
    assert.equal(await refused(...shown(claimed, 0)), "FeePaidAlready");
  });

  it("is nobody's who has no leaf of that place to show", async () => {
    const claimed = await claim(1);
    await ledger.send(operator.commit, "claims", "concede", claimed);
    const [, , path] = shown(claimed, 1);
    assert.equal(await refused(claimed, id("no leaf"), path), "SealMismatch");
    assert.equal(await refused(...shown(claimed, 0)), "SealMismatch", "another leaf");
  });

  it("is owed for silence too, to whoever is believed by silence", async () => {
    await giveStanding(ledger, operator, batch.book, ledger.account(10).address);
    const claimed = await claim(2);
    await ledger.pass(DAY + 60);
    await ledger.send(ledger.account(12), "claims", "concludeSilence", claimed);
    assert.equal((await ledger.read("claims", "claimOf", claimed)).conceded, true);
    await ledger.send(ledger.account(12), "concessionFees", "collect", ...shown(claimed, 2));
    assert.equal(await bountyOf(ledger.account(10).address), 2n * FEE);
  });

  it("is not owed for what was contested", async () => {
    const claimed = await claim(3);
    await ledger.send(operator.commit, "claims", "contest", claimed);
    assert.equal(await refused(...shown(claimed, 3)), "ClaimNotConceded");
  });

  it("is taken by nobody but the contract of fees", async () => {
    const call = [agreement, operator.id, ledger.account(10).address] as const;
    for (const by of [operator.settle, ledger.account(10)]) {
      assert.equal(
        await ledger.refusal(by, "bonds", "payConcession", ...call),
        "AccessManagedUnauthorized",
      );
    }
  });
});
